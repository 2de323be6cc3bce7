"""A clip's mattes in order, pulled by the caller: the API's way through the pipeline's stages.

No threads of our own: while the caller works on one matte, the network computes the next frames.
Whoever writes files uses `matte_file` instead, which runs each stage on a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing

import numpy as np

from streammat.device import Device, choose_device
from streammat.matting import CloserMatter, frame_matter, seen_size, size_note
from streammat.matting.protocol import FrameMatter
from streammat.matting.smoothing import smoothing_strength
from streammat.media.read_options import read_options
from streammat.media.reader import Reader, open_source
from streammat.settings import MatteSettings
from streammat.types import Alpha, Matte, StreamInfo

from .losses import lost_line
from .opening import finesse_of
from .queue import Pool
from .refine import Finesse, RefineStage
from .region import check_region, look_closer
from .stages import InferStage, PrepareStage, works
from .work import Work

__all__ = ["clip_mattes", "pull"]


def clip_mattes(
    path: str,
    info: StreamInfo,
    settings: MatteSettings,
    notify: Callable[[str], None],
    count_lost: Callable[[int], None] = lambda _: None,
) -> Generator[Matte, None, None]:
    """The mattes of the clip at ``path``, by the strategy named (see `with_strategy`); settings are
    checked now, garbage and holdout files included, the clip is opened at ``next``.

    Args:
        path: of the clip.
        info: of the whole clip.
        settings: of the run.
        notify: gets a line for whatever has to be said.
        count_lost: gets the number of frames that could not be decoded, before each matte and at
            the end.

    Raises:
        ConfigError, DeviceUnavailable, MediaError: see `streammat.api.Clip.matte`.
    """
    check_region(path, settings)
    device = choose_device(settings.device, settings.threads)
    smoothing_strength(settings.smooth)
    read_options(settings)
    with ExitStack() as stack:
        finesse_of(settings, info, stack, _silent)
    matter = frame_matter(settings, device, say=notify)
    return _run(path, settings, device, matter, notify, count_lost)


def _silent(line: str) -> None:
    """What is to be said of the source is said by the reading that counts."""
    del line


def _run(
    path: str,
    settings: MatteSettings,
    device: Device,
    matter: FrameMatter,
    notify: Callable[[str], None],
    count_lost: Callable[[int], None],
) -> Generator[Matte, None, None]:
    with ExitStack() as stack:
        stack.enter_context(closing(matter))
        reader = stack.enter_context(open_source(path, settings, device.threads, notify))
        info = reader.info
        seen_height, seen_width = seen_size(settings.roi, info.height, info.width)
        if note := size_note(seen_width, seen_height, settings.size):
            notify(note)
        if isinstance(matter, CloserMatter) and settings.roi == "auto":
            look_closer(
                matter, path, lambda: open_source(path, settings, device.threads, _silent), notify
            )
        strength = smoothing_strength(settings.smooth, still=info.still)
        touch = finesse_of(settings, info, stack, notify)
        mattes = stack.enter_context(closing(pull(reader, matter, strength, touch)))
        for matte in mattes:
            count_lost(reader.lost_frames)
            yield matte
        count_lost(reader.lost_frames)
        if line := lost_line(path, reader):
            notify(line)


def pull(
    reader: Reader, matter: FrameMatter, strength: float = 0.0, touch: Finesse | None = None
) -> Generator[Matte, None, None]:
    """Mattes of the reader's frames in order, ``matter.requests`` frames under way."""
    slots, alphas = Pool(matter.slots), Pool[Alpha]([])
    prepare, infer = PrepareStage(matter, slots), InferStage(matter)
    refine = RefineStage(matter, slots, alphas, strength, touch)
    under_way: deque[Work] = deque()

    def finish() -> Matte:
        work = infer.process(under_way.popleft())
        alphas.give(np.empty((work.frame.height, work.frame.width), np.uint16))
        refine.process(work)
        assert work.alpha is not None
        return Matte(work.alpha, work.frame, work.cut)

    try:
        for work in works(reader):
            under_way.append(prepare.process(work))
            if len(under_way) > matter.requests:
                yield finish()
        while under_way:
            yield finish()
    finally:
        for work in under_way:
            infer.process(work)
