"""Settings as Python values: what is taken, what is refused, and that the line names it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streammat.config.given import checked_settings
from streammat.errors import ConfigError
from streammat.settings import MatteSettings


def _read(name: str, value: Any) -> Any:
    return getattr(checked_settings(replace(MatteSettings(), **{name: value}), [name]), name)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("smooth", 0.5, "0.5"),
        ("smooth", 1, "1"),
        ("start", 12.5, "12.5"),
        ("fps", Fraction(30000, 1001), "30000/1001"),
        ("grow_px", 2, 2.0),
        ("grow_px", np.float32(0.5), 0.5),
        ("grow_px", 500, 500.0),
        ("threads", np.int64(3), 3),
        ("threads", None, None),
        ("roi", [1, 2, 3, 4], (1, 2, 3, 4)),
        ("roi", (np.int32(1), 2, 3, 4), (1, 2, 3, 4)),
        ("roi", "auto", "auto"),
        ("garbage", Path("a/b.png"), str(Path("a/b.png"))),
        ("strict", True, True),
        ("frames", "-20", "0-20"),
    ],
)
def test_values_are_read_as_the_command_line_reads_them(name: str, value: Any, read: Any) -> None:
    found = _read(name, value)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("roi", (1, 2, 3), "X,Y,W,H"),
        ("roi", (1, 2, 0, 4), "at least 1"),
        ("roi", (1, 2, 3.5, 4), "X,Y,W,H"),
        ("roi", np.zeros(4), "X,Y,W,H"),
        ("size", 3, "fast|balanced|best|WxH"),
        ("smooth", None, "auto|off|0..1"),
        ("smooth", float("nan"), "a strength 0..1"),
        ("threads", "2", "1..1024"),
        ("threads", 2.0, "1..1024"),
        ("threads", 0, "1..1024"),
        ("threads", True, "1..1024"),
        ("grow_px", "a", "0..500"),
        ("grow_px", 501, "0..500"),
        ("clip_black", -0.1, "0..1"),
        ("missing", "bogus", "error | hold | black"),
        ("model", 7, "NAME|FILE.onnx"),
        ("limit", 0, "from 1 up"),
        ("frames", "x", "FIRST-LAST"),
        ("start", "abc", "seconds such as 12.5"),
        ("strict", 1, "true|false"),
        ("garbage", b"x", "FILE"),
    ],
)
def test_other_values_are_refused_by_name(name: str, value: Any, allowed: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _read(name, value)
    line = str(refused.value)
    assert line.startswith(f"{name} = ")
    assert "is not allowed; use " in line
    assert allowed in line
