from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streammat_engines.errors import EngineError, EngineFileError
from streammat_engines.tensorrt.cache import PlanCache
from streammat_engines.tensorrt.plan import PlanManifest
from tests.engines.tensorrt.plans import plan_of
from tests.engines.tiny_model import write_tiny_model

pytest.importorskip("filelock")
pytest.importorskip("onnx")

KEYS = [letter * 16 for letter in "abcd"]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "plans")


def fill(cache: PlanCache, key: str, plan: bytes = b"plan", used: float | None = None) -> None:
    cache.store(plan_of(key, plan), plan)
    if used is not None:
        os.utime(cache.folder / f"{key}.json", (used, used))


def test_a_stored_plan_is_found_with_its_manifest(cache: PlanCache) -> None:
    fill(cache, KEYS[0], b"the plan")
    entry = cache.find(KEYS[0])
    assert entry is not None
    assert entry.read() == b"the plan"
    assert entry.manifest == plan_of(KEYS[0], b"the plan")
    assert cache.find(KEYS[1]) is None


@pytest.mark.parametrize("damage", ["flip", "cut", "manifest", "no plan", "other key"])
def test_a_damaged_plan_is_set_aside_and_never_loaded(cache: PlanCache, damage: str) -> None:
    fill(cache, KEYS[0], b"the plan")
    plan, beside = cache.folder / f"{KEYS[0]}.plan", cache.folder / f"{KEYS[0]}.json"
    if damage == "flip":
        plan.write_bytes(b"thE plan")
    elif damage == "cut":
        plan.write_bytes(b"the")
    elif damage == "manifest":
        beside.write_text(beside.read_text()[:40])
    elif damage == "no plan":
        plan.unlink()
    else:
        beside.write_text(plan_of(KEYS[1], b"the plan").to_json())
    assert cache.find(KEYS[0]) is None
    assert not plan.exists()
    assert not beside.exists()
    found = [path.name for path in cache.damaged()]
    assert found == ([] if damage == "no plan" else [plan.name])


def test_a_plan_of_another_release_stays_for_it(cache: PlanCache) -> None:
    fill(cache, KEYS[0])
    beside = cache.folder / f"{KEYS[0]}.json"
    beside.write_text(beside.read_text().replace('"schema": 1', '"schema": 99'))
    assert cache.find(KEYS[0]) is None
    assert cache.entries() == []
    assert beside.exists()
    assert cache.damaged() == []
    with pytest.raises(EngineFileError, match="of another release"):
        cache.match(KEYS[0])


def test_what_another_user_alone_may_read_stays_for_him(
    cache: PlanCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cache, KEYS[0])
    plan = cache.folder / f"{KEYS[0]}.plan"
    with monkeypatch.context() as patch:  # whoever runs the tests may read everything
        patch.setattr(Path, "read_bytes", refused)
        assert cache.find(KEYS[0]) is None
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refused)
        assert cache.entries() == []
    assert plan.exists()
    assert cache.find(KEYS[0]) is not None


def refused(path: Path, *_: object, **__: object) -> str:
    raise PermissionError(13, "Permission denied", str(path))


def test_another_users_lock_names_the_way_out(
    cache: PlanCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cache, KEYS[0])
    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    with (
        pytest.raises(EngineFileError, match=r"Permission denied.*STREAMMAT_CACHE_DIR"),
        cache.building(KEYS[1]),
    ):
        pass
    assert cache.prune(limit_bytes=0) == ([], 0)


def test_a_folder_that_is_only_read_need_not_be_there(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path / "none", reading=True)
    assert (cache.entries(), cache.keys()) == ([], [])
    assert not cache.folder.exists()


def test_a_full_disk_is_told_with_the_file(
    cache: PlanCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"{KEYS[0]}.plan"):
        fill(cache, KEYS[0])
    assert list(cache.folder.iterdir()) == []


def test_a_plan_without_a_manifest_does_not_exist(cache: PlanCache) -> None:
    (cache.folder / f"{KEYS[0]}.plan").write_bytes(b"killed before the manifest was written")
    assert cache.find(KEYS[0]) is None
    assert cache.entries() == []


def test_a_plan_that_changes_after_it_was_found_is_not_read(cache: PlanCache) -> None:
    fill(cache, KEYS[0], b"the plan")
    entry = cache.find(KEYS[0])
    assert entry is not None
    entry.path.write_bytes(b"not plan")
    with pytest.raises(EngineError, match="damaged"):
        entry.read()


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, limit_bytes=25)
    for age, key in enumerate(KEYS[:2]):
        fill(cache, key, b"ten bytes.", used=time.time() - 1000 + age)
    assert cache.find(KEYS[0]) is not None  # being used makes it young again
    fill(cache, KEYS[2], b"ten bytes.")
    assert {entry.manifest.key for entry in cache.entries()} == {KEYS[0], KEYS[2]}


def test_a_plan_larger_than_the_limit_stays_until_the_next(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, limit_bytes=5)
    fill(cache, KEYS[0], b"ten bytes.")
    assert cache.find(KEYS[0]) is not None
    removed, freed = cache.prune()
    assert ([made.key for made in removed], freed) == ([KEYS[0]], 10)


def test_pruning_leaves_a_plan_that_is_being_built(cache: PlanCache) -> None:
    fill(cache, KEYS[0])
    with cache.building(KEYS[0]):
        assert PlanCache(cache.folder).prune(0) == ([], 0)
    assert cache.find(KEYS[0]) is not None
    assert len(cache.prune(0)[0]) == 1
    assert cache.entries() == []


def test_locks_go_that_nobody_holds_and_no_plan_has(cache: PlanCache) -> None:
    for key in KEYS:
        with cache.building(key):
            pass
    fill(cache, KEYS[0])
    with cache.building(KEYS[1]):
        PlanCache(cache.folder).clear_traces()
        locks = {path.stem for path in cache.folder.glob("*.lock")}
    assert locks == set(KEYS[:2])


def test_clearing_takes_what_builders_learned(cache: PlanCache) -> None:
    fill(cache, KEYS[0])
    cache.timing("tensorrt 11.4 GPU").write_bytes(b"timings")
    cache.clear_traces()
    assert [path.suffix for path in sorted(cache.folder.iterdir())] == [".json", ".plan"]


def test_what_killed_builds_left_is_swept_when_it_is_old(cache: PlanCache) -> None:
    old, young = cache.folder / "a.plan.1.partial", cache.folder / "b.plan.2.partial"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert cache.prune()[1] == 4
    assert (old.exists(), young.exists()) == (False, True)


def test_a_plan_that_never_got_its_manifest_is_swept_when_it_is_old(cache: PlanCache) -> None:
    old, young = (cache.folder / f"{key}.plan" for key in KEYS[:2])
    for path in (old, young):
        path.write_bytes(b"killed")
    os.utime(old, (time.time() - 7200,) * 2)
    fill(cache, KEYS[2])
    assert (old.exists(), young.exists()) == (False, True)
    assert cache.find(KEYS[2]) is not None


def test_what_was_set_aside_counts_and_goes_before_whole_plans(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, limit_bytes=6000)
    for key in KEYS[:2]:
        fill(cache, key, 2000 * b"x")
        (cache.folder / f"{key}.plan").write_bytes(2000 * b"y")
        assert not cache.check(key)
    os.utime(cache.folder / "damaged" / f"{KEYS[0]}.plan", (1000, 1000))
    fill(cache, KEYS[2], 3000 * b"x")
    assert [path.stem for path in cache.damaged()] == [KEYS[1]]
    assert cache.find(KEYS[2]) is not None
    assert cache.prune(0)[1] >= 5000
    assert cache.damaged() == []


def test_checking_says_what_is_damaged_and_does_not_count_as_use(cache: PlanCache) -> None:
    fill(cache, KEYS[0], used=1000.0)
    assert cache.check(KEYS[0])
    assert cache.entries()[0].used == 1000.0
    (cache.folder / f"{KEYS[0]}.plan").write_bytes(b"plaN")
    assert not cache.check(KEYS[0])


def test_a_beginning_names_one_plan(cache: PlanCache) -> None:
    fill(cache, "abcd0001abcd0001")
    fill(cache, "abcd0002abcd0002")
    assert cache.match("abcd0002").manifest.key == "abcd0002abcd0002"
    with pytest.raises(EngineFileError, match=r"several engines begin with 'abcd'"):
        cache.match("abcd")
    with pytest.raises(EngineFileError, match=r"no engine 'ff'; engines here: abcd0"):
        cache.match("ff")


def test_a_folder_that_cannot_be_written_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineFileError, match=r"cannot be written.*STREAMMAT_CACHE_DIR"):
        PlanCache(tmp_path / "file" / "plans")


def test_a_manifest_survives_its_file() -> None:
    made = plan_of(KEYS[0])
    assert PlanManifest.from_json(made.to_json()) == made


def start(model: Path, folder: Path, seconds: float) -> subprocess.Popen[str]:
    module = "tests.engines.tensorrt.build_worker"
    return subprocess.Popen(
        [sys.executable, "-m", module, str(model), str(folder), str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_of_two_processes_one_builds_and_one_waits(tmp_path: Path) -> None:
    model, folder = write_tiny_model(tmp_path / "tiny.onnx"), tmp_path / "plans"
    first = start(model, folder, 4.0)
    assert line(first) == "building"
    second = start(model, folder, 4.0)
    assert line(second) == "waiting"
    keys = [line(first), line(second)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 32
    assert (first.wait(), second.wait()) == (0, 0)
    assert len(PlanCache(folder).entries()) == 1


def test_after_a_killed_build_the_next_one_builds(tmp_path: Path) -> None:
    model, folder = write_tiny_model(tmp_path / "tiny.onnx"), tmp_path / "plans"
    first = start(model, folder, 60.0)
    assert line(first) == "building"
    first.kill()
    first.wait()
    assert PlanCache(folder).entries() == []
    second = start(model, folder, 0.0)
    assert line(second) == "building"
    key = line(second)
    assert second.wait() == 0
    entry = PlanCache(folder).find(key)
    assert entry is not None
    assert entry.read()
