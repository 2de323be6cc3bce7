"""On the host: joins the parts that came, checks them, and installs what is whole.

``python benchmarks/gpu/stage.py PART [PART ...] [--to DIR]``; call it as parts arrive, in any
order. Ends with 0 when everything is installed in ``DIR/site``, with 3 while parts are missing.
Needs nothing but Python and pip.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

EXIT_INCOMPLETE = 3
COMMIT = "commit.txt"  # of what was packed, for the results: the host has no git history


def collect(parts: Sequence[Path], folder: Path) -> list[tuple[str, str]]:
    """Copy what came into ``folder``; the manifest's (sha256, name) pairs."""
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    rows: dict[str, str] = {}
    for part in parts:
        for path in part.glob("*.part[0-9][0-9][0-9]"):
            shutil.copyfile(path, folder / "parts" / path.name)
        for line in (part / "manifest.txt").read_text().splitlines():
            digest, _, name = line.split("  ", 2)
            rows[name] = digest
    return [(digest, name) for name, digest in rows.items()]


def join(rows: Sequence[tuple[str, str]], folder: Path) -> list[str]:
    """Put together every file whose parts are all there; the names of those that are not."""
    lacking = []
    for digest, name in rows:
        target = folder / name
        if target.exists() and _digest(target) == digest:
            continue
        pieces = sorted((folder / "parts").glob(f"{name}.part*"))
        with target.open("wb") as file:
            for piece in pieces:
                file.write(piece.read_bytes())
        if _digest(target) != digest:
            target.unlink()
            lacking.append(name)
    return lacking


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install(folder: Path) -> list[str]:
    """Wheels that are there and not yet installed into ``folder/site``, without an index.

    Returns:
        Names of those that pip refuses; the others are installed all the same.
    """
    record = folder / "installed.txt"
    known = record.read_text().split() if record.exists() else []
    names = [path.name for path in sorted(folder.glob("*.whl")) if path.name not in known]
    if not names:
        return []
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile"]
    pip += ["--no-cache-dir", "--upgrade", "--target", str(folder / "site")]

    def refused(some: list[str]) -> bool:
        return subprocess.run([*pip, *(str(folder / n) for n in some)], check=False).returncode != 0

    bad = [name for name in names if refused([name])] if refused(names) else []
    record.write_text("\n".join([*known, *(name for name in names if name not in bad)]) + "\n")
    return bad


def main(arguments: Sequence[str] | None = None) -> int:
    """Join, check, install."""
    parser = argparse.ArgumentParser(prog="stage.py")
    parser.add_argument("parts", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, default=Path("/tmp/streammat_gpu"))
    args = parser.parse_args(arguments)
    lacking = join(collect(args.parts, args.to), args.to)
    refused = install(args.to)
    if refused:
        print(f"pip refuses: {', '.join(refused)}")
    if lacking or refused:
        print(f"incomplete: {', '.join([*lacking, *refused])}")
        return EXIT_INCOMPLETE
    print(f"complete: {args.to / 'site'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
