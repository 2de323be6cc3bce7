"""Everything that has to be learnt on a GPU host, step by step, within the time that there is.

``python -m benchmarks.gpu.session [PART ...] --bring DIR --seconds N`` stages the parts that came,
runs every step that what is installed allows and that is not done yet, each in a process group of
its own with a limit, and after each one writes ``DIR/summary.json`` and ``DIR/results.tar.gz``.
Call it again with the next part, or with none, until it says done everywhere. Needs Python alone;
the steps need what `STEPS` names.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.machinery import PathFinder
from pathlib import Path

from benchmarks.gpu import stage

HOME = Path("/tmp/streammat_gpu")
ROOT = Path(__file__).resolve().parents[2]
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/cuda/bin"])
_FINAL = ("done", "left out")  # nothing that has to be done is left
_NOT_AGAIN = ("failed", "over its limit")  # unless asked for by name
EXIT_NO_GPU = 4
SHORTEST_SECONDS = 15.0  # less is not worth beginning a step
_LAST_WORDS_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Step:
    """One process.

    Attributes:
        name: of its log and its line in the summary.
        command: PYTHON, RESULTS and HOME are filled in, SECONDS is the time that it may take,
            WORKERS spreads tests over processes where pytest-xdist is installed.
        seconds: at most.
        modules: of the pack, without which it waits for a later call.
        programs: without which it is left out; looked for again in the next call.
        files: in the home folder, likewise.
        host: modules that no part brings, likewise.
    """

    name: str
    command: str
    seconds: float
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    host: tuple[str, ...] = ()


_TESTS = "PYTHON -m pytest -v -m cuda -p no:cacheprovider --maxfail 100 --junitxml RESULTS"
# Errors of the driver's API are not told: libraries ask it for functions that it may lack.
_CHECK = (
    "--error-exitcode 9 --launch-timeout 60 --report-api-errors no "
    "PYTHON -m benchmarks.gpu.every_kernel"
)
_MATTE = "PYTHON -m benchmarks.gpu.matte_case --reference HOME/mattes.npz --json RESULTS"
_PLAIN = ("platformdirs",)
_MEDIA = ("av", "platformdirs")
_RTX = ("tensorrt_rtx", "tensorrt_rtx_libs", "platformdirs")
_ENGINE = ("av", "filelock", *_RTX)
_TRAINING = ("torch", "cv2", "PIL")
_SANITIZER = ("compute-sanitizer",)
STEPS = (  # what tells most comes first; what waits for a later part is begun when that is there
    Step("parity", f"{_TESTS}/parity.xml WORKERS tests/kernels", 240, _PLAIN),
    Step(
        "kernels",
        "PYTHON -m benchmarks kernels --device cuda --json RESULTS/kernels.json",
        150,
        _PLAIN,
    ),
    Step("rtx", "PYTHON -m benchmarks.gpu.rtx_probe --json RESULTS/rtx.json", 220, _RTX),
    Step("matte", f"{_MATTE}/matte.json", 120, _ENGINE),
    Step("torch_matte", f"{_MATTE}/torch_matte.json --network torch", 90, _MEDIA),
    Step(
        "trt86",
        "PYTHON -m benchmarks.gpu.trt86_case --home HOME --json RESULTS/trt86.json",
        520,
        _PLAIN,
        files=("trt86.tar.xz", "frames.npz"),
    ),
    Step("way", f"{_TESTS}/way.xml tests/gpu", 150, _ENGINE),
    Step("rssn", "PYTHON -m benchmarks.gpu.rssn_case --json RESULTS/rssn.json", 120, _MEDIA),
    Step("training", f"{_TESTS}/training.xml tests/training/rssn", 90, _MEDIA, host=_TRAINING),
    Step("memcheck", f"compute-sanitizer --tool memcheck {_CHECK}", 120, _PLAIN, _SANITIZER),
    Step(
        "engines",
        "PYTHON -m benchmarks gpu run --out RESULTS/engines --frames HOME/frames.npz "
        "--work HOME/work --seconds SECONDS",
        1500,
        _RTX,
    ),
    Step(
        "torch",
        "PYTHON -m benchmarks.gpu.via_torch_case --frames HOME/frames.npz "
        "--json RESULTS/via_torch.json",
        240,
        (*_ENGINE, "torch_tensorrt", "dllist", "psutil"),
    ),
    Step("racecheck", f"compute-sanitizer --tool racecheck {_CHECK}", 120, _PLAIN, _SANITIZER),
)


def environment(home: Path) -> dict[str, str]:
    """Of every step: the staged packages first, a GPU test that is skipped is a failure."""
    commit = home / stage.COMMIT
    paths = [str(home / "site"), str(ROOT / "engines"), str(ROOT / "kernels"), str(ROOT)]
    given = os.environ.get("PYTHONPATH")
    return os.environ | {
        "PATH": _PATH,
        "PYTHONPATH": os.pathsep.join([*paths, *([given] if given else [])]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "STREAMMAT_REQUIRE_CUDA": "1",
        "STREAMMAT_COMMIT": commit.read_text() if commit.exists() else "unknown",
    }


def lacking(modules: Sequence[str], site: Path) -> list[str]:
    """Those that cannot be imported yet."""
    invalidate_caches()  # packages have come since the last look
    paths = [str(site), *sys.path]
    return [name for name in modules if PathFinder.find_spec(name, paths) is None]


def run_step(step: Step, home: Path, results: Path, seconds: float) -> str:
    """Run it with its log; how it ended, in words.

    "cut off" by the session's end and "not through" go on in the next call; what was over its own
    limit or failed does not.
    """
    filled = {
        "PYTHON": sys.executable,
        "RESULTS": str(results),
        "HOME": str(home),
        "SECONDS": str(int(seconds - SHORTEST_SECONDS)),
        "WORKERS": "" if lacking(["xdist"], home / "site") else "-n 8",
    }
    command = step.command
    for word, value in filled.items():
        command = command.replace(word, value)
    with (results / f"{step.name}.log").open("ab") as log:
        process = subprocess.Popen(
            command.split(),
            cwd=ROOT,
            env=environment(home),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _interrupt(process)
            return "over its limit" if seconds >= step.seconds else "cut off"
        finally:
            _end(process)
    ends = {0: "done", stage.EXIT_INCOMPLETE: "not through"}
    return ends.get(code, f"failed ({code})")


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Let the step say where it was and what it has: Python's traceback, pytest's report."""
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGINT)
        process.wait(_LAST_WORDS_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The step and everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def bring(results: Path, summary: Mapping[str, object], folder: Path) -> None:
    """Write what there is so far to where it is fetched from: two files."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary, indent=1) + "\n"
    for place in (results, folder):
        (place / "summary.json").write_text(text)
    with tarfile.open(folder / "results.tar.gz", "w:gz") as archive:
        archive.add(results, "results")


def run_steps(
    steps: Sequence[Step], home: Path, folder: Path, seconds: float, *, again: bool = False
) -> bool:
    """Run what time and installation allow, ``again`` what failed; whether nothing is left."""
    results, stop = home / "results", time.monotonic() + seconds
    results.mkdir(parents=True, exist_ok=True)
    path = results / "summary.json"
    summary: dict[str, dict[str, object]] = json.loads(path.read_text()) if path.exists() else {}
    for step in steps:
        ended = str(summary.get(step.name, {}).get("end", ""))
        if ended == "done" or (ended.startswith(_NOT_AGAIN) and not again):
            continue
        left, begun = stop - time.monotonic(), time.monotonic()
        missing = lacking(step.modules, home / "site")
        absent = [name for name in step.programs if shutil.which(name, path=_PATH) is None]
        absent += [name for name in step.files if not (home / name).exists()]
        absent += lacking(step.host, home / "site")
        if missing:
            end = f"waits for {', '.join(missing)}"
        elif absent:
            end = f"left out: no {', '.join(absent)}"
        elif left < SHORTEST_SECONDS:
            end = "no time"
        else:
            end = run_step(step, home, results, min(left, step.seconds))
        summary[step.name] = {"end": end, "seconds": round(time.monotonic() - begun, 1)}
        print(f"{step.name}: {end} ({summary[step.name]['seconds']} s)", flush=True)
        bring(results, summary, folder)
    if again:  # asked for by name: left out is not what was asked for
        return all(summary[step.name]["end"] == "done" for step in steps)
    return all(str(row["end"]).startswith(_FINAL) for row in summary.values())


def has_gpu() -> bool:
    """Whether the driver, or its own program, finds a GPU."""
    count = ctypes.c_int()
    with contextlib.suppress(OSError):
        cuda = ctypes.CDLL("libcuda.so.1")
        if cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value:
            return True
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = ["nvidia-smi", "--list-gpus"]
        listed = subprocess.run(command, capture_output=True, timeout=20, check=True).stdout
        return listed.startswith(b"GPU ")
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Stage and run; 0 when all is done, 3 while something is left, 4 where there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.session")
    parser.add_argument("parts", nargs="*", type=Path)
    parser.add_argument("--bring", type=Path, default=Path("out/gpu"), help="for the results")
    parser.add_argument("--seconds", type=float, default=540, help="for everything")
    parser.add_argument("--home", type=Path, default=HOME)
    parser.add_argument(
        "--only", action="append", default=[], help="a step, though it failed before; repeatable"
    )
    args = parser.parse_args(arguments)
    begun = time.monotonic()
    if args.parts:
        try:
            stage.main([*map(str, args.parts), "--to", str(args.home)])
        except Exception:  # a damaged part keeps nothing from running that needs it not
            traceback.print_exc()
    if not has_gpu():
        print(
            "no GPU: neither libcuda.so.1 nor nvidia-smi finds one, so that no step was begun; "
            "call it on a host on which nvidia-smi --list-gpus names one",
            file=sys.stderr,
        )
        return EXIT_NO_GPU
    steps = [step for step in STEPS if not args.only or step.name in args.only]
    left = args.seconds - (time.monotonic() - begun)
    done = run_steps(steps, args.home, args.bring, left, again=bool(args.only))
    return 0 if done else stage.EXIT_INCOMPLETE


if __name__ == "__main__":
    raise SystemExit(main())
