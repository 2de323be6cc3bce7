"""Stills and image sequences as a source of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from streammat.errors import MediaError
from streammat.types import Frame, StreamInfo, Timecode

from .closing import Closing
from .colour_tags import resolve
from .exr_attributes import telling_names
from .image_file import load_image
from .like_first import LikeFirst
from .notices import Notices, Notify
from .read_options import ReadOptions
from .select import Selection
from .sequence import Images, find_sequence, spans
from .still_image import StillImage
from .timecode import moved, parse_timecode

__all__ = ["DEFAULT_RATE", "SequenceReader"]

DEFAULT_RATE = Fraction(25)  # FFmpeg's own assumption for numbered images


class SequenceReader(Closing):
    """Images, one a frame; see :func:`streammat.media.reader.open_reader`.

    Frame n of the sequence has pts n, holes counted, in units of one frame.

    Attributes:
        info: facts of the sequence; ``frames`` counts held and black ones too.
    """

    def __init__(self, path: str, options: ReadOptions, notify: Notify) -> None:
        self._path = path
        self._options = options
        self._notices = Notices(notify)
        self._lost: list[str] = []
        images = find_sequence(path, steps=options.missing == "error")
        self._still = len(images.paths) == 1
        self._numbers_from, self._number_step = images.first_number, images.step
        self._say_numbers(images)
        holes = [hole + (images.first_number or 0) for hole in images.holes]
        paths = _held(images.paths) if options.missing == "hold" else list(images.paths)
        first = next(path for path in paths if path is not None)
        self._rate = self._frame_rate(first)
        self._all = len(paths)
        self._offset, self._paths = _select(paths, options.selection, self._rate, path)
        self._holes = tuple(
            hole for hole in holes if 0 <= hole - self._number(0) < len(self._paths)
        )
        if self._holes and options.missing == "error":
            raise MediaError(_holes_line(path, self._holes, len(self._paths)))
        if self._holes:
            self._say_holes()
        self._place, self._first = self._first_readable()
        if self._first.pictures > 1:
            self._notices.once(
                "animated",
                f"{self._paths[self._place]}: holds {self._first.pictures} pictures, the first is "
                "read; for all of them give a video or one file each",
            )
        self.info = self._describe()
        self._like_first = LikeFirst(self._first, self.info, self._notices)

    @property
    def lost_frames(self) -> int:
        """Images that could not be decoded so far."""
        return len(self._lost)

    @property
    def lost_places(self) -> tuple[str, ...]:
        """Their file names, in order; one that is held over a hole is named once."""
        return tuple(dict.fromkeys(self._lost))

    def __iter__(self) -> Iterator[Frame]:
        """Yield the images in natural order; one that cannot be read is counted and left out.

        Raises:
            MediaError: with ``strict``, at the first damaged image or one of another size.
        """
        shape = self._first.planes[0].shape
        for index, (place, image) in enumerate(self._readable()):
            resized = image.planes[0].shape != shape
            shape = image.planes[0].shape
            name = str(self._paths[place] or "")
            planes, scene = self._like_first(image, name, strict=self._options.strict)
            yield Frame(
                planes=planes,
                layout=self.info.layout,
                colour=self.info.colour,
                pts=self._offset + place,
                time_base=1 / self._rate,
                index=index,
                duration=1,
                reset=index == 0 or resized,
                scene=scene,
                attributes=_attributes(image),
            )

    def _number(self, place: int) -> int:
        """Number in the name of the image at a place of the selection."""
        return (self._numbers_from or 0) + self._number_step * (self._offset + place)

    def _say_numbers(self, images: Images) -> None:
        if images.step > 1:
            self._notices.once(
                "step",
                f"{self._path}: numbers rise by {images.step}: {len(images.paths)} frames in a "
                "row, which keep their numbers; --missing hold fills what is between them",
            )
        if images.renumbered:
            self._notices.once(
                "numbers",
                f"{self._path}: numbers far apart: {len(images.paths)} frames in a row, counted "
                f"from {images.first_number}",
            )

    def _frame_rate(self, first: Path) -> Fraction:
        """As the user says, else as the first image says, else 25 and a line."""
        if self._options.rate is not None or self._still:
            return self._options.rate or DEFAULT_RATE
        stated = _stated_rate(first)
        if stated is None:
            self._notices.once(
                "rate",
                f"{self._path}: images state no frame rate; {DEFAULT_RATE} frames a second assumed "
                "(--fps sets it)",
            )
        return stated or DEFAULT_RATE

    def _say_holes(self) -> None:
        count, many = len(self._holes), len(self._holes) > 1
        done = "repeats of the frame before" if self._options.missing == "hold" else "black"
        self._notices.once(
            "holes",
            f"{self._path}: {count} frame{'s' if many else ''} missing ({spans(self._holes)}): "
            f"{done} instead",
        )

    def _first_readable(self) -> tuple[int, StillImage]:
        """The first image of the selection that can be read; black frames before it need its size.

        Raises:
            MediaError: none can, or with ``strict`` the first cannot.
        """
        known = [(place, path) for place, path in enumerate(self._paths) if path is not None]
        if not known:
            raise MediaError(f"{self._path}: every frame within the selection is missing")
        for place, path in known:
            try:
                return place, load_image(path)
            except MediaError:
                if self._options.strict or place == known[-1][0]:
                    raise
                self._lost.append(path.name)
        raise AssertionError("the last one returned or raised")

    def _readable(self) -> Iterator[tuple[int, StillImage]]:
        previous: tuple[Path | None, StillImage] = (self._paths[self._place], self._first)
        for place, path in enumerate(self._paths):
            if path is None:
                yield place, _black(self._first)
            elif path == previous[0]:
                held = place > self._place  # over a hole: a picture again, but not its moment
                yield place, replace(previous[1], timecode="") if held else previous[1]
            elif place > self._place:
                try:
                    previous = path, load_image(path)
                except MediaError:
                    if self._options.strict:
                        raise
                    self._lost.append(path.name)
                    continue
                yield place, previous[1]

    def _describe(self) -> StreamInfo:
        image = self._first
        if image.layout.alpha and not self._options.keep_alpha:
            self._notices.once("alpha", f"{self._path}: its own alpha channel is not used")
        if image.assumed:
            self._notices.once("assumed", f"{self._path}: {image.assumed}")
        if image.left_out:
            names = ", ".join(image.left_out)
            self._notices.once("channels", f"{self._path}: left out of the source: {names}")
        layout = replace(image.layout, alpha=image.layout.alpha and self._options.keep_alpha)
        height, width = image.planes[0].shape
        colour, tags = resolve(image.tags, layout, height)
        if image.curve == "cineon" and self._options.input_colour is None:
            self._notices.once(
                "log",
                f"{self._path}: a log scan by its header; --input-colour cineon shows the network "
                "a normal picture",
            )
        number = None if self._numbers_from is None else self._number(0)
        return StreamInfo(
            path=self._path,
            width=width,
            height=height,
            rotation=0,
            sample_aspect=image.sample_aspect,
            rate=self._rate,
            time_base=1 / self._rate,
            frames=len(self._paths),
            duration_seconds=float(len(self._paths) / self._rate),
            layout=layout,
            colour=colour,
            tags=tags,
            codec=image.name.split(" ", maxsplit=1)[0],
            pixel_format=image.name,
            still=self._still,
            metadata=self._metadata(number),
            timecode=self._timecode(),
            first_pts=self._offset,
            chromaticities=image.chromaticities,
            first_number=number,
            number_step=self._number_step,
            numbers=self._numbers(),
            first_frame=self._offset,
            holes=self._holes,
            scene=image.scene is not None,
            input_colour="linear" if image.scene is not None else "",
            header_names=telling_names(image.attributes),
        )

    def _numbers(self) -> range | None:
        if self._numbers_from is None:
            return None
        first, step = self._numbers_from, self._number_step
        return range(first, first + step * self._all, step)

    def _metadata(self, number: int | None) -> dict[str, str]:
        """Named as a container's tags are."""
        reel = self._first.attributes.get("reelName")
        found = {} if number is None else {"first_number": str(number)}
        return found | ({"reel_name": reel} if isinstance(reel, str) and reel else {})

    def _timecode(self) -> Timecode | None:
        """Of the first delivered frame, counted back from the first readable image."""
        stated = parse_timecode(self._first.timecode, self._rate)
        return None if stated is None else moved(stated, -self._place)


def _holes_line(path: str, holes: Sequence[int], total: int) -> str:
    many = "frames are" if len(holes) > 1 else "frame is"
    return (
        f"{path}: {len(holes)} {many} missing of {total} ({spans(holes)}); "
        "add the files, or use --missing hold or --missing black"
    )


def _stated_rate(path: Path) -> Fraction | None:
    """Only EXR and DPX have a place for it; a damaged image says nothing."""
    if path.suffix.lower() not in {".exr", ".dpx"}:
        return None
    try:
        return load_image(path).rate
    except MediaError:
        return None


def _held(paths: tuple[Path | None, ...]) -> list[Path | None]:
    """Every hole takes the image before it; the first place is never a hole."""
    filled: list[Path | None] = []
    for path in paths:
        filled.append(path if path is not None else filled[-1])
    return filled


def _black(like: StillImage) -> StillImage:
    """The same form without light; its own alpha, where it has one, is 0 too. No camera saw it."""
    planes = tuple(np.zeros_like(plane) for plane in like.planes)
    scene = None if like.scene is None else tuple(np.zeros_like(plane) for plane in like.scene)
    return replace(like, planes=planes, scene=scene, timecode="", attributes={})


def _attributes(image: StillImage) -> dict[str, Any]:
    """Its header's, with its own time code as text."""
    return {**image.attributes, **({"timeCode": image.timecode} if image.timecode else {})}


def _select(
    paths: list[Path | None], wanted: Selection, rate: Fraction, source: str
) -> tuple[int, list[Path | None]]:
    """Number of places left out in front, and the wanted ones."""
    first = wanted.first_frame or 0
    if wanted.start_seconds:
        first = max(first, -int(-wanted.start_seconds * rate // 1))
    last = len(paths) if wanted.last_frame is None else wanted.last_frame + 1
    if wanted.end_seconds is not None:
        last = min(last, -int(-wanted.end_seconds * rate // 1))
    chosen = paths[first:last]
    if not chosen:
        raise MediaError(
            f"{source}: no frame within --start, --end or --frames; there are {len(paths)} images"
        )
    return first, chosen[: wanted.limit]
