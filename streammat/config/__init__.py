"""Settings from the command line, the environment, TOML files, presets and defaults."""

from __future__ import annotations

from streammat.config.layers import (
    PROJECT_FILE,
    Resolved,
    project_file,
    resolve,
    user_file,
)
from streammat.config.presets import PRESETS, Preset
from streammat.config.table import SETTINGS, Setting, setting

__all__ = [
    "PRESETS",
    "PROJECT_FILE",
    "SETTINGS",
    "Preset",
    "Resolved",
    "Setting",
    "project_file",
    "resolve",
    "setting",
    "user_file",
]
