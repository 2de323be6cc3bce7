from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from streammat.training.cache import Cache, write_cache  # noqa: E402
from streammat.training.contents import Contents, Mix, Named  # noqa: E402
from tests.training.tiny import disc  # noqa: E402

EMPTY_PAIR = np.zeros((64, 64, 7), np.uint8)


def contents(cache: Cache, cutouts: float, composites: float = 0.0) -> Contents:
    mix = Mix(0, cutouts, composites, 0.7, {})
    return Contents(cache, cache.of_kind("pair"), mix)


def test_colours_that_a_cut_out_hides_do_not_show_at_its_rim(tmp_path: Path) -> None:
    """A white disc on hidden black: its colour times its alpha is white times its alpha."""
    rgba = np.zeros((400, 400, 4), np.uint8)
    cv2.circle(rgba, (200, 200), 150, (255, 255, 255, 255), -1)
    write_cache([("cutout", "disc", "", rgba), ("pair", "p", "", EMPTY_PAIR)], tmp_path)
    content, name = contents(Cache(tmp_path), cutouts=1.0).draw(np.random.default_rng(1), 96, 96)
    assert name == "disc"
    rim = (content.alpha > 0.2) & (content.alpha < 0.8)
    inside = content.front[content.alpha == 1].max()  # white in the light that was drawn
    assert rim.any()
    found = content.front[rim] / content.alpha[rim, None]
    np.testing.assert_allclose(found, inside, rtol=1e-4)


@pytest.mark.parametrize("composites", [0.0, 0.25])
def test_without_cut_outs_their_share_becomes_photographs(
    composites: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb, alpha = disc(1)
    pixels = np.dstack([rgb, alpha, rgb])
    write_cache([("pair", "p", "", pixels)], tmp_path)
    kinds: list[str] = []
    for kind in ("photo", "composite"):
        drawn = getattr(Contents, f"_{kind}")

        def noted(*draw: Any, kind: str = kind, drawn: Callable[..., Named] = drawn) -> Named:
            kinds.append(kind)
            return drawn(*draw)

        monkeypatch.setattr(Contents, f"_{kind}", noted)
    source = contents(Cache(tmp_path), cutouts=0.5, composites=composites)
    for seed in range(40):
        source.draw(np.random.default_rng(seed), 32, 32)
    assert len(kinds) == 40
    count = kinds.count("composite")
    assert count < 20  # three quarters of 40 with the cut-outs' share
    assert bool(count) == bool(composites)
