"""The frame pipeline: stages on threads, bounded queues, order kept, memory constant."""

from __future__ import annotations

from .job import Job, matte_file, resolve_job
from .progress import Progress
from .report import JobReport, OutputReport
from .resolve import ResolvedJob, ResolvedOutput
from .timings import Limit, StageTimings

__all__ = [
    "Job",
    "JobReport",
    "Limit",
    "OutputReport",
    "Progress",
    "ResolvedJob",
    "ResolvedOutput",
    "StageTimings",
    "matte_file",
    "resolve_job",
]
