"""python -m streammat.training.release --weights STATE --card streammat/weights/NAME.json

Exports trained weights beside their card and brings the card up to date: hash, size, parameters
and, with --quality, the measured figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from streammat.models import create_model
from streammat.models.checkpoints import load_state
from streammat.models.export import export_onnx


def release(weights: Path, card: Path, quality: dict[str, Any] | None = None) -> None:
    """Write NAME.onnx beside the card NAME.json and update the card; the card is written last."""
    facts: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    model = create_model(facts["name"])
    model.load_state_dict(load_state(weights))
    target = card.with_name(facts["file"])
    export_onnx(model, target)
    data = target.read_bytes()
    facts["sha256"] = hashlib.sha256(data).hexdigest()
    facts["bytes"] = len(data)
    facts["parameters"] = sum(p.numel() for p in model.parameters())
    if quality is not None:
        facts["quality"] = quality
    partial = card.with_suffix(".partial")
    partial.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(card)


def main() -> None:
    """Command line of `release`."""
    parser = argparse.ArgumentParser(prog="python -m streammat.training.release")
    parser.add_argument("--weights", type=Path, required=True, help="state dictionary (EMA)")
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--quality", type=Path, help="JSON object to store as the card's quality")
    args = parser.parse_args()
    quality = json.loads(args.quality.read_text()) if args.quality else None
    release(args.weights, args.card, quality)


if __name__ == "__main__":
    main()
