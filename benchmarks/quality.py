"""The default model beside its peers: photographs, and clips with a known alpha.

``python -m benchmarks quality --data DIR [--json FILE] [--model NAME] [--sheets DIR]``. None of the
photographs, and none of their sources, was used in training; their alphas come from other matting
networks (P3M-Net for people, GFM for animals, AIM-Net for things) or, for the lemur, from an
artist, none from the network that labelled the training data. Everything is measured at the alpha's
own size: mean absolute error of the whole picture, and mean absolute difference and gradient error
within 10 px of the edge. The clips: see `cutout_clips`; dtSSD is the flicker that the true alpha
does not have.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from .cutout_clips import MadeClip, made_clip
from .peers import Grey, Own, Rgb, Rvm, Selfie
from .record import write_result

FOLDERS = {
    "p3m_samples": "people",
    "p3m_demo": "people",
    "gfm_samples": "animals",
    "gfm_am2k_demo": "animals",
    "aim_samples": "things",
}
LIMITS = {"people": 0.012, "animals": 0.03}  # mean error at most; people also below every peer
PEOPLE_MEDIAN_LIMIT = 0.008
CLIPS_A_SUBJECT = {"people": 2, "animals": 1, "things": 1}


class Network(Protocol):
    """What is measured."""

    name: str

    def still(self, rgb: Rgb) -> Grey:
        """The alpha of a picture."""

    def clip(self, frames: list[Rgb]) -> list[Grey]:
        """The alphas of a clip."""


class Photograph(NamedTuple):
    """A picture with its alpha."""

    name: str
    group: str
    rgb: Rgb
    alpha: Grey


def photographs(data: Path) -> Iterator[Photograph]:
    """Every picture that counts; a picture is scaled to its alpha where sizes differ."""
    found = [
        (picture, data / "alphas" / folder / f"{picture.stem}.png", group)
        for folder, group in FOLDERS.items()
        for picture in sorted((data / "images" / folder).glob("*.jpg"))
    ]
    lemur = data / "images" / "pymatting_lemur"
    found.append((lemur / "lemur.png", lemur / "lemur_alpha.png", "animals"))
    for picture, alpha, group in found:
        yield _photograph(picture, alpha, group)


def _photograph(picture: Path, alpha_path: Path, group: str) -> Photograph:
    from PIL import Image

    alpha = np.asarray(Image.open(alpha_path).convert("L"), np.float32) / np.float32(255)
    image = Image.open(picture).convert("RGB")
    if image.size != alpha.shape[::-1]:
        image = image.resize(alpha.shape[::-1], Image.Resampling.BOX)
    return Photograph(f"{picture.parent.name}/{picture.stem}", group, np.asarray(image), alpha)


def still_row(network: Network, photograph: Photograph, sheets: Path | None) -> dict[str, Any]:
    """The errors of one network on one picture."""
    from streammat.evaluation.edge_band import edge_band
    from streammat.evaluation.gradient import grad

    alpha = network.still(photograph.rgb)
    error = np.abs(alpha - photograph.alpha)
    band = edge_band(photograph.alpha)
    if sheets is not None:
        _write_picture(sheets, f"{photograph.name} {network.name}", photograph, alpha)
    return {
        "picture": photograph.name,
        "group": photograph.group,
        "network": network.name,
        "mean_absolute_error": float(error.mean()),
        "band_mad": float(error[band].mean()),
        "band_grad": grad(alpha, photograph.alpha, region=band),
    }


def _write_picture(sheets: Path, name: str, photograph: Photograph, alpha: Grey) -> None:
    """Picture, true alpha, alpha side by side, 360 px high."""
    from PIL import Image

    grey = [(np.repeat(a[..., None], 3, 2) * 255).astype(np.uint8) for a in (alpha,)]
    truth = np.repeat((photograph.alpha[..., None] * 255).astype(np.uint8), 3, 2)
    row = Image.fromarray(np.concatenate([photograph.rgb, truth, *grey], 1))
    sheets.mkdir(parents=True, exist_ok=True)
    row.thumbnail((1600, 360))
    row.save(sheets / f"{name.replace('/', '_').replace(' ', '_')}.png")


def clip_row(network: Network, clip: MadeClip) -> dict[str, Any]:
    """Flicker and error of one network on one made clip."""
    from streammat.evaluation.dtssd import dtssd

    alphas = network.clip(clip.frames)
    errors = [float(np.abs(a - t).mean()) for a, t in zip(alphas, clip.alphas, strict=True)]
    return {
        "clip": clip.name,
        "group": clip.group,
        "network": network.name,
        "dtssd": dtssd(alphas, clip.alphas),
        "mean_absolute_error": float(np.mean(errors)),
    }


def made_clips(data: Path) -> Iterator[MadeClip]:
    """At least 20 clips: two a person, one of everything else."""
    seed = 0
    for photograph in photographs(data):
        for number in range(CLIPS_A_SUBJECT[photograph.group]):
            name = f"{photograph.name} {number + 1}"
            yield made_clip(data, name, photograph.group, photograph.rgb, photograph.alpha, seed)
            seed += 1


def still_summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a group and network, with whether the targets are met."""
    return [
        {
            "case": "photographs",
            "group": group,
            "network": network,
            "pictures": len(chosen),
            "mean": float(np.mean([r["mean_absolute_error"] for r in chosen])),
            "median": float(np.median([r["mean_absolute_error"] for r in chosen])),
            "band_mad": float(np.mean([r["band_mad"] for r in chosen])),
            "band_grad": float(np.mean([r["band_grad"] for r in chosen])),
        }
        for group, network, chosen in _grouped(rows)
    ]


def clip_summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a group and network, and one over all clips a network."""
    everything = [{**row, "group": "all"} for row in rows]
    return [
        {
            "case": "made clips",
            "group": group,
            "network": network,
            "clips": len(chosen),
            "dtssd": float(np.mean([r["dtssd"] for r in chosen])),
            "mean": float(np.mean([r["mean_absolute_error"] for r in chosen])),
        }
        for group, network, chosen in (*_grouped(rows), *_grouped(everything))
    ]


def _grouped(
    rows: Sequence[dict[str, Any]],
) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    keys = dict.fromkeys((row["group"], row["network"]) for row in rows)
    for group, network in sorted(keys, key=lambda key: key[0] != "people"):
        yield (
            group,
            network,
            [row for row in rows if (row["group"], row["network"]) == (group, network)],
        )


def judge(rows: list[dict[str, Any]], own: Sequence[str]) -> None:
    """Set ``reached`` on the rows of our own networks, where something is wanted of them."""
    for row in rows:
        if row["network"] not in own:
            continue
        peers = [
            other
            for other in rows
            if other["network"] not in own
            and (other["case"], other["group"]) == (row["case"], row["group"])
        ]
        if row["case"] == "made clips":
            rvm = next(other for other in peers if other["network"] == Rvm.name)
            row["reached"] = row["dtssd"] <= rvm["dtssd"]
        elif row["group"] == "people":
            row["reached"] = all(
                row[key] < other[key] for key in ("mean", "median") for other in peers
            )
            row["aim_reached"] = (
                row["mean"] <= LIMITS["people"] and row["median"] <= PEOPLE_MEDIAN_LIMIT
            )
        elif row["group"] in LIMITS:
            row["reached"] = row["mean"] < LIMITS[row["group"]]


def _say(row: dict[str, Any]) -> str:
    head = f"{row['case']:<12} {row['group']:<8} {row['network']:<24}"
    names = ("mean", "median", "band_mad", "band_grad", "dtssd")
    figures = "  ".join(f"{name} {row[name]:.4f}" for name in names if name in row)
    return f"{head} {figures}  {row.get('reached', '')}"


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks quality", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="images/, alphas/, peers/ ...")
    parser.add_argument("--model", default="gfm_lite0_tt")
    parser.add_argument(
        "--strategies",
        default="single,multi-scale,multi-scale network,hybrid",
        help="of stills; with ' network' behind it, edges as the network says",
    )
    parser.add_argument(
        "--clip-strategies",
        default="single,single network,second-glance,multi-scale",
        help="of clips",
    )
    parser.add_argument("--only", choices=["photographs", "clips"])
    parser.add_argument("--no-peers", action="store_true", help="the model alone, for a quick look")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheets", type=Path, help="write every photograph's alphas here")
    options = parser.parse_args(arguments)
    still_names, clip_names = options.strategies.split(","), options.clip_strategies.split(",")
    matters = {name: Own(options.model, name) for name in dict.fromkeys(still_names + clip_names)}
    peers: list[Network] = [] if options.no_peers else [Selfie(options.data), Rvm(options.data)]
    networks: list[Network] = [*peers, *(matters[name] for name in still_names)]
    moving: list[Network] = [*peers, *(matters[name] for name in clip_names)]
    stills, clips = [], []
    if options.only != "clips":
        for photograph in photographs(options.data):
            stills += [still_row(network, photograph, options.sheets) for network in networks]
    if options.only != "photographs":
        for clip in made_clips(options.data):
            clips += [clip_row(network, clip) for network in moving]
    rows = still_summary(stills) + clip_summary(clips)
    if peers:
        judge(rows, [matter.name for matter in matters.values()])
    print("\n".join(_say(row) for row in rows))
    write_result(options.json, "quality", rows, limits=LIMITS, each_picture=stills, each_clip=clips)
    return 0
