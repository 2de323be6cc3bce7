"""Outputs against the golden files, and the fusion inside RIM against the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from streammat.models import (  # noqa: E402
    GfmConfig,
    ReleasedGfm,
    RimGfm,
    RimOutput,
    Rosta,
    create_model,
    load_checkpoint,
)
from streammat.models.rim import HEADS, fuse_in_graph  # noqa: E402
from streammat_kernels.fusion import fuse  # noqa: E402
from streammat_kernels.merge import checked_weights, merge  # noqa: E402
from tests.tolerances import GOLDEN_FUSION_OUTLIERS, GOLDEN_OUTPUTS, MERGED_F32  # noqa: E402


@pytest.mark.parametrize("variant", ["r34_TT", "r34_FT", "d121_TT"])
def test_golden_outputs_from_a_file_with_the_rules_weights(
    reference: Any, variant: str, tmp_path: Any
) -> None:
    torch.set_num_threads(1)
    rule = reference.rule()
    path = tmp_path / f"gfm_{variant.lower()}.pth"
    torch.save(rule.state_dict(variant), path)
    model = load_checkpoint(path)
    assert isinstance(model, ReleasedGfm)
    assert model.config == GfmConfig.from_name(path.stem)
    assert not model.training
    golden = np.load(reference.folder / f"golden_{variant}.npz")
    for name, rgb in rule.inputs().items():
        with torch.no_grad():
            output = model(torch.from_numpy(rgb))
        glance, focus = output.glance[0].numpy(), output.focus[0].numpy()
        mode: Any = variant[-2:].lower()
        maps = {"glance": glance, "focus": focus, "fusion": fuse(glance, focus[0], mode)[None]}
        for output_name, got in maps.items():
            for cut, part in {"win": got[:, 96:160, 128:192], "s8": got[:, ::8, ::8]}.items():
                error = np.abs(part - golden[f"{name}_{output_name}_{cut}"])
                if output_name == "fusion":
                    assert np.mean(error > GOLDEN_OUTPUTS) < GOLDEN_FUSION_OUTLIERS
                else:
                    assert error.max() < GOLDEN_OUTPUTS, (name, output_name, cut)


@pytest.mark.parametrize("rosta", HEADS)
def test_fusion_in_the_graph_equals_the_kernel_ties_included(rosta: Rosta) -> None:
    rng = np.random.default_rng(5)
    # A few levels only, so that every kind of tie occurs.
    levels = rng.integers(0, 4, (rosta.glance_channels, 40, 50))
    glance = (levels / 4).astype(np.float32)
    focus = rng.uniform(0, 1, (40, 50)).astype(np.float32)
    got = fuse_in_graph(torch.from_numpy(glance)[None], torch.from_numpy(focus)[None, None], rosta)
    mode: Any = rosta.lower()
    np.testing.assert_array_equal(got[0, 0].numpy(), fuse(glance, focus, mode))


@pytest.mark.parametrize("name", ["gfm_d121_rim_div16", "gfm_r34_2b_rim_div16"])
def test_rim_names_its_outputs_and_merges_the_three_alphas(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name).eval()
    with torch.no_grad():
        output = model(torch.rand(2, 3, 64, 96) * 255)
        assert isinstance(output, RimOutput)
        for rosta, part in zip(HEADS, output[:3], strict=True):
            assert part.glance.shape == (2, rosta.glance_channels, 64, 96)
            assert part.focus.shape == (2, 1, 64, 96)
        fused = [fuse_in_graph(*p, r) for p, r in zip(output[:3], HEADS, strict=True)]
        want = model.get_submodule("rim")(torch.cat(fused, dim=1))
    torch.testing.assert_close(output.alpha, want)


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (1, 4, 64, 64), (3, 64, 64), (1, 3, 65, 64)])
def test_pictures_of_another_form_are_refused_in_words(narrow: Any, shape: Any) -> None:
    with pytest.raises(ValueError, match=r"rgb must be|multiples of 32"):
        narrow(torch.zeros(shape))


def test_gradients_reach_every_part_that_is_used() -> None:
    model = create_model("gfm_r34_tt_div16")
    output = model(torch.rand(2, 3, 64, 64) * 255)
    assert not isinstance(output, RimOutput)
    (output.glance.mean() + output.focus.mean()).backward()
    idle = {name.split(".")[1] for name, p in model.named_parameters() if p.grad is None}
    assert idle == {"fc"}


def test_the_merger_of_the_kernels_equals_rims_own() -> None:
    torch.manual_seed(1)
    model = create_model("gfm_d121_rim_div16").eval()
    assert isinstance(model, RimGfm)
    with torch.no_grad():
        model.get_parameter("rim.2.weight").mul_(8)  # so that the raw alpha leaves 0..1
        output = model(torch.rand(1, 3, 64, 96) * 255)
    modes: tuple[Any, ...] = ("tt", "ft", "bt")
    tt, ft, bt = (
        fuse(part.glance[0].numpy(), part.focus[0, 0].numpy(), mode)
        for part, mode in zip(output[:3], modes, strict=True)
    )
    merged = merge(tt, ft, bt, checked_weights(model.merger()))
    np.testing.assert_allclose(merged, output.alpha[0, 0].numpy(), atol=MERGED_F32)
