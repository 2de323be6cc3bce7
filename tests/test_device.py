from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streammat import device
from streammat.device import choose_device, missing_for_cuda, thread_budget
from streammat.errors import ConfigError, DeviceUnavailable


@pytest.fixture
def control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixteen cores and a control group hierarchy of our own, without any quota yet."""
    monkeypatch.setattr(device, "_CGROUP_ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(device, "_CGROUP_SELF", tmp_path / "self")
    monkeypatch.setattr(device, "_usable_cores", lambda: 16)
    (tmp_path / "self").write_text("0::/job/inner\n")
    (tmp_path / "cgroup" / "job" / "inner").mkdir(parents=True)
    return tmp_path


def test_cpu_as_asked_for() -> None:
    chosen = choose_device("cpu", 3)
    assert (chosen.kind, chosen.threads, chosen.reason) == ("cpu", 3, "cpu: as asked for")


def test_auto_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_nvidia_driver", lambda: "")
    assert choose_device().reason == "cpu: no NVIDIA driver found"
    monkeypatch.setattr(device, "_nvidia_driver", lambda: "an NVIDIA driver is loaded")
    assert "NVIDIA driver is loaded; --device cuda" in choose_device().reason


def test_cuda_never_falls_back_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_nvidia_driver", lambda: "")
    monkeypatch.setattr(device, "_installed", lambda name: name != "cupy")
    with pytest.raises(DeviceUnavailable, match=r"NVIDIA GPU.*; cupy \(pip install.*cpu") as caught:
        choose_device("cuda")
    assert caught.value.exit_code == 4


def test_cuda_names_the_extra_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_nvidia_driver", lambda: "an NVIDIA driver is loaded")
    monkeypatch.setattr(device, "_installed", lambda name: False)
    assert device.missing_for_cuda() == [
        "tensorrt_rtx or tensorrt, cupy, onnx, filelock (pip install 'streammat[tensorrt-rtx]')"
    ]
    monkeypatch.setattr(device, "_installed", lambda name: True)
    assert device.missing_for_cuda() == []
    assert choose_device("cuda").kind == "cuda"


def test_a_folder_that_only_has_a_packages_name_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_a_folder").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not device._installed("only_a_folder")
    assert device._installed("numpy")


def test_another_device_is_refused() -> None:
    with pytest.raises(ConfigError, match="auto, cpu or cuda"):
        choose_device("tpu")


def test_threads_as_asked_for() -> None:
    assert thread_budget(5) == 5
    with pytest.raises(ConfigError, match="threads 0"):
        thread_budget(0)


def test_all_cores_without_a_quota(control_groups: Path) -> None:
    assert thread_budget() == 16


def test_unlimited_quota_is_no_quota(control_groups: Path) -> None:
    (control_groups / "cgroup" / "job" / "cpu.max").write_text("max 100000\n")
    assert thread_budget() == 16


def test_the_tightest_quota_of_the_hierarchy_counts(control_groups: Path) -> None:
    (control_groups / "cgroup" / "job" / "cpu.max").write_text("250000 100000\n")
    (control_groups / "cgroup" / "job" / "inner" / "cpu.max").write_text("700000 100000\n")
    assert thread_budget() == 2


def test_a_fraction_of_a_core_is_one_thread(control_groups: Path) -> None:
    (control_groups / "cgroup" / "cpu.max").write_text("50000 100000\n")
    assert thread_budget() == 1


def test_version_one_groups_are_read(control_groups: Path) -> None:
    (control_groups / "self").write_text("3:memory:/x\n2:cpu,cpuacct:/job\n")
    group = control_groups / "cgroup" / "cpu" / "job"
    group.mkdir(parents=True)
    (group / "cpu.cfs_quota_us").write_text("300000\n")
    (group / "cpu.cfs_period_us").write_text("100000\n")
    assert thread_budget() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="Linux: a library without /proc/driver")
def test_a_driver_that_only_its_library_shows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    if Path("/proc/driver/nvidia/version").exists():
        pytest.skip("the driver shows itself here")
    monkeypatch.setattr(device, "_loads", lambda library: library == "libcuda.so.1")
    assert not any("driver" in line for line in missing_for_cuda())
    monkeypatch.setattr(device, "_loads", lambda _: False)
    assert any("driver" in line for line in missing_for_cuda())
