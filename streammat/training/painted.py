"""A few painted frames of a film as training data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np

from streammat.datasets import Faults, Layout, Sample, find_samples
from streammat.datasets.reading import read_layers
from streammat.errors import InputError, MediaError
from streammat.training.cache import Bytes, Item, estimate_foreground, within, write_cache

HELD_OUT = "held/"  # what names of frames that are not trained on begin with
TRAINED = "painted/"
HELD_OUT_EVERY = 5
MAX_SIDE_PX = 960  # networks see about 512 x 288; closer crops have some reserve


def find_painted(frames: Path, alphas: Path, faults: Faults) -> list[Sample]:
    """The frames that have an alpha of the same name.

    Raises:
        InputError: a folder is missing, or no frame has an alpha.
    """
    for folder in (frames, alphas):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; check the path")
    layout = Layout(
        name=str(frames),
        about="painted frames",
        kind="photo",
        roots=(".",),
        pictures=(str(frames.resolve()),),
        alphas=(str(alphas.resolve()),),
    )
    return find_samples(layout, frames, faults)


def cache_painted(samples: Sequence[Sample], cache: Path, faults: Faults) -> int:
    """Decode painted frames into a cache.

    Every fifth that can be read is held out where there are five or more; else each is trained on
    and validated on.

    Returns:
        How many frames are trained on.

    Raises:
        InputError: no frame can be used, or one cannot be read at all.
        OSError: the disk is full.
    """
    trained = 0

    def items() -> Iterator[Item]:
        nonlocal trained
        read = ((sample, _pixels(sample, faults)) for sample in samples)
        readable = ((sample, pixels) for sample, pixels in read if pixels is not None)
        first = list(islice(readable, HELD_OUT_EVERY))
        many = len(first) == HELD_OUT_EVERY
        for number, (sample, pixels) in enumerate(chain(first, readable)):
            held = number % HELD_OUT_EVERY == HELD_OUT_EVERY // 2
            if held or not many:
                yield "pair", HELD_OUT + sample.name, "frames", pixels
            if not (held and many):
                trained += 1
                yield "pair", TRAINED + sample.name, "frames", pixels
        if not trained:
            raise InputError(f"no painted frame can be used: {faults.summary()}")

    write_cache(items(), cache, origin_of(samples), faults)
    return trained


def origin_of(samples: Sequence[Sample]) -> str:
    """SHA-256 of names and contents: a frame that was painted anew is another one.

    Files that cannot be read are told by their names; `cache_painted` leaves them out.
    """
    digest = hashlib.sha256()
    for path in (path for sample in samples for path in (sample.picture, sample.alpha)):
        digest.update(path.name.encode())
        try:
            digest.update(path.read_bytes())
        except OSError:
            digest.update(b" unreadable\n")
    return digest.hexdigest()


def _pixels(sample: Sample, faults: Faults) -> Bytes | None:
    """(H, W, 7) uint8 as the cache has it; None where a file is of no use."""
    try:
        layers = read_layers(sample)
    except MediaError as error:
        faults.unreadable(error)
        return None
    pixels = np.concatenate([layers.picture, layers.alpha[..., None]], axis=2)
    pixels = within(pixels, MAX_SIDE_PX)
    image, alpha = np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])
    return np.concatenate([pixels, estimate_foreground(image, alpha)], axis=2)
