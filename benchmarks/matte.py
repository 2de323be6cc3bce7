"""How well the default model cuts: reference frames of real clips, exact alphas of a CG hairball.

``python -m benchmarks matte --data DIR [--json FILE] [--sheets DIR]``. The reference alphas were
made by a stronger single-image network (ISNet): a reference for subjects, not truth. Errors are
mean absolute, 0..1, at full size.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .record import write_result

CLIPS = {  # reference folder -> clip, and whether people are its subject
    "intel_iot_brother": ("intel_iot/brother.mkv", True),
    "intel_iot_walk": ("intel_iot/walk.mkv", True),
    "sam2_05_default_juggle": ("sam2/05_default_juggle.mp4", True),
    "volcomix_thoughtful": ("volcomix/thoughtful.mp4", True),
    "sam2_01_dog": ("sam2/01_dog.mp4", False),
    "cotracker_cat": ("cotracker/cat.mp4", False),
}
EMPTY_PLACES = (  # photographs without a subject, none of them used in training
    "background_matting/0001_back.jpg",
    "background_matting/0500_back.jpg",
    "pymatting_lemur/beach.png",
)
LIMIT = 0.05
Grey = NDArray[np.float32]  # (H, W), 0..1


def _load_grey(path: Path) -> Grey:
    from PIL import Image

    return np.asarray(Image.open(path).convert("L"), dtype=np.float32) / np.float32(255)


def _fit(reference: Grey, shape: tuple[int, ...]) -> Grey:
    from PIL import Image

    if reference.shape == shape:
        return reference
    image = Image.fromarray((reference * 255).astype(np.uint8)).resize((shape[1], shape[0]))
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def largest_hole(alpha: Grey, reference: Grey | None = None) -> float:
    """Largest enclosed transparent region as a share of the subject (alpha > 0.5) area.

    With a reference only what it calls subject counts: a gap between arm and body is no hole.
    """
    from scipy import ndimage

    solid = alpha > 0.5
    holes = ndimage.binary_fill_holes(solid) & ~solid
    if reference is not None:
        holes &= reference > 0.5
    labels, count = ndimage.label(holes)
    if not count or not solid.any():
        return 0.0
    return float(np.bincount(labels.ravel())[1:].max() / solid.sum())


def missing_part(alpha: Grey, reference: Grey) -> float:
    """Largest connected part of the solid reference that the alpha loses, as its share."""
    from scipy import ndimage

    lost = (reference > 0.9) & (alpha < 0.5)
    labels, count = ndimage.label(lost)
    solid = (reference > 0.9).sum()
    return float(np.bincount(labels.ravel())[1:].max() / solid) if count and solid else 0.0


def _clip_alphas(
    clip: Path, wanted: set[int], size: str, roi: Literal["auto"] | None
) -> Iterator[tuple[int, Any]]:
    import streammat

    for matte in streammat.open(str(clip)).matte(size=size, roi=roi, limit=max(wanted) + 1):
        if matte.index in wanted:
            yield matte.index, matte


def clip_rows(
    data: Path, size: str, sheets: Path | None, roi: Literal["auto"] | None = None
) -> list[dict[str, Any]]:
    """One row a clip: mean error over its reference frames, worst hole over the sheet's."""
    rows = []
    closer = f", `--roi {roi}`" if roi else ""
    for name, (clip, people) in CLIPS.items():
        references = {
            int(p.stem): _load_grey(p) for p in sorted((data / "refs" / name).glob("*.png"))
        }
        moments = set(references) | set(np.linspace(0, max(references), 5).astype(int).tolist())
        errors, lost, holes, tiles = [], [], [], []
        for index, matte in _clip_alphas(data / "videos" / clip, moments, size, roi):
            alpha = (matte.alpha / np.float32(65535)).astype(np.float32)
            tiles.append((matte.frame, alpha))
            reference = _fit(references[index], alpha.shape) if index in references else None
            holes.append(largest_hole(alpha, reference))
            if reference is not None:
                errors.append(float(np.abs(alpha - reference).mean()))
                lost.append(missing_part(alpha, reference))
        if sheets is not None:
            _write_sheet(sheets / f"{name}{'_roi' if roi else ''}.png", tiles)
        rows.append(
            {
                "clip": f"{name}{closer}",
                "people": people,
                "frames": len(errors),
                "mean_absolute_error": float(np.mean(errors)),
                "worst_frame": max(errors),
                "largest_hole": max(holes),
                "largest_lost_part": max(lost),
                "reached": (max(holes) <= 0.01 and float(np.mean(errors)) <= LIMIT)
                if people
                else None,
            }
        )
    return rows


def hairball_row(data: Path, size: str, sheets: Path | None) -> dict[str, Any]:
    """Mean error on a CG hairball with exact alpha, over plain grey and empty places."""
    from PIL import Image

    import streammat

    matter = streammat.create_matter(size=size)
    backgrounds = [None, *(data / "images" / place for place in EMPTY_PLACES)]
    errors: list[float] = []
    tiles: list[tuple[Any, Grey]] = []
    for number, path in enumerate(sorted((data / "videos" / "hairball").glob("*.png"))[::4]):
        rgba = np.asarray(Image.open(path).convert("RGBA"), dtype=np.float32) / 255
        alpha = rgba[..., 3]
        place = backgrounds[number % len(backgrounds)]
        back = np.full((*alpha.shape, 3), 0.5, np.float32)
        if place is not None:
            photo = Image.open(place).convert("RGB").resize((alpha.shape[1], alpha.shape[0]))
            back = np.asarray(photo, dtype=np.float32) / 255
        rgb = rgba[..., :3] * alpha[..., None] + back * (1 - alpha[..., None])
        found, _ = matter((rgb * 255 + 0.5).astype(np.uint8), None)
        got = found.astype(np.float32) / np.float32(65535)
        errors.append(float(np.abs(got - alpha).mean()))
        tiles.append(((rgb * 255).astype(np.uint8), got))
    if sheets is not None:
        _write_sheet(sheets / "hairball.png", tiles[:5])
    mean = float(np.mean(errors))
    return {
        "clip": "hairball",
        "people": False,
        "frames": len(errors),
        "mean_absolute_error": mean,
        "worst_frame": max(errors),
        "reached": mean <= LIMIT,
    }


def _write_sheet(path: Path, tiles: list[tuple[Any, Grey]]) -> None:
    """Frame, alpha and composite over green, one column a moment."""
    from PIL import Image

    from streammat_kernels.colour import to_rgb

    columns = []
    for picture, alpha in tiles[:6]:
        if isinstance(picture, np.ndarray):
            rgb = picture
        else:
            planar = to_rgb(picture.planes, picture.layout, picture.colour)
            rgb = np.moveaxis(planar, 0, -1)
            rgb = (rgb >> 8).astype(np.uint8) if rgb.dtype == np.uint16 else rgb
        grey = np.repeat((alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
        green = np.array([0, 177, 64], np.float32)
        comp = (rgb * alpha[..., None] + green * (1 - alpha[..., None])).astype(np.uint8)
        stack = Image.fromarray(np.concatenate([rgb, grey, comp], axis=0))
        width = 360
        columns.append(stack.resize((width, stack.height * width // stack.width)))
    sheet = Image.new("RGB", (sum(c.width for c in columns), columns[0].height))
    for number, column in enumerate(columns):
        sheet.paste(column, (number * column.width, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks matte", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with refs/ and videos/")
    parser.add_argument("--size", default="balanced")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheets", type=Path, help="write a contact sheet for every clip here")
    options = parser.parse_args(arguments)
    rows = [hairball_row(options.data, options.size, options.sheets)]
    rows += clip_rows(options.data, options.size, options.sheets)
    rows += clip_rows(options.data, options.size, options.sheets, "auto")
    for row in rows:
        print(
            f"{row['clip']:<42} error {row['mean_absolute_error']:.4f}"
            f"  worst {row['worst_frame']:.4f}"
            f"  hole {row.get('largest_hole', 0):.4f}  lost {row.get('largest_lost_part', 0):.4f}"
        )
    write_result(options.json, "matte", rows, size=options.size, limit=LIMIT)
    return 0
