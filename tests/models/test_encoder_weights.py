from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")

from streammat.errors import CheckpointError  # noqa: E402
from streammat.models import create_model  # noqa: E402
from streammat.models.encoder_weights import load_encoder  # noqa: E402
from streammat.models.encoders import LITE0_ENDS  # noqa: E402


def published(model: Any) -> dict[str, Any]:
    """The encoder's own weights under the published keys; its batch norms change nothing."""
    found: dict[str, Any] = {}

    def put(conv: str, norm: str, part: Any) -> None:
        found[f"{conv}.weight"] = part.weight.detach() + 1
        ones, zeros = torch.ones_like(part.bias), torch.zeros_like(part.bias)
        values = {"weight": ones, "bias": zeros, "running_mean": zeros, "running_var": ones - 1e-3}
        found.update({f"{norm}.{name}": value for name, value in values.items()})

    encoder = model.encoder
    put("_conv_stem", "_bn0", encoder.stem)
    for index in range(LITE0_ENDS[-1]):
        block, theirs = encoder.blocks[index], f"_blocks.{index}"
        if getattr(block, "expand", None) is not None:
            put(f"{theirs}._expand_conv", f"{theirs}._bn0", block.expand)
        put(f"{theirs}._depthwise_conv", f"{theirs}._bn1", block.depthwise)
        put(f"{theirs}._project_conv", f"{theirs}._bn2", block.project)
    return found


def test_published_weights_are_taken_with_their_batch_norms(tmp_path: Path) -> None:
    model = create_model("gfm_lite0_tt")
    before = model.encoder.stem.weight.detach().clone()
    state = published(model)
    torch.save({"state_dict": state}, tmp_path / "lite0.pth")
    load_encoder(model, tmp_path / "lite0.pth")
    assert torch.allclose(model.encoder.stem.weight, before + 1)


class _Code:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("ran"),))


def test_what_is_no_encoder_is_one_line_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = create_model("gfm_lite0_tt")
    Path("code.pth").write_bytes(pickle.dumps(_Code()))
    Path("cut.pth").write_bytes(b"PK\x03\x04 cut off")
    torch.save({"layer.weight": torch.ones(2)}, "other.pth")
    wrong = published(model) | {"_conv_stem.weight": torch.ones(5, 3, 3, 3)}
    torch.save(wrong, "sizes.pth")
    said = {
        "missing.pth": "does not exist",
        "code.pth": r"code, for example\) and was not opened",
        "cut.pth": "damaged",
        "other.pth": r"no '_conv_stem.weight'\): pass the published file",
        "sizes.pth": "do not fit",
    }
    for name, words in said.items():
        with pytest.raises(CheckpointError, match=words) as refused:
            load_encoder(model, Path(name))
        assert "\n" not in str(refused.value)
    assert not Path("ran").exists()
