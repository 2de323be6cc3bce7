"""A pipeline that notes what it was asked for and answers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from streammat.matting import KeptMatter
from streammat.pipeline.progress import Progress
from streammat.pipeline.report import JobReport, OutputReport
from streammat.pipeline.timings import Limit
from streammat.settings import MatteSettings, OutputRequest


@dataclass
class FakePipeline:
    """Stands in for ``matte_file``.

    Attributes:
        calls: what each job was asked for.
        errors: raised for the source of that name.
        lost: frames that each job says it lost.
    """

    calls: list[tuple[str, tuple[OutputRequest, ...], MatteSettings]] = field(default_factory=list)
    errors: dict[str, BaseException] = field(default_factory=dict)
    lost: int = 0

    def matte_file(
        self,
        source: str,
        outputs: Sequence[OutputRequest],
        settings: MatteSettings,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        notify: Callable[[str], None] | None = None,
        cancel: threading.Event | None = None,
        kept: KeptMatter | None = None,
    ) -> JobReport:
        self.calls.append((source, tuple(outputs), settings))
        if source in self.errors:
            raise self.errors[source]
        assert notify is not None
        assert on_progress is not None
        notify("untagged colour: taken as BT.709")
        on_progress(Progress(5, 10, 20.0, 0.25, "encode", 0.25))
        files = tuple(OutputReport(o.path, str(o.kind), "mov", "straight", "", "") for o in outputs)
        limit = Limit("encode", 0.61)
        return JobReport(
            source,
            files,
            10,
            self.lost,
            0.5,
            0.1,
            0.9,
            "cpu",
            "gfm 512x288",
            96,
            64,
            2,
            limit=limit,
        )


def install(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    """Put a fake in the pipeline's place."""
    fake = FakePipeline()
    monkeypatch.setattr("streammat.pipeline.job.matte_file", fake.matte_file)
    return fake
