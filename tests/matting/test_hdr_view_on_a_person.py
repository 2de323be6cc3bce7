"""A real picture as PQ: shown its view, the network finds what it finds in the SDR original."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streammat.device import choose_device
from streammat.matting import frame_matter
from streammat.media.input_colour.primaries import PRIMARIES, matrix
from streammat.media.input_colour.views import view_of
from streammat.media.reader import open_reader
from streammat.settings import MatteSettings
from streammat.types import Alpha, Frame
from streammat_kernels.colour import to_rgb
from streammat_kernels.colour.reference import encode
from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout, Transfer
from tests.tolerances import HDR_VIEW_SHARE

PQ = Colour(Matrix.BT2020, full_range=True, transfer=Transfer.PQ)
_WHITE = 203.0 / 10_000.0


def sdr_frame(clip: Path) -> Frame:
    with open_reader(clip, start=1, limit=1, notify=lambda line: None) as reader:
        frame = next(iter(reader))
        rgb = np.empty((3, frame.height, frame.width), np.uint16)
        to_rgb(frame.planes, frame.layout, frame.colour, rgb)
    return _frame(rgb, Colour(full_range=True))


def as_pq(frame: Frame) -> Frame:
    """The same colours as BT.2020 PQ, white at 203 cd/m2, 16 bits."""
    light = np.stack(frame.planes).astype(np.float64) / 65535.0
    wide = np.tensordot(matrix(PRIMARIES["bt709"], PRIMARIES["bt2020"]), light**2.4, 1)
    codes = encode(np.clip(wide, 0, 1) * _WHITE, Transfer.PQ) * 65535.0
    return _frame(np.rint(codes).astype(np.uint16), PQ)


def _frame(rgb: NDArray[np.uint16], colour: Colour) -> Frame:
    layout = PixelLayout(Family.RGB, 1, 1, 16)
    return Frame((rgb[0], rgb[1], rgb[2]), layout, colour, 0, Fraction(1, 25), 0, reset=True)


def test_a_pq_plate_is_matted_like_its_sdr_original(shared_data: Path) -> None:
    plate = sdr_frame(shared_data / "videos" / "volcomix" / "thoughtful.mp4")
    bare = as_pq(plate)
    view = view_of("pq", full_range=True, primaries=PRIMARIES["bt2020"], peak=1000 / 203)
    settings = MatteSettings(size="fast", threads=1)
    matter = frame_matter(settings, choose_device("cpu", 1))

    def alpha(frame: Frame) -> NDArray[np.float64]:
        out: Alpha = np.empty((frame.height, frame.width), np.uint16)
        matter.prepare(frame, 0)
        matter.submit(0)
        matter.wait(0)
        matter.alpha(frame, 0, out)
        return out / 65535.0

    wanted, unseen, seen = alpha(plate), alpha(bare), alpha(replace(bare, view=view))
    matter.close()
    with_view, without = np.abs(seen - wanted).mean(), np.abs(unseen - wanted).mean()
    assert with_view <= HDR_VIEW_SHARE * without
