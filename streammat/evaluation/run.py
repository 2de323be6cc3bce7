"""A model and a strategy over a folder of examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from streammat.errors import InputError, MediaError
from streammat.evaluation.files import Pixels, read_example
from streammat.evaluation.matting import Convention, MattingMetrics, matting_metrics
from streammat.evaluation.pairs import Example

__all__ = ["LeftOut", "Predict", "Score", "Scored", "mean_metrics", "score_examples"]

Predict = Callable[[NDArray[np.uint8]], NDArray[np.uint16]]
"""(H, W, 3) uint8 to alpha (H, W) uint16, 65535 = opaque."""


@dataclass(frozen=True, slots=True)
class Score:
    """One image's metrics.

    Attributes:
        example: what was scored.
        metrics: of its alpha.
        seconds: that the alpha took.
    """

    example: Example
    metrics: MattingMetrics
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A score with the pixels that it is of."""

    score: Score
    pixels: Pixels
    alpha: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An example without a score, and the line that says why."""

    example: Example
    reason: str


def score_examples(
    examples: Sequence[Example],
    predict: Predict,
    *,
    convention: Convention = "official",
    notify: Callable[[str], None],
    lost: list[LeftOut],
) -> Iterator[Scored]:
    """Score one example after the other; one that cannot be read or matted is a line.

    Args:
        examples: in this order.
        predict: the alpha of a picture.
        convention: of the metrics.
        notify: gets the lines.
        lost: gets what was left out.

    Raises:
        DependencyError, EngineError: nothing can be computed.
    """
    for example in examples:
        try:
            pixels = read_example(example)
            begun = time.perf_counter()
            alpha = predict(pixels.rgb)
        except InputError as error:
            # What no file is to blame for: a picture too small for the strategy.
            of_file = isinstance(error, MediaError)
            line = str(error) if of_file else f"{example.image}: {error}; left out"
            notify(line)
            lost.append(LeftOut(example, line))
            continue
        seconds = time.perf_counter() - begun
        metrics = matting_metrics(alpha, pixels.alpha, pixels.trimap, convention)
        yield Scored(Score(example, metrics, seconds), pixels, alpha)


def mean_metrics(scores: Sequence[Score]) -> MattingMetrics:
    """The plain mean over images of each metric; images without one do not count for it.

    Raises:
        InputError: no score.
    """
    if not scores:
        raise InputError("nothing was scored: no pair of an image and its alpha could be used")
    means: dict[str, float | None] = {}
    for field in fields(MattingMetrics):
        values = [s.metrics.to_json()[field.name] for s in scores]
        known = [value for value in values if value is not None]
        means[field.name] = sum(known) / len(known) if known else None
    return MattingMetrics(**means)  # type: ignore[arg-type]  # SAD ... Conn are never None
