"""Colour tags: what is said is honoured, what is not said is assumed by one rule."""

from __future__ import annotations

import pytest

from streammat.media.colour_tags import resolve, tags_of
from streammat.types import ColourTags
from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout, Siting, Transfer

YUV = PixelLayout()


@pytest.mark.parametrize(("height", "matrix"), [(720, Matrix.BT709), (719, Matrix.BT601)])
def test_untagged_colour_depends_on_the_lines(height: int, matrix: Matrix) -> None:
    colour, tags = resolve(ColourTags(), YUV, height)
    assert colour.matrix is matrix
    assert not colour.full_range
    assert matrix.value.removeprefix("bt") in tags.assumed
    assert "limited" in tags.assumed


def test_stated_tags_are_honoured_and_nothing_is_said() -> None:
    stated = ColourTags(primaries=9, transfer=16, matrix=9, full_range=True)
    colour, tags = resolve(stated, YUV, 480)
    assert colour == Colour(Matrix.BT2020, True, Siting.TOPLEFT, Transfer.PQ)
    assert tags == stated


def test_gaps_are_filled_to_match_the_matrix() -> None:
    _, tags = resolve(ColourTags(matrix=1, full_range=False), YUV, 480)
    assert (tags.primaries, tags.transfer, tags.matrix) == (1, 1, 1)
    assert tags.assumed == ""


def test_full_range_by_pixel_format_is_no_assumption() -> None:
    colour, tags = resolve(ColourTags(matrix=1), YUV, 480, jpeg_range=True)
    assert colour.full_range
    assert tags.assumed == ""


def test_rgb_is_full_range_and_srgb() -> None:
    colour, tags = resolve(ColourTags(), PixelLayout(Family.RGB, 1, 1, 8), 64)
    assert colour.full_range
    assert colour.transfer is Transfer.SRGB
    assert tags.assumed == ""


def test_written_tags_keep_the_sources_primaries_and_variant() -> None:
    colour, tags = resolve(ColourTags(matrix=5, primaries=5, transfer=6), YUV, 576)
    assert (tags_of(colour, tags).primaries, tags_of(colour, tags).matrix) == (5, 5)


def test_jpeg_chroma_is_centred() -> None:
    assert resolve(ColourTags(), YUV, 64, codec="mjpeg")[0].siting is Siting.CENTER
