"""The order of steps on a GPU host: each with a limit, written down at once, never done twice."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import rssn
from benchmarks.gpu import every_kernel, matte_case, rssn_case
from benchmarks.gpu.session import ROOT, STEPS, Step, main, run_steps
from benchmarks.kernels.pictures import NETWORK
from benchmarks.kernels.trial import Size
from streammat_kernels import runtime
from streammat_kernels.augment import rssn_batch
from streammat_kernels.compile import UNITS
from tests.kernels.host_cuda import COMPILER, HostCuda


def summary(folder: Path) -> dict[str, str]:
    rows = json.loads((folder / "summary.json").read_text())
    return {name: row["end"] for name, row in rows.items()}


def test_what_fails_hangs_or_waits_does_not_keep_the_rest_from_running(tmp_path: Path) -> None:
    steps = [
        Step("good", "PYTHON -c print(1)", 60),
        Step("bad", "PYTHON -c 1/0", 60),
        Step("slow", "PYTHON -m http.server 0", 2),
        Step("early", "PYTHON -c 1", 60, modules=("no_such_module_yet",)),
        Step("tool", "PYTHON -c 1", 60, programs=("no-such-program",)),
        Step("last", "PYTHON -c print('HOME','RESULTS')", 60),
    ]
    home, out = tmp_path / "home", tmp_path / "out"
    assert not run_steps(steps, home, out, 200)
    assert summary(out) == {
        "good": "done",
        "bad": "failed (1)",
        "slow": "over its time",
        "early": "waits for no_such_module_yet",
        "tool": "left out: no no-such-program",
        "last": "done",
    }
    with tarfile.open(out / "results.tar.gz") as archive:
        assert {"results/good.log", "results/bad.log"} <= set(archive.getnames())
    assert (home / "results" / "last.log").read_text().split() == [
        str(home),
        str(home / "results"),
    ]


def test_a_second_call_does_what_is_left_and_what_can_be_done_now(tmp_path: Path) -> None:
    early = Step("early", "PYTHON -m staged", 60, modules=("staged",))
    steps = [Step("first", "PYTHON -c print(1)", 60), early]
    assert not run_steps(steps, tmp_path, tmp_path / "out", 60)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "staged.py").touch()
    assert run_steps(steps, tmp_path, tmp_path / "out", 60)
    assert (tmp_path / "results" / "first.log").read_text() == "1\n"


def test_without_time_nothing_is_begun(tmp_path: Path) -> None:
    assert main(["--home", str(tmp_path), "--bring", str(tmp_path / "out"), "--seconds", "1"]) == 3
    ends = set(summary(tmp_path / "out").values())
    assert all(end == "no time" or end.startswith(("waits for", "left out")) for end in ends)


def test_steps_name_what_is_there() -> None:
    for step in STEPS:
        words = step.command.split()
        for module in (words[i + 1] for i, word in enumerate(words[:-1]) if word == "-m"):
            is_ours = module.startswith("benchmarks")
            path = ROOT / module.replace(".", "/")
            assert not is_ours or path.is_dir() or path.with_suffix(".py").is_file(), module
        for word in words:
            assert not word.startswith("tests/") or (ROOT / word).is_dir()


@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
def test_every_kernel_of_the_benchmark_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu, size = HostCuda(), every_kernel.SIZE
    assert size.height > NETWORK[0]  # else refinement takes its ops one by one
    assert size.width > NETWORK[1]
    monkeypatch.setattr(runtime, "stand_in", gpu)
    monkeypatch.setattr(every_kernel, "SIZE", Size(72, 128))
    assert len(every_kernel.run_all(np.asarray)) > 10
    assert {launch.partition(".")[0] for launch in gpu.launches} >= set(UNITS) - {"refine"}


@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
def test_training_samples_of_the_kernels_are_compared_with_the_cpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Moved(np.ndarray[Any, Any]):
        """What the CUDA source gets; everything else stays the CPU's."""

    monkeypatch.setattr(rssn, "SIZE", (700, 720))
    monkeypatch.setattr(rssn, "_pictures", [])
    gpu = HostCuda()

    def batch(fg: Any, *rest: Any) -> Any:
        monkeypatch.setattr(runtime, "stand_in", gpu if isinstance(fg[0], Moved) else None)
        return rssn_batch(fg, *rest)

    monkeypatch.setattr(rssn_case, "rssn_batch", batch)
    assert rssn_case.differing(lambda array: array.view(Moved), np.asarray, 3) < 0.01
    assert "augment.layers" in gpu.launches


def test_mattes_are_compared_with_the_packed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alphas, facts = matte_case.mattes("cpu", 2, tmp_path)
    assert alphas.shape == (2, 540, 960)
    assert alphas.any()
    assert facts["frames"] == 2
    monkeypatch.setattr(matte_case, "mattes", lambda *_: (alphas, facts))
    for wrong in (False, True):
        np.savez(tmp_path / "mattes.npz", alphas=alphas // (2 if wrong else 1))
        given = ["--reference", str(tmp_path / "mattes.npz"), "--json", str(tmp_path / "m.json")]
        assert matte_case.main(given) == int(wrong)
    rows = json.loads((tmp_path / "m.json").read_text())["rows"]
    assert [row["compared"] for row in rows] == [2, 2]
