"""python -m streammat.training --recipe gfm_lite0 --data DIR --out DIR"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from torch.multiprocessing.spawn import spawn

from streammat.training.cache import build_cache
from streammat.training.work import Job, work


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m streammat.training", description=__doc__)
    parser.add_argument("--recipe", default="gfm_lite0", help="name, or path to a .toml")
    parser.add_argument("--data", type=Path, required=True, help="pairs, cutouts, backgrounds")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and log.jsonl")
    parser.add_argument("--cache", type=Path, help="decoded images; default OUT/cache")
    parser.add_argument("--encoder", type=Path, help="ImageNet weights of the encoder")
    parser.add_argument("--start", type=Path, help="weights to start from (a state dictionary)")
    parser.add_argument("--minutes", type=float, default=90.0, help="time budget")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--validate-every", type=int, default=300, metavar="STEPS")
    return parser.parse_args()


def main() -> None:
    """Build the cache if needed, then train in `--workers` processes."""
    args = _arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    job = Job(**{name: value for name, value in vars(args).items() if name != "data"})
    job = job._replace(cache=args.cache or args.out / "cache")
    if not (job.cache / "index.json").is_file():
        build_cache(args.data, job.cache)
    with tempfile.TemporaryDirectory() as folder:
        meeting_file = Path(folder) / "meeting"
        if job.workers == 1:
            work(0, job, meeting_file)
        else:
            spawn(work, (job, meeting_file), nprocs=job.workers)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
