"""ImageNet weights as torchvision publishes them, in the encoders of the released networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")
pytest.importorskip("safetensors")

from torch.nn import functional  # noqa: E402

from streammat.errors import CheckpointError  # noqa: E402
from streammat.models import GfmConfig, create_model, load_checkpoint, save_checkpoint  # noqa: E402
from streammat.models.encoder_files import encoder_in  # noqa: E402
from streammat.models.encoder_weights import load_encoder  # noqa: E402
from streammat.models.recognise import empty_model  # noqa: E402
from streammat.models.state_files import write_safetensors  # noqa: E402
from tests.models.torchvision_files import (  # noqa: E402
    DENSENET121,
    RESNET34,
    RESNET101,
    densenet,
    drawn,
    resnet,
)

NARROW = 16
_LAYERS = {f"layer{k}.": f"encoder{k}." for k in (2, 3, 4)}
_USUAL = {"conv1.": "encoder0.0.", "bn1.": "encoder0.1.", "layer1.": "encoder1.1.", **_LAYERS}
_DENSE = {"features.conv0.": "encoder0.0.", "features.norm0.": "encoder0.1."}
_DENSE |= {f"features.denseblock{k}.": f"encoder{k}.0." for k in (1, 2, 3, 4)}
_DENSE |= {f"features.transition{k}.": f"encoder{k}.1." for k in (1, 2, 3)}
PLACES = {  # of the file's tensors in the stages, as the authors' code cuts them out
    "r34": _USUAL,
    "r101": _USUAL,
    "r34_2b": {"layer1.": "encoder1.", **_LAYERS},
    "d121": _DENSE,
}
NEW = {  # what the matting network adds to the encoder
    "r34": (),
    "r101": (),
    "r34_2b": ("encoder0.", "encoder5.", "encoder6."),
    "d121": ("encoder4.1.", "encoder4.2."),
}


def shapes_of(backbone: str, divisor: int = 1, *, dotted: bool = False) -> Any:
    if backbone == "d121":
        return densenet(DENSENET121, divisor=divisor, dotted=dotted)
    if backbone == "r101":
        return resnet(RESNET101, bottleneck=True, divisor=divisor)
    return resnet(RESNET34, divisor=divisor)


def model_and_file(backbone: str, tmp_path: Path) -> tuple[Any, Any, Path]:
    """A narrow network, a file's tensors under today's names, and the file."""
    state = drawn(shapes_of(backbone, NARROW))
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    return create_model(f"gfm_{backbone}_tt_div{NARROW}").eval(), state, path


@pytest.mark.parametrize(
    ("backbone", "parameters"),
    [("r34", 21_797_672), ("r34_2b", 21_797_672), ("r101", 44_549_160), ("d121", 7_978_856)],
)
def test_published_files_have_exactly_the_tensors_of_our_classification_networks(
    backbone: str, parameters: int
) -> None:
    shapes = shapes_of(backbone)
    learned = {key: shape for key, shape in shapes.items() if ".running_" not in key}
    assert sum(torch.Size(shape).numel() for shape in learned.values()) == parameters
    model = empty_model(GfmConfig.from_name(f"gfm_{backbone}_tt"))
    ours = model.get_submodule("densenet" if backbone == "d121" else "resnet").state_dict()
    ours = {key: tuple(value.shape) for key, value in ours.items() if "num_batches" not in key}
    assert ours == shapes


@pytest.mark.parametrize("backbone", list(PLACES))
@pytest.mark.parametrize("rosta", ["tt", "rim"])
def test_every_tensor_of_the_encoder_is_the_files(
    backbone: str, rosta: str, tmp_path: Path
) -> None:
    _, state, path = model_and_file(backbone, tmp_path)
    model = create_model(f"gfm_{backbone}_{rosta}_div{NARROW}")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    load_encoder(model, path)
    after = model.state_dict()
    from_file = set()
    for key, value in state.items():
        for theirs, ours in PLACES[backbone].items():
            if key.startswith(theirs):
                place = ours + key.removeprefix(theirs)
                assert torch.equal(after[place], value), place
                from_file.add(place)
    for key, value in after.items():
        if key in from_file or key.endswith("num_batches_tracked"):
            continue
        assert not key.startswith("encoder") or key.startswith(NEW[backbone]), key
        if not key.startswith(("resnet.", "densenet.")):
            assert torch.equal(value, before[key]), key


def norm(state: Any, name: str, x: Any) -> Any:
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return functional.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])


def basic_block(state: Any, name: str, x: Any, stride: int) -> Any:
    """He et al., figure 2, with batch norms."""
    y = functional.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
    y = torch.relu(norm(state, f"{name}.bn1", y))
    y = norm(state, f"{name}.bn2", functional.conv2d(y, state[f"{name}.conv2.weight"], padding=1))
    if f"{name}.downsample.0.weight" in state:
        x = functional.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride)
        x = norm(state, f"{name}.downsample.1", x)
    return torch.relu(x + y)


def test_features_of_a_resnet_are_those_of_the_published_network(tmp_path: Path) -> None:
    model, state, path = model_and_file("r34", tmp_path)
    load_encoder(model, path)
    rgb = torch.rand(1, 3, 64, 96) * 255
    x = functional.conv2d(rgb, state["conv1.weight"], stride=2, padding=3)
    wanted = [torch.relu(norm(state, "bn1", x))]
    x = functional.max_pool2d(wanted[0], 3, 2, 1)
    for number, depth in enumerate(RESNET34, 1):
        for index in range(depth):
            stride = 2 if number > 1 and index == 0 else 1
            x = basic_block(state, f"layer{number}.{index}", x, stride)
        wanted.append(x)
    with torch.no_grad():
        for ours, theirs in zip(model.encode(rgb), wanted, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_features_of_a_densenet_with_old_names_are_those_of_the_published_network(
    tmp_path: Path,
) -> None:
    state = drawn(shapes_of("d121", NARROW, dotted=True))
    torch.save(state, tmp_path / "old.pth")
    model: Any = create_model(f"gfm_d121_tt_div{NARROW}").eval()
    load_encoder(model, tmp_path / "old.pth")
    rgb = torch.rand(1, 3, 64, 96) * 255
    x = functional.conv2d(rgb, state["features.conv0.weight"], stride=2, padding=3)
    x = torch.relu(norm(state, "features.norm0", x))
    for index in range(1, DENSENET121[0] + 1):
        name = f"features.denseblock1.denselayer{index}"
        y = torch.relu(norm(state, f"{name}.norm.1", x))
        y = functional.conv2d(y, state[f"{name}.conv.1.weight"])
        y = torch.relu(norm(state, f"{name}.norm.2", y))
        x = torch.cat([x, functional.conv2d(y, state[f"{name}.conv.2.weight"], padding=1)], 1)
    x = torch.relu(norm(state, "features.transition1.norm", x))
    x = functional.conv2d(x, state["features.transition1.conv.weight"])
    with torch.no_grad():
        torch.testing.assert_close(model.encode(rgb)[1], functional.avg_pool2d(x, 2))


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors", "wrapped"])
def test_files_of_every_form_are_read(form: str, tmp_path: Path) -> None:
    model, state, _ = model_and_file("r34", tmp_path)
    state = drawn(shapes_of("r34", NARROW), counters=True)
    path = tmp_path / ("a.safetensors" if form == "safetensors" else "a.pth")
    if form == "safetensors":
        write_safetensors(state, path, {})
    else:
        whole = {"state_dict": state} if form == "wrapped" else state
        torch.save(whole, path, _use_new_zipfile_serialization=form != "legacy")
    load_encoder(model, path)
    assert torch.equal(
        model.state_dict()["encoder4.0.bn1.running_mean"], state["layer4.0.bn1.running_mean"]
    )
    assert model.state_dict()["encoder4.0.bn1.num_batches_tracked"] == 0


def test_a_file_without_its_classifier_is_taken(tmp_path: Path) -> None:
    model, state, path = model_and_file("r34", tmp_path)
    torch.save({key: value for key, value in state.items() if not key.startswith("fc.")}, path)
    load_encoder(model, path)
    assert torch.equal(model.state_dict()["encoder0.0.weight"], state["conv1.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer5.0.weight": (2,)}, r"1 unexpected \(layer5\.0\.weight\)"),
        ({"layer3.2.bn1.running_var": None}, r"1 missing \(layer3\.2\.bn1\.running_var\)"),
        (
            {"conv1.weight": (64, 3, 7, 7)},
            r"1 of the wrong shape \(conv1\.weight 64x3x7x7 for 4x3x",
        ),
        ({"bn1.bias": float("nan")}, r"bn1\.bias holds values that are no numbers"),
    ],
)
def test_a_tensor_that_lacks_or_has_no_place_is_named(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    model, state, path = model_and_file("r34", tmp_path)
    before = model.state_dict()["encoder1.1.0.conv1.weight"].clone()
    for key, value in change.items():
        if value is None:
            del state[key]
        else:
            like = torch.ones(value) if isinstance(value, tuple) else state[key] * value
            state[key] = like
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=message) as refused:
        load_encoder(model, path)
    assert "\n" not in str(refused.value)
    assert torch.equal(model.state_dict()["encoder1.1.0.conv1.weight"], before)


def test_old_and_new_names_of_one_tensor_are_not_both_taken(tmp_path: Path) -> None:
    state = drawn(shapes_of("d121", NARROW))
    name = "features.denseblock1.denselayer1."
    torch.save(state | {f"{name}norm.1.bias": torch.zeros(4)}, tmp_path / "both.pth")
    with pytest.raises(CheckpointError, match=r"1 unexpected \(.*denselayer1\.norm\.1\.bias\)"):
        load_encoder(create_model(f"gfm_d121_tt_div{NARROW}"), tmp_path / "both.pth")


@pytest.mark.parametrize(
    ("depths", "bottleneck", "name"),
    [
        ((2, 2, 2, 2), False, "ResNet-18"),
        (RESNET34, False, "ResNet-34"),
        ((3, 4, 6, 3), True, "ResNet-50"),
        (RESNET101, True, "ResNet-101"),
        ((3, 8, 36, 3), True, "ResNet-152"),
        ((1, 1, 1, 1), False, "another ResNet"),
        ((6, 12, 32, 32), None, "DenseNet-169"),
        (DENSENET121, None, "DenseNet-121"),
    ],
)
def test_files_are_told_apart(depths: Any, bottleneck: bool | None, name: str) -> None:
    if bottleneck is None:
        assert encoder_in(densenet(depths)) == encoder_in(densenet(depths, dotted=True)) == name
    else:
        assert encoder_in(resnet(depths, bottleneck=bottleneck)) == name


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("gfm_r34_tt", "r101", r"of ResNet-101, and gfm_r34_tt.* needs ResNet-34.*resnet34-b627a"),
        ("gfm_r101_tt", "r34", r"of ResNet-34, and gfm_r101_tt.* needs ResNet-101.*resnet101-63fe"),
        ("gfm_r34_2b_tt", "d121", r"of DenseNet-121, and gfm_r34_2b_tt.* needs ResNet-34"),
        ("gfm_d121_tt", "r34", r"of ResNet-34, and gfm_d121_tt.* needs DenseNet-121.*-a639ec97"),
        ("gfm_lite0_tt", "r34", r"of ResNet-34, and gfm_lite0_tt needs EfficientNet-Lite0"),
    ],
)
def test_another_networks_file_is_named_and_so_is_the_right_one(
    model: str, given: str, message: str, tmp_path: Path
) -> None:
    torch.save(drawn(shapes_of(given, NARROW)), tmp_path / "a.pth")
    name = model if "lite0" in model else f"{model}_div{NARROW}"
    with pytest.raises(CheckpointError, match=message) as refused:
        load_encoder(create_model(name), tmp_path / "a.pth")
    assert "\n" not in str(refused.value)


def test_all_weights_of_a_network_are_sent_to_start(tmp_path: Path) -> None:
    model = create_model(f"gfm_r34_tt_div{NARROW}")
    save_checkpoint(model, tmp_path / "gfm.pth")
    with pytest.raises(CheckpointError, match=r"all weights of gfm_r34_tt_div16.*with --start"):
        load_encoder(model, tmp_path / "gfm.pth")


def test_an_encoders_weights_alone_are_no_network_and_sent_to_encoder(tmp_path: Path) -> None:
    torch.save(drawn(shapes_of("r34", NARROW)), tmp_path / "resnet34.pth")
    with pytest.raises(CheckpointError, match=r"holds ResNet-34, .*train takes .* --encoder"):
        load_checkpoint(tmp_path / "resnet34.pth")
