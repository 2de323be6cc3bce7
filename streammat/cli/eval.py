"""``streammat eval --images DIR --alphas DIR``: how good a model, an engine and a strategy are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.options import SettingType, debug_option, json_option
from streammat.cli.output import print_json
from streammat.config import resolve, setting
from streammat.errors import FramesLost, OutputError, unwritten
from streammat.settings import MatteSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from streammat.evaluation.matting import MattingMetrics
    from streammat.evaluation.pairs import Example
    from streammat.evaluation.run import LeftOut, Score
    from streammat.matting.strategies import AnyPass
    from streammat.types import Alpha

__all__ = ["TRACKS", "evaluate"]

_DEFAULTS = MatteSettings()
_SETTINGS = ("model", "strategy", "edges", "size", "threads")
TRACKS = ("am2k-ori", "am2k-comp", "p3m-p", "p3m-np", "pm10k", "aim500", "ppm100", "comp1k")


def _of_setting(name: str) -> dict[str, Any]:
    row = setting(name)
    default = row.fallback()
    return {
        "type": SettingType(row),
        "metavar": row.allowed,
        "help": row.about + (f" [default: {default}]" if default else ""),
    }


@click.command(
    name="eval", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--images", metavar="DIR", help="Photos.")
@click.option("--alphas", metavar="DIR", help="Their true alphas, of the same names.")
@click.option("--trimaps", metavar="DIR", help="Their trimaps, for the -TRAN, FG and BG metrics.")
@click.option(
    "--track", type=click.Choice(TRACKS), help="A published data set, found below --data."
)
@click.option("--data", metavar="DIR", help="Where the data set of --track lies. [default: .]")
@click.option(
    "--engine",
    type=click.Choice(["openvino", "onnx", "torch", "tensorrt"]),
    default="openvino",
    show_default=True,
    help="What computes the network.",
)
@click.option("--model", **_of_setting("model"))
@click.option("--strategy", **_of_setting("strategy"))
@click.option("--edges", **_of_setting("edges"))
@click.option("--size", **_of_setting("size"))
@click.option("--threads", **_of_setting("threads"))
@click.option(
    "--convention",
    type=click.Choice(["official", "standard"]),
    default="official",
    show_default=True,
    help="GFM's own evaluation code, or that of the benchmarks since Deep Image Matting.",
)
@click.option("--limit", type=SettingType(setting("limit")), metavar="N", help="First N images.")
@click.option("--html", "html", metavar="FILE", help="Write a page with the worst cases.")
@json_option
@debug_option
def evaluate(
    images: str | None,
    alphas: str | None,
    trimaps: str | None,
    track: str | None,
    data: str | None,
    html: str | None,
    as_json: bool,
    limit: int | None,
    **given: Any,
) -> int:
    """Score a model on photos with true alphas: SAD, MSE, MAD, Grad, Conn and more.

    The whole deployed path is scored: engine, strategy and upsampling, not only the network.
    """
    from streammat.evaluation.optional import ndimage
    from streammat.evaluation.run import mean_metrics

    _check_sources(images, alphas, trimaps, track, data)
    page = None if html is None else Path(html)
    ndimage()  # a missing package is said before anything is computed
    if page is not None:
        _check_page(page)
    say = partial(click.echo, err=True)
    examples = _examples(images, alphas, trimaps, track, data, say)[:limit]
    # Said in files and variables, too; what an option says comes first.
    told = {name: given[name] for name in _SETTINGS}
    given |= {name: resolve(told).values[name] for name in _SETTINGS}
    network = _open_network(given)
    names = ("model", "engine", "strategy", "edges", "size", "convention")
    facts = {name: given[name] for name in names}
    facts |= {"strategy": _meant(given["strategy"], network), "track": track}
    lost: list[LeftOut] = []
    scores, worst = _score(examples, network, given, lost)
    mean = mean_metrics(scores)
    facts = {name: fact for name, fact in facts.items() if fact is not None}
    if as_json:
        left_out = [{"image": one.example.image, "reason": one.reason} for one in lost]
        figures = {"mean": mean.to_json(), "images": [_json(s) for s in scores]}
        print_json("eval", {**facts, **figures, "left_out": left_out})
    else:
        _print_table(scores, mean)
    if page is not None:  # after the figures: a disk that is full now does not take them along
        told_of_lost = {"left out": len(lost)} if lost else {}
        _write_page(page, {**facts, **told_of_lost}, scores, mean, worst)
    return FramesLost.exit_code if lost else 0


def _check_sources(
    images: str | None,
    alphas: str | None,
    trimaps: str | None,
    track: str | None,
    data: str | None,
) -> None:
    if track is not None and (images or alphas or trimaps):
        raise click.UsageError("--track names its own folders; leave out --images and --alphas")
    if track is None and data is not None:
        raise click.UsageError("--data goes with --track")
    if track is None and not (images and alphas):
        raise click.UsageError("give --images DIR and --alphas DIR, or --track NAME --data DIR")


def _examples(
    images: str | None,
    alphas: str | None,
    trimaps: str | None,
    track: str | None,
    data: str | None,
    say: Callable[[str], None],
) -> list[Example]:
    from streammat.evaluation.pairs import find_examples
    from streammat.evaluation.tracks import track_folders

    if track is not None:
        folders = track_folders(track, Path(data or "."))
    else:
        assert images is not None
        assert alphas is not None
        folders = (Path(images), Path(alphas), Path(trimaps) if trimaps else None)
    return find_examples(*folders, notify=say)


def _open_network(given: dict[str, Any]) -> AnyPass:
    from streammat.device import choose_device
    from streammat.matting.passes import open_pass

    threads = choose_device("cpu", given["threads"]).threads
    return open_pass(given["model"], given["engine"], threads)


def _meant(strategy: str, network: AnyPass) -> str:
    """What auto means for pictures of a usual size."""
    from streammat.matting.strategies import strategy_for_still

    return strategy_for_still(network.network, 1080, 1920) if strategy == "auto" else strategy


def _alpha(network: AnyPass, strategy: str, size: str, edges: str, rgb: NDArray[np.uint8]) -> Alpha:
    from streammat.matting.strategies import still_alpha

    return still_alpha(network, rgb, strategy, size, edges)


def _score(
    examples: list[Example], network: AnyPass, given: dict[str, Any], lost: list[LeftOut]
) -> tuple[list[Score], Any]:
    """Score all with a bar on stderr; the worst cases are kept with their pictures."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from streammat.evaluation.page import WorstCases
    from streammat.evaluation.run import score_examples

    predict = partial(_alpha, network, given["strategy"], given["size"], given["edges"])
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    scores, worst = [], WorstCases()
    say = partial(click.echo, err=True)
    try:
        with bar:
            task = bar.add_task("scoring", total=len(examples))
            convention = given["convention"]
            for scored in score_examples(
                examples, predict, convention=convention, notify=say, lost=lost
            ):
                scores.append(scored.score)
                worst.add(scored)
                bar.update(task, advance=1)
    finally:
        network.close()
    return scores, worst


def _json(score: Score) -> dict[str, Any]:
    files = {"name": score.example.name, "image": score.example.image}
    return {**files, **score.metrics.to_json(), "seconds": round(score.seconds, 3)}


def _print_table(scores: list[Score], mean: MattingMetrics) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from streammat.evaluation.page import COLUMNS, shown_number

    table = Table(box=None, pad_edge=False)
    table.add_column("image", overflow="ellipsis")
    for column in COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for name, metrics in [*((s.example.name, s.metrics) for s in scores), ("mean", mean)]:
        values = metrics.to_json()
        text = name.encode("utf-8", "backslashreplace").decode()  # of another code page
        table.add_row(Text(text), *(shown_number(values[column]) for column in COLUMNS))
    Console().print(table)


def _check_page(path: Path) -> None:
    """A page that cannot be written is refused before hours of scoring."""
    if path.name:  # "." has none
        _write_text(path, None)
    if path.is_dir():
        raise OutputError(f"--html {path} is a folder: name a file, e.g. {path / 'report.html'}")


def _write_page(
    path: Path, facts: dict[str, Any], scores: list[Score], mean: MattingMetrics, worst: Any
) -> None:
    from streammat.evaluation.page import page

    _write_text(path, page(facts, scores, mean, worst))


def _write_text(path: Path, text: str | None) -> None:
    """The whole file or none of it; with None it is only tried whether one can be written."""
    draft = path.with_name(f".{path.name}.part")
    try:
        try:
            draft.write_text(text or "", encoding="utf-8", errors="backslashreplace")
            if text is not None:
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise unwritten(f"--html {path}", error) from error
