"""Keys, shapes, twins and sizes of the released checkpoints; nothing is allocated."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from streammat.errors import ConfigError  # noqa: E402
from streammat.models import Backbone, GfmConfig, PspMatrices, Rosta, create_model  # noqa: E402
from streammat.models.recognise import empty_model, form_of  # noqa: E402

VARIANTS = ("d121_TT", "r34_TT", "r34_FT", "r34_BT", "r34_2b_TT", "r101_TT", "d121_RIM")


def config_named(variant: str) -> GfmConfig:
    return GfmConfig.from_name(f"gfm_{variant.lower()}")


@pytest.mark.parametrize("variant", VARIANTS)
def test_keys_shapes_types_and_twins_are_those_of_the_released_file(
    reference: Any, variant: str
) -> None:
    rows = reference.keys(variant)
    state = empty_model(config_named(variant)).state_dict(keep_vars=True)
    assert list(state) == [row["key"] for row in rows]
    for row in rows:
        value = state[row["key"]]
        assert list(value.shape) == row["shape"], row["key"]
        assert str(value.dtype) == f"torch.{row['dtype']}", row["key"]
        if twin := row.get("alias_of"):
            assert value is state[twin], row["key"]
    assert len(form_of(config_named(variant)).aliases) == sum("alias_of" in row for row in rows)


@pytest.mark.parametrize(
    ("name", "keys", "twins", "millions", "used"),
    [
        ("gfm_d121_tt", 1708, 720, 46.96, 45.93),
        ("gfm_r34_tt", 688, 216, 55.29, 54.77),
        ("gfm_r34_ft", 688, 216, 55.29, 54.77),
        ("gfm_r34_bt", 688, 216, 55.29, 54.77),
        ("gfm_r34_2b_tt", 831, 210, 125.88, 125.06),
        ("gfm_r101_tt", 1504, 624, 497.26, 495.21),
        ("gfm_d121_rim", 1778, 720, 47.41, 46.38),
    ],
)
def test_published_sizes(name: str, keys: int, twins: int, millions: float, used: float) -> None:
    form = form_of(GfmConfig.from_name(name))
    assert len(form.shapes) == keys
    assert len(form.aliases) == twins
    parameters = dict(empty_model(GfmConfig.from_name(name)).named_parameters())
    assert round(sum(p.numel() for p in parameters.values()) / 1e6, 2) == millions
    unused = {key for key, kept in form.aliases.items() if kept in form.unused} | form.unused
    needed = sum(p.numel() for key, p in parameters.items() if key not in unused)
    assert needed / 1e6 == pytest.approx(used, abs=0.011)


# psp1 (512 -> 64, 3x3 at stride 32), which the released RIM code computes for each of three heads.
_RIM_REPEATS = 2 * 512 * 64 * 9 * (256 // 32) * (320 // 32)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_work_of_a_pass_is_that_of_the_released_code(reference: Any, variant: str) -> None:
    model, total = empty_model(config_named(variant)).eval(), 0

    def count(module: Any, _: Any, output: Any) -> None:
        nonlocal total
        total += output.numel() * module.weight[0].numel()

    for part in model.modules():
        if isinstance(part, torch.nn.Conv2d | torch.nn.Linear):
            part.register_forward_hook(count)
    with torch.device("meta"), torch.no_grad():
        shapes = ((9, 8), (10, 9), (8, 9), (9, 10))
        model(torch.empty(1, 3, 256, 320), PspMatrices(*(torch.empty(s) for s in shapes)))
    published = reference.summary()[variant]["conv_linear_MACs_at_256x320"]
    assert total == published - (_RIM_REPEATS if variant == "d121_RIM" else 0)


def test_every_backbone_takes_every_representation_in_any_width() -> None:
    for backbone in Backbone:
        for rosta in Rosta:
            if (backbone, rosta) == (Backbone.LITE0, Rosta.RIM):
                continue
            config = GfmConfig(backbone, rosta)
            assert GfmConfig.from_name(config.name) == config
    assert GfmConfig.from_name("gfm_d121_ft_div4") == GfmConfig(Backbone.D121, Rosta.FT, 4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: create_model("gfm_r43_tt"),
        lambda: GfmConfig("vgg"),  # type: ignore[arg-type]
        lambda: GfmConfig(Backbone.R34, divisor=3),
        lambda: GfmConfig(Backbone.LITE0, Rosta.RIM),
        lambda: create_model("gfm_r34_tt_divx"),
    ],
)
def test_what_does_not_exist_is_refused(call: Any) -> None:
    with pytest.raises(ConfigError):
        call()


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'gfm_r34_tt'"):
        create_model("gfm_r34tt")
