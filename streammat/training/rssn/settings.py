"""What a recipe's ``[data]`` table may say about tracks and data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

from streammat.datasets import layouts
from streammat.datasets.layouts import layout_named
from streammat.errors import ConfigError
from streammat.training import schema
from streammat.training.rssn.decisions import DEFECTS, SAMPLE_BAGS

__all__ = ["TRACKS", "RssnSettings", "rssn_settings"]

Track = Literal["ori", "comp", "rssn"]
TRACKS = {
    "ori": "photographs as they are",
    "comp": "foregrounds over backgrounds",
    "rssn": "the same with blur, noise and denoising against what tells the two apart",
}


class RssnSettings(NamedTuple):
    """The checked table.

    Attributes:
        track: see `TRACKS`.
        sets: names of data sets with alphas.
        backgrounds: names of sets of backgrounds; empty for the ORI-Track.
        weights: how often a sample of each set is drawn, 1 where it is not given.
        denoise: noise is taken out of half of the samples.
        bags: backgrounds that each foreground meets in an epoch.
        keep_defects: see `decisions.DEFECTS`.
        video: share of samples that are made to look like frames of a clip.
    """

    track: Track
    sets: tuple[str, ...]
    backgrounds: tuple[str, ...]
    weights: Mapping[str, float]
    denoise: bool
    bags: int
    keep_defects: tuple[str, ...]
    video: float = 0.0


_KEYS = {
    "track": schema.choice(tuple(TRACKS)),
    "sets": schema.names(),
    "backgrounds": schema.names(default=()),
    "weights": schema.table(schema.number(0, 1e6)),
    "denoise": schema.flag(True),
    "bags": schema.whole(1, 1000, SAMPLE_BAGS),
    "keep_defects": schema.names(tuple(DEFECTS), ()),
    "video": schema.number(0, 1, 0.0),
}


def rssn_settings(table: Mapping[str, Any], where: str = "[data]") -> RssnSettings:
    """The settings of a table.

    Raises:
        ConfigError: wrong keys or values, unknown data sets, or a track without what it needs.
    """
    values = schema.check_table(table, _KEYS, where)
    if not values["sets"]:
        raise ConfigError(f"{where}: sets names no data set; known are {', '.join(layouts())}")
    for name in values["sets"]:
        if layout_named(name).kind == "background":
            raise ConfigError(f"{where}: {name} is a set of backgrounds; name it under backgrounds")
        if layout_named(name).kind == "cutout" and values["track"] == "ori":
            raise ConfigError(f"{where}: {name} holds cut-outs, the ORI-Track needs photographs")
    for name in values["backgrounds"]:
        if layout_named(name).kind != "background":
            raise ConfigError(f"{where}: {name} is no set of backgrounds")
    if values["track"] != "ori" and not values["backgrounds"]:
        raise ConfigError(f"{where}: track {values['track']} needs backgrounds, e.g. bg20k")
    _check_effect(table, values, where)
    unknown = set(values["weights"]) - set(values["sets"])
    if unknown:
        raise ConfigError(f"{where}: weights of {', '.join(sorted(unknown))}, which sets lacks")
    if "one_bag" in values["keep_defects"]:
        values["bags"] = 1
    return RssnSettings(**{**values, "track": cast("Track", values["track"])})


def _check_effect(table: Mapping[str, Any], values: Mapping[str, Any], where: str) -> None:
    """Refuse what would do nothing, as whoever wrote it expects something of it.

    Raises:
        ConfigError: naming it.
    """
    track = values["track"]
    for key in ("sets", "backgrounds"):
        twice = sorted({name for name in values[key] if values[key].count(name) > 1})
        if twice:
            raise ConfigError(
                f"{where}: {key} names {', '.join(twice)} twice; name each once, and give weights "
                "to draw one more often"
            )
    if track == "ori" and values["backgrounds"]:
        raise ConfigError(
            f"{where}: backgrounds have no effect on the ORI-Track, which takes photographs as "
            'they are; leave them out, or use track = "comp" or "rssn"'
        )
    if "denoise" in table and track != "rssn":
        raise ConfigError(f'{where}: denoise is for track = "rssn", not {track!r}; leave it out')
    if "one_bag" in values["keep_defects"] and table.get("bags", 1) != 1:
        raise ConfigError(
            f"{where}: bags = {table['bags']} contradicts the kept defect one_bag, which is one "
            "bag; leave one of them out"
        )
