"""The HTML report: the means, every image's numbers, and the worst cases side by side."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from html import escape

from streammat.evaluation.matting import MattingMetrics
from streammat.evaluation.run import Score, Scored
from streammat.evaluation.thumbnails import Thumbnails, thumbnails

__all__ = ["COLUMNS", "WorstCases", "page", "shown_number"]

COLUMNS = ("sad", "mad", "mse", "grad", "conn", "sad_tran", "mad_edge")
WORST = 12

_STYLE = """
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem;
       background: Canvas; color: CanvasText; color-scheme: light dark }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .25rem .75rem }
th { text-align: left } td { text-align: right; font-variant-numeric: tabular-nums }
td:first-child { text-align: left } tr:nth-child(even) { background: #8882 }
figure { display: grid; grid-template-columns: repeat(4, 1fr); gap: .5rem; margin: 1.5rem 0 }
figcaption { grid-column: 1 / -1 } img { width: 100%; background: #000 }
"""


class WorstCases:
    """Keeps the thumbnails of the examples with the largest SAD, so that memory stays small."""

    def __init__(self, count: int = WORST) -> None:
        self._count = count
        self._seen = 0  # breaks ties: scores themselves have no order
        self._heap: list[tuple[float, int, Score, Thumbnails]] = []

    def add(self, scored: Scored) -> None:
        """Consider one example."""
        score = scored.score
        full = len(self._heap) == self._count
        if full and score.metrics.sad <= self._heap[0][0]:
            return
        self._seen += 1
        entry = (score.metrics.sad, -self._seen, score, thumbnails(scored.pixels, scored.alpha))
        (heapq.heapreplace if full else heapq.heappush)(self._heap, entry)

    def worst_first(self) -> list[tuple[Score, Thumbnails]]:
        """Scores and thumbnails, the worst first."""
        return [(entry[2], entry[3]) for entry in sorted(self._heap, reverse=True)]


def page(
    facts: Mapping[str, object],
    scores: Sequence[Score],
    mean: MattingMetrics,
    worst: WorstCases,
) -> str:
    """One HTML file that needs nothing beside it.

    Args:
        facts: what was run (model, engine, strategy ...), for the head of the page.
        scores: of all images.
        mean: over them.
        worst: the cases to show.
    """
    head = ", ".join(f"{escape(name)} {escape(str(value))}" for name, value in facts.items())
    rows = [_row("mean", mean), *(_row(s.example.name, s.metrics) for s in scores)]
    titles = "".join(f"<th>{escape(name)}</th>" for name in ("image", *COLUMNS))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Matting evaluation</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Matting evaluation</h1><p>{head}; {len(scores)} images</p>\n"
        "<h2>Worst cases</h2><p>Image, alpha, true alpha, difference: red is too much alpha, "
        f"blue too little.</p>\n{''.join(_case(*case) for case in worst.worst_first())}"
        f"<h2>All images</h2><table><tr>{titles}</tr>\n{''.join(rows)}</table>\n</body></html>\n"
    )


def shown_number(value: float | None) -> str:
    """Four significant digits, - where there is no value."""
    return "-" if value is None else f"{value:.4g}"


def _row(name: str, metrics: MattingMetrics) -> str:
    values = metrics.to_json()
    cells = "".join(f"<td>{shown_number(values[column])}</td>" for column in COLUMNS)
    return f"<tr><td>{escape(name)}</td>{cells}</tr>\n"


def _case(score: Score, pictures: Thumbnails) -> str:
    values = score.metrics.to_json()
    words = ", ".join(f"{name} {shown_number(values[name])}" for name in COLUMNS)
    name = escape(score.example.name)
    images = "".join(
        f'<img src="{data}" alt="{part} of {name}">'
        for part, data in zip(pictures._fields, pictures, strict=True)
    )
    return f"<figure>{images}<figcaption><b>{name}</b> {words}</figcaption></figure>\n"
