"""The order of steps on a GPU host: each with a limit, written down at once, never done twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import record, rssn_samples
from benchmarks.__main__ import main as benchmark
from benchmarks.gpu import every_kernel, matte_case, rssn_case, run, session, stage
from benchmarks.gpu.cases import all_cases
from benchmarks.gpu.session import ROOT, STEPS, Step, main, run_steps
from benchmarks.kernels.pictures import NETWORK
from benchmarks.kernels.trial import Size
from benchmarks.record import Spread
from streammat_kernels import runtime
from streammat_kernels.augment import rssn_batch
from streammat_kernels.augment.staged import RssnStage
from streammat_kernels.compile import UNITS
from streammat_kernels.errors import DependencyError
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.gpu.late_gpu import LateGpu
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
        Step("file", "PYTHON -c 1", 60, files=("not-yet.tar",)),
        Step("host", "PYTHON -c 1", 60, host=("json", "no_such_module")),
        Step("last", "PYTHON -c print('HOME','RESULTS')", 60),
    ]
    home, out = tmp_path / "home", tmp_path / "out"
    assert not run_steps(steps, home, out, 200)
    assert summary(out) == {
        "good": "done",
        "bad": "failed (1)",
        "slow": "over its limit",
        "early": "waits for no_such_module_yet",
        "tool": "left out: no no-such-program",
        "file": "left out: no not-yet.tar",
        "host": "left out: no no_such_module",
        "last": "done",
    }
    with tarfile.open(out / "results.tar.gz") as archive:
        assert {"results/good.log", "results/bad.log"} <= set(archive.getnames())
    assert (home / "results" / "last.log").read_text().split() == [
        str(home),
        str(home / "results"),
    ]


def test_a_step_that_was_asked_for_and_is_left_out_is_not_done(tmp_path: Path) -> None:
    absent = Step("file", "PYTHON -c 1", 60, files=("not-yet.tar",))
    home, out = tmp_path / "home", tmp_path / "out"
    assert run_steps([absent], home, out, 200)
    assert not run_steps([absent], home, out, 200, again=True)
    (home / "not-yet.tar").touch()
    assert run_steps([absent], home, out, 200, again=True)


def test_results_without_git_have_the_packed_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / stage.COMMIT).write_text("abc1234+")
    monkeypatch.setenv("STREAMMAT_COMMIT", session.environment(tmp_path)["STREAMMAT_COMMIT"])
    monkeypatch.setattr(record, "ROOT", tmp_path)
    assert record.commit_record() == "abc1234+"
    assert session.environment(tmp_path / "empty")["STREAMMAT_COMMIT"] == "unknown"


def test_a_second_call_does_what_is_left_and_what_can_be_done_now(tmp_path: Path) -> None:
    early = Step("early", "PYTHON -m staged", 60, modules=("staged",))
    steps = [Step("first", "PYTHON -c print(1)", 60), early]
    assert not run_steps(steps, tmp_path, tmp_path / "out", 60)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "staged.py").touch()
    assert run_steps(steps, tmp_path, tmp_path / "out", 60)
    assert (tmp_path / "results" / "first.log").read_text() == "1\n"


def test_what_had_no_time_goes_on_in_the_next_call_and_what_was_too_slow_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SHORTEST_SECONDS", 0.0)
    home, out = tmp_path / "home", tmp_path / "out"
    hangs, works = "PYTHON -m http.server 0", "PYTHON -c print(1)"
    first = [
        Step("slow", hangs, 0.5),
        Step("rest", "PYTHON -c raise(SystemExit(3))", 60),
        Step("cut", hangs, 600),
    ]
    assert not run_steps(first, home, out, 20)
    assert summary(out) == {"slow": "over its limit", "rest": "not through", "cut": "cut off"}
    better = [Step(step.name, works, 60) for step in first]
    assert not run_steps(better, home, out, 200)
    assert summary(out) == {"slow": "over its limit", "rest": "done", "cut": "done"}
    assert run_steps(better, home, out, 200, again=True)


def test_a_step_that_hangs_says_where_before_it_is_ended() -> None:
    # A shell's background jobs inherit an ignored SIGINT, and so would this process.
    code = (
        "import signal, time; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "print('begun', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    session._interrupt(process)
    assert b"KeyboardInterrupt" in process.communicate()[1]


def test_a_damaged_part_keeps_nothing_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "has_gpu", lambda: True)
    (tmp_path / "00").mkdir()  # no manifest
    home, out = str(tmp_path / "home"), str(tmp_path / "out")
    assert main([str(tmp_path / "00"), "--home", home, "--bring", out, "--seconds", "1"]) == 3
    assert summary(tmp_path / "out")


def test_the_engines_cases_say_whether_some_had_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [case.name for case in all_cases()][:2]
    given = ["--out", str(tmp_path), *(word for name in names for word in ("--only", name))]
    assert run.main([*given, "--seconds", "0"]) == 3
    assert set(json.loads((tmp_path / "summary.json").read_text()).values()) == {"no time"}

    def hang(command: list[str], timeout: float, **_: Any) -> None:
        Path(command[command.index("--out") + 1]).touch()
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr("subprocess.run", hang)
    assert run.main([*given, "--seconds", "100"]) == 3
    cut = {path.name for path in tmp_path.glob("gfm*.json")}
    assert cut == {f"{name}.partial.json" for name in names[: len(cut)]}  # begun anew next time
    assert run.main([*given, "--seconds", "10000"]) == 1
    assert [path.stem for path in sorted(tmp_path.glob("gfm*.json"))] == sorted(names)


def test_what_was_left_out_is_done_when_its_file_has_come(tmp_path: Path) -> None:
    steps = [Step("other", "PYTHON -c print(1)", 60, files=("other.tar",))]
    assert run_steps(steps, tmp_path, tmp_path / "out", 60)
    (tmp_path / "other.tar").touch()
    assert run_steps(steps, tmp_path, tmp_path / "out", 60)
    assert summary(tmp_path / "out") == {"other": "done"}


def test_without_a_gpu_a_line_says_so_and_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said = b""

    def no_library(*_: Any, **__: Any) -> None:
        raise OSError("not there")

    def program(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(stdout=said)

    monkeypatch.setattr("ctypes.CDLL", no_library)
    monkeypatch.setattr("subprocess.run", program)
    assert main(["--home", str(tmp_path / "home"), "--bring", str(tmp_path / "out")]) == 4
    error = capfd.readouterr().err
    assert error.startswith("no GPU: ")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
    said = b"GPU 0: NVIDIA H100"
    assert session.has_gpu()
    monkeypatch.setattr("subprocess.run", no_library)
    assert not session.has_gpu()


def test_benchmarks_that_lack_a_device_say_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert benchmark(["kernels", "--device", "cuda"]) == 4
    error = capsys.readouterr().err
    assert error.startswith("error: benchmarks on a GPU need CuPy; pip install")
    assert error.count("\n") == 1


def test_without_time_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "has_gpu", lambda: True)
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


def test_every_test_for_a_gpu_is_in_a_step() -> None:
    folders = {word for step in STEPS for word in step.command.split() if word.startswith("tests/")}
    marked = re.compile(r"^(@|pytestmark = |.*marks=)pytest\.mark\.cuda\b", re.MULTILINE)
    files = [path for path in (ROOT / "tests").rglob("*.py") if marked.search(path.read_text())]
    assert len(files) > 4
    for path in files:
        assert any((ROOT / folder) in path.parents for folder in folders), path


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

    monkeypatch.setattr(rssn_samples, "SIZE", (700, 720))
    monkeypatch.setattr(rssn_samples, "_pictures", [])
    gpu = HostCuda()

    def batch(fg: Any, *rest: Any) -> Any:
        monkeypatch.setattr(runtime, "stand_in", gpu if isinstance(fg[0], Moved) else None)
        return rssn_batch(fg, *rest)

    monkeypatch.setattr(rssn_case, "rssn_batch", batch)
    assert rssn_case.differing(lambda array: array.view(Moved), np.asarray, 3) < 0.01
    assert "augment.layers" in gpu.launches
    monkeypatch.setattr(runtime, "stand_in", None)
    late = LateGpu(FakeCuda().stream())
    stage, wait = RssnStage(late), lambda: late.synchronise(late.record())
    assert rssn_case.differing_staged(stage, wait, np.asarray, 3) < 0.01


def test_the_gpus_training_samples_need_no_opencv() -> None:
    code = "import sys, benchmarks.gpu.rssn_case; assert 'cv2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_without_cupy_the_samples_benchmark_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DependencyError, match="pip install"):
        rssn_case.run(4, None)


def test_a_share_of_a_step_says_whether_it_is_small_enough() -> None:
    step_ms, batch_ms = Spread(20.0, 0.0, 20.0, 5), Spread(2.0, 0.0, 2.0, 5)
    step, batch = ({"time": ms, "gpu": {"samples": 9}} for ms in (step_ms, batch_ms))
    small, large = (rssn_case.share_row("fp32", found, batch_ms) for found in (step, batch))
    assert small["reached"]
    assert not large["reached"]
    quick, slow = (rssn_case.rate_row("host", True, found, 32) for found in (batch, step))
    assert quick["samples_a_second"] == 16000
    assert not slow["reached"]
    assert all(row["gpu"] == {"samples": 9} for row in (small, large, quick, slow))


def test_a_step_of_the_published_training_is_timed_and_its_clocks_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("cv2")
    from streammat.training.batch import Batch

    class Asked:
        def between(self, begin: float, end: float) -> dict[str, float]:
            return {"seconds": end - begin}

    monkeypatch.setattr(rssn_case, "watch", Asked)
    torch.manual_seed(0)
    colours = [torch.rand(2, 3, 32, 32) * 255 for _ in range(3)]
    shares = [torch.rand(2, 1, 32, 32) for _ in range(4)]
    maps = dict(zip(("alpha", "trimap", "dilation", "erosion"), shares, strict=True))
    batch = Batch(rgb=colours[0], foreground=colours[1], background=colours[2], **maps)
    few = {"steps": 1, "warm_ups": 0, "model": "gfm_lite0_tt"}
    found = rssn_case.measured_step(batch, "fp32", **few)
    assert found["time"].repeats == 1
    assert 0 < found["time"].median <= found["gpu"]["seconds"] * 1e3, "the whole step is watched"


def test_without_what_training_needs_the_batches_are_measured_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = SimpleNamespace(Stream=lambda non_blocking: SimpleNamespace(synchronize=int))
    fake = SimpleNamespace(cuda=cuda, asarray=np.asarray, asnumpy=np.asarray)
    monkeypatch.setitem(sys.modules, "cupy", fake)
    monkeypatch.setattr(rssn_case, "Cuda", lambda: SimpleNamespace(facts={"gpu": "a GPU"}))
    monkeypatch.setattr("streammat_kernels.staging.CupyStaging", lambda stream: None)
    monkeypatch.setattr(rssn_case, "watch", int)
    monkeypatch.setattr(rssn_case, "gpu_state", dict)
    monkeypatch.setattr(rssn_case, "input_hash", str)
    for name in ("differing", "differing_staged"):
        monkeypatch.setattr(rssn_case, name, lambda *_: 0.0)
    row = {"case": "host", "reached": True}
    monkeypatch.setattr(rssn_case, "batch_rows", lambda *_: iter([row]))
    monkeypatch.setattr(rssn_case, "find_spec", lambda name: None if name == "cv2" else name)
    assert rssn_case.run(4, tmp_path / "rssn.json") == 0
    found = json.loads((tmp_path / "rssn.json").read_text())
    assert found["training_step"] == "left out: no cv2"
    assert found["rows"] == [row]


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
