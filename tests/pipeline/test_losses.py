"""The line about frames of the source that were lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streammat.pipeline.losses import lost_line


@pytest.mark.parametrize(
    ("lost", "places", "line"),
    [
        (0, (), ""),
        (1, (), "a.mp4: 1 frame lost or damaged"),
        (2, ("near 2.90 s",), "a.mp4: 2 frames lost or damaged: near 2.90 s"),
        (7, tuple("abcdefg"), "a.mp4: 7 frames lost or damaged: a, b, c, d, e and 2 more"),
    ],
)
def test_number_and_places_are_told(lost: int, places: tuple[str, ...], line: str) -> None:
    reader: Any = SimpleNamespace(lost_frames=lost, lost_places=places)
    assert lost_line("a.mp4", reader) == line
