"""Shorthands for what travels between the pipeline and its neighbours."""

from __future__ import annotations

from streammat.types import Plane

__all__ = ["Planes"]

Planes = tuple[Plane, ...]
