"""Bringing a card up to date; the export itself is tested with the models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from streammat.models import create_model  # noqa: E402
from streammat.training import release  # noqa: E402

CARD = {"name": "gfm_lite0_tt", "file": "net.onnx", "sha256": "", "licence": "kept"}


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def export(model: object, path: Path) -> None:
        del model
        path.write_bytes(b"graph")

    monkeypatch.setattr(release, "export_onnx", export)
    path = tmp_path / "net.json"
    path.write_text(json.dumps(CARD))
    return path


def call(monkeypatch: pytest.MonkeyPatch, weights: Path, card: Path) -> None:
    monkeypatch.setattr("sys.argv", ["release", "--weights", str(weights), "--card", str(card)])
    release.main()


def test_graph_and_card_belong_together(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = card.with_name("weights.pt")
    torch.save(create_model("gfm_lite0_tt").state_dict(), weights)
    call(monkeypatch, weights, card)
    facts = json.loads(card.read_text())
    assert (facts["bytes"], facts["licence"]) == (5, "kept")
    assert sorted(p.name for p in card.parent.iterdir()) == ["net.json", "net.onnx", "weights.pt"]


def test_what_is_wrong_is_one_line_and_changes_nothing(
    card: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = card.with_name("other.pt")
    torch.save({"a": torch.zeros(1)}, other)
    no_card = card.with_name("no_card.json")
    no_card.write_text("{}")
    before = card.read_bytes()
    for weights, target, words in (
        (card.with_name("missing.pt"), card, "missing.pt"),
        (other, card, "holds no weights of gfm_lite0_tt"),
        (other, no_card, "is no model's card: it lacks 'name'"),
        (other, card.with_name("missing.json"), "missing.json"),
    ):
        with pytest.raises(SystemExit) as stop:
            call(monkeypatch, weights, target)
        assert stop.value.code == 2
        assert words in capsys.readouterr().err.splitlines()[-1]
    assert card.read_bytes() == before
    assert not card.with_name("net.onnx").exists()
