"""Writes README's tables from the stored results: ``python -m benchmarks tables [--check]``.

Nothing in README's "Measured" chapter is typed by hand; ``--check`` fails when it is out of date.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- tables:begin -->", "<!-- tables:end -->"
Record = dict[str, Any]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _reached(row: Record) -> str:
    if row.get("valid") is False:
        return "not valid: others used the machine"
    return {True: "yes", False: "**no**", None: ""}[row.get("reached")]


def _net(record: Record) -> str:
    units = {"cpu_ms": "ms", "wall_ms": "ms", "ratio": "times"}
    rows = [
        [
            row["name"],
            f"{row['kind'].replace('_', ' ')}, {row['threads']} threads",
            f"{row['time']['median']:.2f} {units.get(row['kind'], '')}",
        ]
        for row in record["rows"]
        if "time" in row
    ]
    head = ["network at 512x288, OpenVINO", "figure", "median"]
    wanted = f"wanted: {record['targets']['cpu_ms_at_most']:.0f} CPU-ms, one thread"
    return f"The network alone ({wanted}):\n\n" + _table(head, rows)


def _looks(record: Record) -> str:
    rows = [
        [
            row["size"],
            row["kind"],
            f"{row['cpu_ms']['median']:.0f} ms",
            f"{row['to_one_look']['median']:.2f}",
        ]
        for row in record["rows"]
    ]
    head = ["working size", "default network", "CPU, one thread", "of one look"]
    return (
        "A second glance (`--strategy second-glance`), and the graph as it was exported:\n\n"
        + _table(head, rows)
    )


def _gfm(record: Record) -> str:
    rows = [
        [
            f"{row['name']}, {row['size']}",
            f"{row['openvino_ms']['median']:.0f} ms",
            f"{row['torch_ms']['median']:.0f} ms",
            f"{row['ratio']['median']:.2f} ({row['ratio_one']['median']:.2f})",
            _reached(row),
        ]
        for row in record["rows"]
    ]
    wanted = f"wanted: {record['targets']['ratio_at_least']:g} times, {record['threads']} cores"
    return f"A released network against PyTorch eager ({wanted}):\n\n" + _table(
        ["network, size", "OpenVINO", "PyTorch", "times (one at a time)", "reached"], rows
    )


def _pipeline(record: Record) -> str:
    rows = [
        [
            row["case"],
            f"{row['fps']:.1f}",
            f"{row['limit_fps']:g}" if row.get("limit_fps") else "",
            f"{row['efficiency']:.2f}",
            row["limited_by"],
            _reached(row),
        ]
        for row in record["rows"]
    ]
    clips = ", ".join(sorted({row["clip"] for row in record["rows"]}))
    return f"Whole jobs, file to file ({clips}):\n\n" + _table(
        ["job", "fps", "wanted", "efficiency", "limited by", "reached"], rows
    )


def _memory(record: Record) -> str:
    rows = [
        [
            row["case"],
            f"{row['peak_mib']:.0f} MiB",
            f"{row['limit_mib']} MiB",
            f"{row['growth_mib']:.1f} MiB" if "growth_mib" in row else "",
            _reached(row),
        ]
        for row in record["rows"]
    ]
    return "Memory (resident, peak):\n\n" + _table(
        ["job", "peak", "limit", "growth, frame 200 to 2,000", "reached"], rows
    )


def _matte(record: Record) -> str:
    rows = [
        [
            row["clip"],
            "people" if row["people"] else "other",
            f"{row['mean_absolute_error']:.3f}",
            f"{row['largest_hole']:.1%}" if "largest_hole" in row else "",
            _reached(row),
        ]
        for row in record["rows"]
    ]
    return (
        "Mattes of the default model against reference frames (clips that it was not trained on; "
        "the references are a stronger network's, the hairball's alpha is exact):\n\n"
        + _table(["clip", "subject", "mean absolute error", "largest hole", "reached"], rows)
        + "\n\nA hole is an enclosed gap that the reference lacks (without one: any enclosed gap)."
    )


def _start(record: Record) -> str:
    rows = [
        [
            row["case"],
            f"{row['seconds']['median']:.2f} s",
            f"{row['limit_seconds']:g} s",
            _reached(row),
        ]
        for row in record["rows"]
    ]
    return "Start:\n\n" + _table(["what", "seconds", "limit", "reached"], rows)


def _quality(record: Record) -> str:
    rows = [[row["case"], row["figure"], row["limit"], _reached(row)] for row in record["rows"]]
    return "Edges and time:\n\n" + _table(["what", "measured", "wanted", "reached"], rows)


def _kernels(record: Record) -> str:
    judged = [row for row in record["rows"] if "reached" in row]
    rows = [
        [
            row["op"],
            f"{row['ms']['median']:.2f} ms",
            f"{row['share_of_copy']:.0%}",
            f"{row['times_best_library']:.1f} x {row['best_library']}"
            if row["best_library"]
            else "",
            row["wanted"],
            "exception" if "exception" in row else _reached(row),
        ]
        for row in judged
    ]
    heads = ["op at 1080p", "time", "of a copy", "speed against", "wanted", "reached"]
    reasons = [f"{row['op']}: {row['exception']}." for row in judged if "exception" in row]
    return "Kernels:\n\n" + _table(heads, rows) + "".join(f"\n\n{text}" for text in reasons)


def _network(row: Record) -> str:
    """Network and strategy; ``network`` behind them means edges as the network says."""
    name, space, _ = row["network"].rpartition(" network")
    return f"{name}, `--edges network`" if space else str(row["network"])


def _photographs(record: Record) -> str:
    chosen = [row for row in record["rows"] if row["case"] == "photographs"]
    rows = [
        [
            row["group"],
            _network(row),
            f"{row['mean']:.4f}",
            f"{row['median']:.4f}",
            f"{row['band_mad']:.3f}",
            f"{row['band_grad']:.1f}",
            _reached(row),
        ]
        for row in chosen
    ]
    counts = {row["group"]: row["pictures"] for row in chosen}
    shown = ", ".join(f"{count} of {group}" for group, count in counts.items())
    heads = ["subject", "network", "mean error", "median", "band MAD", "band Grad", "reached"]
    return (
        f"Beside others, on photographs that no part of the training saw ({shown}; their alphas "
        "come from P3M-Net, GFM, AIM-Net or an artist; band: 10 px about the edge). No weights "
        "were trained on them, but which of the last two parts' settings to keep was decided by "
        "them, so take them as a little kind to gfm_lite0_tt; reached: both errors:\n\n"
        + _table(heads, rows)
    )


def _made_clips(record: Record) -> str:
    """Of a run over the clips alone: smoothing changes them, and no photograph."""
    rows = [
        [row["group"], _network(row), f"{row['dtssd']:.2f}", f"{row['mean']:.4f}", _reached(row)]
        for row in record["rows"]
        if row["case"] == "made clips"
    ]
    number = len({row["clip"] for row in record["each_clip"]})
    return (
        f"{number} clips made of those subjects, moving over other places, with noise and "
        "H.264 (dtSSD: flicker x 100, after smoothing):\n\n"
        + _table(["subject", "network", "dtSSD", "mean error", "reached"], rows)
    )


def _rssn(record: Record) -> str:
    rows = [
        [
            row["case"],
            f"{row['samples_a_second']['median']:.0f}",
            f"{row['opencv']['median']:.1f}",
            f"{row['times']:.1f} times",
            f"{row['times_cropped_first']:.1f} times",
            _reached(row),
        ]
        for row in record["rows"]
    ]
    return (
        "Training samples a second (RSSN, 1471x1195 pixels decoded, crops of 320, two cores; "
        "OpenCV in two processes; wanted: 2 times):\n\n"
        + _table(
            ["samples", "kernels", "OpenCV", "ratio", "to OpenCV that crops first", "reached"], rows
        )
    )


def _media(record: Record) -> str:
    rows = [
        [
            row["case"],
            f"{row['bare_cpu_ms']['minimum']:.0f} ms",
            f"{row['ours_cpu_ms']['minimum']:.0f} ms",
            f"{row['overhead']:+.1%}",
            f"+{row['overhead_limit']:.0%}",
            _reached(row),
        ]
        for row in record["rows"]
    ]
    return (
        "Reading H.264 and writing at 1080p, CPU time a frame, one thread, beside a loop of the "
        "bare codecs in the same run:\n\n"
        + _table(["written as", "bare", "streammat", "difference", "wanted", "reached"], rows)
    )


def _encoders(record: Record) -> str:
    rows = [
        [
            row["case"],
            f"{row['ours_cpu_ms']['median']:.0f} ms ({row['usual_cpu_ms']['median']:.0f})",
            f"{row['ours_kb']:.0f} kB ({row['usual_kb']:.0f})",
            f"{row['ours_psnr']:.1f} dB ({row['usual_psnr']:.1f})",
            "" if row["valid"] else _reached(row),
        ]
        for row in record["rows"]
    ]
    return (
        "Encoders as jobs start them, 1080p with grain; in brackets as is usual: x264 and x265 "
        "medium at crf 18, prores_ks with its search for quantisers:\n\n"
        + _table(["written as", "CPU a frame", "size of a frame", "PSNR of luma", ""], rows)
    )


TABLES: dict[str, Callable[[Record], str]] = {
    "pipeline": _pipeline,
    "pipeline_footage": _pipeline,
    "net": _net,
    "looks": _looks,
    "gfm": _gfm,
    "matte": _matte,
    "quality": _photographs,
    "quality_clips": _made_clips,
    "rssn": _rssn,
    "temporal": _quality,
    "memory": _memory,
    "media": _media,
    "encoders": _encoders,
    "start": _start,
    "kernels": _kernels,
}


def text() -> str:
    """All tables for which a result is stored, with the machine that made them."""
    parts = []
    for name, table in TABLES.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        record = json.loads(path.read_text())
        machine = record["machine"]
        where = f"{machine['processor']}, {machine['cores']} cores, {record['date']}"
        parts.append(f"{table(record)}\n\n<sub>{where}, commit {record['commit']}</sub>")
    return "\n\n".join(parts)


def main(arguments: list[str]) -> int:
    """Command line of this tool."""
    parser = argparse.ArgumentParser(prog="benchmarks tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if README is out of date")
    options = parser.parse_args(arguments)
    readme = ROOT / "README.md"
    old = readme.read_text()
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}\n{text()}\n{END}{after}"
    if options.check:
        return int(new != old)
    readme.write_text(new)
    return 0
