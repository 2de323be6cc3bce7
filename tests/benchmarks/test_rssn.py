"""What the benchmark of training samples compares."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("cv2")

from benchmarks.rssn import _start_worker
from benchmarks.rssn_samples import plans


def test_with_and_without_denoising_the_samples_are_the_same() -> None:
    on, off = plans(16, True), plans(16, False)
    assert any(plan.denoise_foreground for plan in on)
    assert [replace(p, denoise_foreground=0.0, denoise_background=0.0) for p in on] == off


def test_a_worker_is_ready_when_it_has_made_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr("benchmarks.rssn._opencv_job", lambda job: done.append(job[0]))

    class Ready:
        def wait(self) -> None:
            done.append("ready")

    _start_worker(Ready())
    assert set(done[:-1]) == {"whole", "cropped first"}
    assert done[-1] == "ready"
