"""Puts the network's view beside the plates of a source, or turns the plates themselves to SDR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streammat.types import Frame, StreamInfo
from streammat_kernels.layout import Family, Transfer
from streammat_kernels.lut import Lut

from .closing import Closing
from .input_colour.primaries import from_code_point
from .input_colour.views import check_input_colour, view_of
from .notices import Notify
from .read_options import ReadOptions
from .reader import Reader
from .to_sdr import SdrReader

__all__ = ["ViewedReader", "graded"]

_BY_TRANSFER = {Transfer.PQ: "pq", Transfer.HLG: "hlg", Transfer.LINEAR: "linear"}
_DIFFUSE_WHITE = 203.0  # cd/m2 (ITU-R BT.2408)


def graded(reader: Reader, options: ReadOptions, notify: Notify) -> Reader:
    """The reader itself for SDR sources; else one whose frames carry a view, or are SDR.

    Raises:
        ConfigError: an unknown ``--input-colour`` or a damaged ``.cube`` file.
    """
    name = options.input_colour
    if name is not None:
        check_input_colour(name)
    if name is None:
        name = reader.info.input_colour or _BY_TRANSFER.get(reader.info.colour.transfer, "")
    if not name:
        if options.to_sdr:
            notify(f"{reader.info.path}: SDR already; --to-sdr changes nothing")
        return reader
    video = reader.info.layout.family not in {Family.RGB, Family.GRAY}
    shown = Transfer.SDR if options.to_sdr and video else Transfer.SRGB
    table = source_view(reader.info, name, shown)
    if table is None:
        return reader
    if options.to_sdr:
        return SdrReader(reader, table)
    return ViewedReader(reader, name, table)


def source_view(info: StreamInfo, name: str, shown: Transfer) -> Lut | None:
    """The view of a source whose values are of the curve ``name``."""
    primaries = info.chromaticities or from_code_point(info.tags.primaries)
    peak = None
    if name == "pq" and info.hdr is not None:
        stated = info.hdr.max_cll or (info.hdr.luminance or (0.0, 0.0))[1]
        peak = stated / _DIFFUSE_WHITE if stated > _DIFFUSE_WHITE else None
    elif name == "pq":
        peak = 1000.0 / _DIFFUSE_WHITE  # what most PQ content is mastered to
    full = info.colour.full_range
    return view_of(name, full_range=full, primaries=primaries, peak=peak, shown=shown)


class ViewedReader(Closing):
    """A reader whose frames carry a table for the network's view; the plates are untouched.

    Args:
        reader: closed with this one.
        name: of the curve, for the report.
        view: the table.
    """

    def __init__(self, reader: Reader, name: str, view: Lut) -> None:
        self._reader = reader
        self._view = view
        self.info = replace(reader.info, input_colour=name)

    @property
    def lost_frames(self) -> int:
        """Of the reader below."""
        return self._reader.lost_frames

    @property
    def lost_places(self) -> tuple[str, ...]:
        """Of the reader below."""
        return self._reader.lost_places

    def __iter__(self) -> Iterator[Frame]:
        """Yield the reader's frames with the view beside them."""
        for frame in self._reader:
            yield replace(frame, view=self._view)

    def _release(self) -> None:
        self._reader.close()
