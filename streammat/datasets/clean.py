"""Clean foregrounds of a data set: every foreground re-estimated and written beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.datasets.faults import Faults
from streammat.datasets.reading import read_layers
from streammat.datasets.samples import Sample
from streammat.errors import MediaError, OutputError, ResourceError
from streammat.media.atomic import check_target, temporary_beside
from streammat_kernels.bands import Bands
from streammat_kernels.reestimate import MIN_SIDE_PX, SolveMode, reestimate_foreground

__all__ = ["Cleaned", "clean_foregrounds"]

_MODE = "streammat re-estimation"  # the text of a result that says how it was made


class Cleaned(NamedTuple):
    """What was done."""

    written: int
    kept: int  # already there


def clean_foregrounds(
    samples: list[Sample],
    out: Path,
    mode: SolveMode,
    faults: Faults,
    *,
    overwrite: bool = False,
    bands: Bands | None = None,
    done: Callable[[Sample], None] | None = None,
) -> Cleaned:
    """Write ``out/NAME.png`` for every sample; what is there is kept, so a killed run goes on.

    A photograph's published foreground is taken where there is one, else the picture itself.

    Args:
        samples: of any kind.
        out: folder, made if it is missing.
        mode: see `reestimate_foreground`.
        faults: takes pictures that cannot be read or are too small.
        overwrite: write those again that are there.
        bands: the pool for the sweeps.
        done: called after each sample.

    Raises:
        OutputError: the folder cannot be written to, holds results of another mode, or a result
            would replace its source.
        ResourceError: the disk is full.
        InputError: ``faults`` is strict and something is wrong.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: no folder can be made here ({error.strerror})") from error
    written = kept = 0
    taken: set[str] = set()
    for sample in samples:
        target = out / f"{sample.name}.png"
        source = sample.foreground or sample.picture
        if sample.name in taken:
            faults.leave_out(source, "of a name that is taken", f"another one became {target.name}")
            continue
        taken.add(sample.name)
        if target.exists() and not overwrite:
            check_target(str(target), [str(source)], overwrite=True)
            _check_mode(target, mode)
            kept += 1
        elif _clean_one(sample, target, mode, faults, bands):
            written += 1
        if done is not None:
            done(sample)
    return Cleaned(written, kept)


def _clean_one(
    sample: Sample, target: Path, mode: SolveMode, faults: Faults, bands: Bands | None
) -> bool:
    source = sample.foreground or sample.picture
    check_target(str(target), [str(source), str(sample.alpha)], overwrite=True)
    try:
        layers = read_layers(sample)
    except MediaError as error:
        faults.unreadable(error)
        return False
    if min(layers.alpha.shape) < MIN_SIDE_PX:
        detail = f"smaller than {MIN_SIDE_PX} pixels"
        faults.leave_out(source, "too small", detail)
        return False
    given = layers.picture if layers.foreground is None else layers.foreground
    _write_png(target, reestimate_foreground(given, layers.alpha, mode, bands=bands), mode)
    return True


def _check_mode(target: Path, mode: SolveMode) -> None:
    """Refuse a result of another mode; a file that does not say its mode passes."""
    from PIL import Image

    try:
        with Image.open(target) as made:
            found = made.info.get(_MODE, mode)
    except OSError as error:
        raise OutputError(
            f"{target}: cannot be read ({error}); --overwrite makes it anew"
        ) from error
    if found != mode:
        raise OutputError(
            f"{target} was made with --mode {found}, not {mode}: --overwrite makes it anew, "
            "another --output keeps both"
        )


def _write_png(target: Path, rgb: NDArray[np.uint8], mode: SolveMode) -> None:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text(_MODE, mode)
    temporary = temporary_beside(target)
    try:
        Image.fromarray(rgb).save(temporary, pnginfo=info)
        temporary.replace(target)
    except OSError as error:
        raise ResourceError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)
