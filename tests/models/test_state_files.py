"""Weight files: forms that are taken, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from streammat.errors import CheckpointError, ResourceError, StreammatError  # noqa: E402
from streammat.models import GfmConfig, create_model, load_checkpoint  # noqa: E402
from streammat.models.state_files import read_state  # noqa: E402

TENSOR = torch.ones(2)
SMALL = "gfm_r34_tt_div16"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state},
        lambda state: {"model": {"state_dict": state}},
        lambda state: {"state_dict": {"model": state}},
    ],
)
def test_wrapping_dictionaries_are_taken_off_in_any_order(
    tmp_path: Path, wrap: Callable[[Any], Any]
) -> None:
    torch.save(wrap({"module.a": TENSOR}), tmp_path / "w.pth")
    assert list(read_state(tmp_path / "w.pth")) == ["a"]


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    torch.save({"a": TENSOR, "module.a": TENSOR + 1}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"holds both 'a' and 'module.a'"):
        read_state(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (MemoryError(), ResourceError, "not enough memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:121] ..."), ResourceError, "not enough"),
        (PermissionError(13, "Permission denied"), CheckpointError, "cannot be read: Permission"),
        (RuntimeError("PytorchStreamReader failed"), CheckpointError, "damaged or no weight file"),
    ],
)
def test_what_the_system_refused_is_no_damage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[StreammatError],
    told: str,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    (tmp_path / "w.pth").write_bytes(b"x")
    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(kind, match=told):
        read_state(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda t: t.to(torch.int8), "int8"),
        (lambda t: t.to(torch.complex64), "complex64"),
        (lambda t: t.to_sparse(), "sparse_coo"),
    ],
)
def test_tensors_that_the_network_cannot_take_are_named(
    tmp_path: Path, changed: Callable[[Any], Any], told: str
) -> None:
    state = create_model(GfmConfig.from_name(SMALL)).state_dict()
    key = next(key for key, value in state.items() if value.is_floating_point())
    state[key] = changed(state[key])
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=rf"{key} is .*{told}.*float32 or float16"):
        load_checkpoint(tmp_path / "w.pth")
