"""Where the weights that the authors of GFM released are to be had; they are never downloaded."""

from __future__ import annotations

__all__ = ["RELEASED_NAMES", "SOURCE", "how_to_get"]

SOURCE = "https://github.com/JizhiziLi/GFM"
RELEASED_NAMES = (
    "gfm_d121_tt",
    "gfm_r34_tt",
    "gfm_r34_ft",
    "gfm_r34_bt",
    "gfm_r34_2b_tt",
    "gfm_r101_tt",
    "gfm_d121_rim",
)
"""The seven models that the authors of GFM released."""


def how_to_get(name: str) -> dict[str, str] | None:
    """Where a released model's weights are and the command that imports them; None for others."""
    if name not in RELEASED_NAMES:
        return None
    file = f"{name}.pth"
    return {
        "source": f"{SOURCE} (README, links of the pretrained models)",
        "file": file,
        "licence": "MIT, as their authors say",
        "import_command": f"streammat models import {file} --name {name}",
    }
