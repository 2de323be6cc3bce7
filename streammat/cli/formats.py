"""``streammat formats``: every delivery, the files that hold it, and what it can carry."""

from __future__ import annotations

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json, print_table

__all__ = ["formats"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@json_option
@debug_option
def formats(as_json: bool) -> None:
    """List what can be written: NAME is for --codec, bits are for --depth."""
    from dataclasses import asdict

    from streammat.media.deliveries import DELIVERIES

    if as_json:
        print_json("formats", {"formats": [asdict(row) for row in DELIVERIES]})
        return
    rows = [
        (
            row.name,
            row.title,
            " ".join(row.suffixes),
            "|".join(str(bits) for bits in row.depths),
            "yes" if row.alpha else "no",
            "yes" if row.lossless else "no",
            f"pip install 'streammat[{row.extra}]'" if row.extra else "",
        )
        for row in DELIVERIES
    ]
    print_table(("name", "format", "files", "bits", "alpha", "lossless", "needs"), rows)
