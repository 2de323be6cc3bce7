from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from streammat.models import Gfm, Rosta, create_model, model_names  # noqa: E402
from streammat.models.decoders import DecoderWidths  # noqa: E402
from streammat.models.encoders import (  # noqa: E402
    LITE0_BLOCKS,
    LITE0_STEM,
    EfficientNetLite0,
    fold_lite0_state,
)


@pytest.fixture(scope="module")
def model() -> Gfm:
    torch.manual_seed(0)
    return create_model("gfm_lite0_tt").eval()


@pytest.mark.parametrize("size", [(288, 512), (96, 64), (32, 32)])
def test_outputs_have_names_the_input_size_and_the_range_of_a_sigmoid(
    model: Gfm, size: tuple[int, int]
) -> None:
    with torch.no_grad():
        output = model(torch.rand(2, 3, *size) * 255)
    assert output.glance.shape == (2, 3, *size)
    assert output.focus.shape == (2, 1, *size)
    for plane in output:
        assert 0 <= float(plane.min()) <= float(plane.max()) <= 1


def test_what_it_makes_for_itself_lies_where_the_picture_does() -> None:
    """The device "meta" refuses to meet the CPU's tensors as a GPU does."""
    with torch.device("meta"):
        away = create_model("gfm_lite0_tt").eval()
        output = away(torch.zeros(1, 3, 64, 96))
    assert output.glance.device.type == output.focus.device.type == "meta"
    assert output.glance.shape == (1, 3, 64, 96)


def test_three_to_four_million_parameters(model: Gfm) -> None:
    assert 3e6 <= sum(p.numel() for p in model.parameters()) <= 4e6


def test_ft_and_bt_have_two_glance_channels() -> None:
    for rosta in (Rosta.FT, Rosta.BT):
        model = Gfm(EfficientNetLite0(), DecoderWidths(), rosta).eval()
        with torch.no_grad():
            assert model(torch.zeros(1, 3, 32, 32)).glance.shape[1] == 2


def test_encoder_strides_and_channels() -> None:
    encoder = EfficientNetLite0()
    with torch.no_grad():
        features = encoder(torch.zeros(1, 3, 64, 96))
    for level, (feature, channels) in enumerate(zip(features, encoder.channels, strict=True)):
        stride = 2 ** (level + 1)
        assert feature.shape == (1, channels, 64 // stride, 96 // stride)


def test_the_encoder_names_its_parts_by_stage() -> None:
    encoder = EfficientNetLite0()
    stages = encoder.stages()
    assert [len(parts) for parts in stages] == [2, 2, 2, 6, 5]
    assert stages[0][0] is encoder.stem
    assert [part for parts in stages for part in parts][1:] == list(encoder.blocks)


def random_published_state() -> dict[str, Tensor]:
    """Tensors with the published names and shapes, and batch norms that are not the identity."""
    state: dict[str, Tensor] = {}

    def add(conv: str, norm: str, shape: tuple[int, ...]) -> None:
        state[f"{conv}.weight"] = torch.randn(shape) * 0.1
        for name in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{name}"] = torch.rand(shape[0]) + 0.5

    add("_conv_stem", "_bn0", (LITE0_STEM, 3, 3, 3))
    width, i = LITE0_STEM, 0
    for spec in LITE0_BLOCKS:
        for _ in range(spec.repeats):
            hidden, name = width * spec.expansion, f"_blocks.{i}"
            if spec.expansion > 1:
                add(f"{name}._expand_conv", f"{name}._bn0", (hidden, width, 1, 1))
            kernel = (hidden, 1, spec.kernel, spec.kernel)
            add(f"{name}._depthwise_conv", f"{name}._bn1", kernel)
            add(f"{name}._project_conv", f"{name}._bn2", (spec.out_channels, hidden, 1, 1))
            width, i = spec.out_channels, i + 1
    return state


def test_published_weights_fold_into_the_encoder() -> None:
    torch.manual_seed(1)
    state = random_published_state()
    encoder = EfficientNetLite0()
    encoder.load_state_dict(fold_lite0_state(state))
    rgb = torch.rand(1, 3, 32, 32) * 255
    norm = torch.nn.BatchNorm2d(LITE0_STEM, eps=1e-3).eval()
    norm.load_state_dict(
        {k: state[f"_bn0.{k}"] for k in ("weight", "bias", "running_mean", "running_var")}
        | {"num_batches_tracked": torch.tensor(0)}
    )
    with torch.no_grad():
        x = (rgb - 127) / 128
        expected = norm(torch.nn.functional.conv2d(x, state["_conv_stem.weight"], None, 2, 1))
        got = encoder.stem(x)
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)  # float32 folding


def test_unknown_names_are_refused() -> None:
    assert "gfm_lite0_tt" in model_names()
    with pytest.raises(ValueError, match="gfm_lite0_tt"):
        create_model("gfm_r9000")


def test_without_torch_the_error_names_the_extra() -> None:
    program = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "import streammat.models"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "pip install 'streammat[torch]'" in done.stderr
