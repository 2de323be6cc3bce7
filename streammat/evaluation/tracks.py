"""Published data sets by name: where their images, alphas and trimaps lie."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from streammat.errors import InputError

__all__ = ["Track", "track_folders", "tracks"]


@dataclass(frozen=True, slots=True)
class Track:
    """One test set.

    Attributes:
        name: as of ``--track``.
        about: one line.
        images, alphas, trimaps: folders below the data set's, in the order of trying.
    """

    name: str
    about: str
    images: tuple[str, ...]
    alphas: tuple[str, ...]
    trimaps: tuple[str, ...]


@cache
def tracks() -> dict[str, Track]:
    """All tracks by name."""
    table = tomllib.loads(
        files("streammat.evaluation").joinpath("tracks.toml").read_text(encoding="utf-8")
    )
    return {
        name: Track(
            name, row["about"], tuple(row["images"]), tuple(row["alphas"]), tuple(row["trimaps"])
        )
        for name, row in table.items()
    }


def track_folders(name: str, data: Path) -> tuple[Path, Path, Path | None]:
    """Folders of images, alphas and (where there are any) trimaps of a track below ``data``.

    Raises:
        InputError: an unknown track, or a folder that is not there.
    """
    track = tracks().get(name)
    if track is None:
        raise InputError(f"track {name!r} is unknown: use {', '.join(tracks())}")
    images = _first(data, track.images, name, "images")
    alphas = _first(data, track.alphas, name, "alphas")
    trimaps = next((data / place for place in track.trimaps if (data / place).is_dir()), None)
    return images, alphas, trimaps


def _first(data: Path, places: tuple[str, ...], name: str, what: str) -> Path:
    for place in places:
        if (data / place).is_dir():
            return data / place
    raise InputError(
        f"track {name}: no {what} at {data / places[0]}; give the folder above with --data"
    )
