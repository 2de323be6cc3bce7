"""Rows of the quality benchmark from single figures."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cv2")

from benchmarks.quality import clip_summary, judge


def row(group: str, network: str, dtssd: float) -> dict[str, Any]:
    return {"group": group, "network": network, "dtssd": dtssd, "mean_absolute_error": dtssd / 100}


def test_clips_are_summed_up_by_group_and_over_all() -> None:
    figures = {"RVM": [2.0, 4.0, 9.0], "ours": [3.0, 4.0, 5.0]}
    rows = clip_summary(
        [
            row(group, network, dtssd)
            for network, values in figures.items()
            for group, dtssd in zip(("people", "people", "things"), values, strict=True)
        ]
    )
    judge(rows, ["ours"])
    found = {(r["group"], r["network"]): (r["clips"], r["dtssd"], r.get("reached")) for r in rows}
    assert found == {
        ("people", "RVM"): (2, 3.0, None),
        ("people", "ours"): (2, 3.5, False),
        ("things", "RVM"): (1, 9.0, None),
        ("things", "ours"): (1, 5.0, True),
        ("all", "RVM"): (3, 5.0, None),
        ("all", "ours"): (3, 4.0, True),
    }
