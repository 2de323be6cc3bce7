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

from streammat.errors import CheckpointError, StreammatError
from streammat.media.atomic import publish, temporary_beside
from streammat.models import create_model
from streammat.models.export import export_onnx
from streammat.models.state_files import read_state


def release(weights: Path, card: Path, quality: dict[str, Any] | None = None) -> None:
    """Write NAME.onnx beside the card NAME.json and update the card; the card is written last.

    Raises:
        StreammatError: the weights are damaged or fit another network.
        OSError, ValueError, KeyError: a file that is missing, or a card that is none.
    """
    facts: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    model = create_model(facts["name"])
    try:
        model.load_state_dict(read_state(weights))
    except RuntimeError as error:
        raise CheckpointError(f"{weights} holds no weights of {facts['name']}") from error
    target = card.with_name(facts["file"])
    temporary = temporary_beside(target)
    try:
        export_onnx(model, temporary)
        data = temporary.read_bytes()
        publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    facts["sha256"] = hashlib.sha256(data).hexdigest()
    facts["bytes"] = len(data)
    facts["parameters"] = sum(p.numel() for p in model.parameters())
    if quality is not None:
        facts["quality"] = quality
    temporary = temporary_beside(card)
    temporary.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    publish(temporary, card)


def main() -> None:
    """Command line of `release`."""
    parser = argparse.ArgumentParser(prog="python -m streammat.training.release")
    parser.add_argument("--weights", type=Path, required=True, help="state dictionary (EMA)")
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--quality", type=Path, help="JSON object to store as the card's quality")
    args = parser.parse_args()
    try:
        quality = json.loads(args.quality.read_text()) if args.quality else None
        release(args.weights, args.card, quality)
    except KeyError as error:
        parser.error(f"{args.card} is no model's card: it lacks {error}")
    except (StreammatError, OSError, ValueError) as error:
        parser.error(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
