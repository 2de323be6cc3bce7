"""Which models there are: shipped, imported by the user, released elsewhere. Needs no runtime."""

from __future__ import annotations

from streammat.catalogue.cards import ModelCard, find_model, shipped_models

__all__ = ["ModelCard", "find_model", "shipped_models"]
