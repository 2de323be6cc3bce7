"""Weight files: round trips, damage, code, other models."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from streammat.errors import CheckpointError, OutputError, ResourceError  # noqa: E402
from streammat.models import (  # noqa: E402
    GfmConfig,
    GfmNetwork,
    Rosta,
    config_of,
    create_model,
    load_checkpoint,
    save_checkpoint,
)
from tests.full_disk import files_of_at_most  # noqa: E402


def same(a: GfmNetwork, b: GfmNetwork) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return list(first) == list(second) and all(torch.equal(first[k], second[k]) for k in first)


def test_an_official_file_holds_every_key_and_twins_share_memory(
    narrow: GfmNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "x_tt.pth"
    save_checkpoint(narrow, path, official=True)
    state = torch.load(path, weights_only=True)
    narrow_state = narrow.state_dict()
    assert list(state) == list(narrow_state)
    assert state["resnet.conv1.weight"].data_ptr() == state["encoder0.0.weight"].data_ptr()
    create_model(config_of(narrow)).load_state_dict(state, strict=True)
    assert same(load_checkpoint(path), narrow)
    assert path.stat().st_size < 1.2 * sum(4 * p.numel() for p in narrow.parameters()) + 4e5
    assert [entry.name for entry in tmp_path.iterdir()] == ["x_tt.pth"]


def test_safetensors_both_ways(narrow: GfmNetwork, tmp_path: Path) -> None:
    save_checkpoint(narrow, tmp_path / "a.safetensors")
    loaded = load_checkpoint(tmp_path / "a.safetensors")
    assert same(loaded, narrow)
    save_checkpoint(loaded, tmp_path / "b_tt.pth")
    assert same(load_checkpoint(tmp_path / "b_tt.pth"), narrow)


def test_twins_and_unused_parts_may_be_absent(narrow: GfmNetwork, tmp_path: Path) -> None:
    path = tmp_path / "small_tt.pth"
    save_checkpoint(narrow, path, official=False)
    state = torch.load(path, weights_only=True)
    assert not any(key.startswith("resnet.") or "num_batches" in key for key in state)
    loaded = load_checkpoint(path)
    rgb = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        assert torch.equal(loaded(rgb).focus, narrow(rgb).focus)


@pytest.mark.parametrize("wrap", ["state_dict", "model", "module."])
def test_wrappings_of_training_programs_are_taken_off(
    narrow: GfmNetwork, tmp_path: Path, wrap: str
) -> None:
    state: dict[str, Any] = dict(narrow.state_dict())
    state = {f"module.{k}": v for k, v in state.items()} if wrap == "module." else {wrap: state}
    torch.save(state, tmp_path / "w.pth")
    assert same(load_checkpoint(tmp_path / "w.pth"), narrow)


@pytest.mark.parametrize("name", ["gfm_d121_rim_div16", "gfm_r34_2b_bt_div16", "gfm_r101_ft_div16"])
def test_the_network_is_told_from_keys_and_ft_from_bt_by_the_name(
    name: str, tmp_path: Path
) -> None:
    model = create_model(name)
    path = tmp_path / f"{name}.pth"
    save_checkpoint(model, path)
    assert config_of(load_checkpoint(path)).name == name


def test_ft_or_bt_without_a_hint_is_ft_and_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    save_checkpoint(create_model("gfm_r34_bt_div16"), path)
    with pytest.warns(UserWarning, match="taken as FT"):
        assert load_checkpoint(path).rosta is Rosta.FT
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_checkpoint(path, rosta="BT").rosta is Rosta.BT
    with pytest.raises(CheckpointError, match="asked for was TT"):
        load_checkpoint(path, rosta="TT")


def test_our_own_network_too(tmp_path: Path) -> None:
    model = create_model()
    save_checkpoint(model, tmp_path / "a.pth")
    assert same(load_checkpoint(tmp_path / "a.pth"), model)


class Malicious:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_with_code_is_not_run(tmp_path: Path, writer: str) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "ran"
    content = {"encoder0.0.weight": torch.zeros(1), "x": Malicious(trace)}
    if writer == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError, match="was not opened"):
        load_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.999])
def test_a_truncated_file_is_called_damaged(
    narrow: GfmNetwork, tmp_path: Path, suffix: str, kept: float
) -> None:
    path = tmp_path / f"cut{suffix}"
    save_checkpoint(narrow, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept >= 1 else kept * len(data))])
    with pytest.raises(CheckpointError, match="damaged") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_differences_are_counted_and_named_with_the_nearest_network(
    narrow: GfmNetwork, tmp_path: Path
) -> None:
    state = dict(narrow.state_dict())
    state["psp9.weight"] = state.pop("psp4.0.weight")
    state["psp3.0.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path / "odd.pth")
    for words in (
        "nearest is gfm_r34_tt_div16",
        "1 missing (psp4.0.weight)",
        "1 unexpected (psp9.weight)",
        "1 of the wrong shape (psp3.0.bias 3 for 8)",
    ):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_that_are_no_numbers_are_refused(narrow: GfmNetwork, tmp_path: Path) -> None:
    state = {key: value.clone() for key, value in narrow.state_dict().items()}
    state["decoder1_g.0.weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, tmp_path / "diverged_tt.pth")
    with pytest.raises(CheckpointError, match=r"decoder1_g\.0\.weight holds values that"):
        load_checkpoint(tmp_path / "diverged_tt.pth")


def test_many_differences_are_cut_short(tmp_path: Path) -> None:
    torch.save({f"layer{i}.weight": torch.zeros(2) for i in range(50)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"50 unexpected \(layer0.weight.*, \.\.\.\)") as e:
        load_checkpoint(tmp_path / "other.pth")
    assert len(str(e.value)) < 600


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {}, {"state_dict": {"a": "text"}}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "x.pth")


def test_a_missing_file_and_a_missing_folder(narrow: GfmNetwork, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.pth")
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(narrow, tmp_path / "none" / "x.pth")


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_a_full_disk_is_told_and_leaves_the_old_file(
    narrow: GfmNetwork, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(b"old")
    refused = pytest.raises(ResourceError, match=r"x\.\w+ cannot be written: ")
    with files_of_at_most(100_000), refused:
        save_checkpoint(narrow, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


def test_weight_files_have_the_rights_of_any_new_file(narrow: GfmNetwork, tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    for name in ("x.pth", "x.safetensors"):
        save_checkpoint(narrow, tmp_path / name)
        assert (tmp_path / name).stat().st_mode == (tmp_path / "any").stat().st_mode


def test_constructors_write_and_print_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    create_model(GfmConfig.from_name("gfm_d121_tt_div16"))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
