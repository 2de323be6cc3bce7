"""Written forms of settings: what is taken, and a message that names the value and what is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streammat.config import SETTINGS, setting, values
from streammat.errors import ConfigError
from streammat.matting.sizes import working_area
from streammat.settings import MatteSettings


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("size", "512x288", "512x288"),
        ("size", "best", "best"),
        ("smooth", "off", "off"),
        ("smooth", "0.3", "0.3"),
        ("despill", "1", 1.0),
        ("grow", "2.5", 2.5),
        ("grow", "500", 500.0),
        ("size", "4096X32", "4096X32"),
        ("roi", "1, 2,30,40", (1, 2, 30, 40)),
        ("start", "12.5", "12.5"),
        ("start", "1:02:03.5", "1:02:03.5"),
        ("start", "0:59", "0:59"),
        ("frames", "10-20", "10-20"),
        ("frames", "7", "7-7"),
        ("frames", "-20", "0-20"),
        ("frames", "20-", "20-"),
        ("background", "#00b140", "#00b140"),
        ("background", "blur:0.25", "blur:0.25"),
        ("background", "a folder/beach.jpg", "a folder/beach.jpg"),
        ("bitrate", "8M", "8M"),
        ("limit", "3", 3),
        ("start_number", "1001", 1001),
        ("overwrite", "yes", True),
        ("fps", "23.976", "23.976"),
        ("fps", "30000/1001", "30000/1001"),
        ("raw_input", "1920x1080:yuv420p10le", "1920x1080:yuv420p10le"),
        ("missing", "hold", "hold"),
    ],
)
def test_allowed_forms_are_taken(name: str, written: str, value: object) -> None:
    assert setting(name).parse(written) == value


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("size", "512*288"),
        ("size", "16x16"),
        ("smooth", "1.5"),
        ("despill", "nan"),
        ("grow", "-1"),
        ("grow", "500.5"),
        ("shrink", "501"),
        ("feather", "501"),
        ("size", "4097x512"),
        ("size", "512x31"),
        ("roi", "1,2,3"),
        ("roi", "1,2,0,4"),
        ("start", "1:75"),
        ("start", "-3"),
        ("frames", "20-10"),
        ("background", "#12345"),
        ("background", "blur:2"),
        ("bitrate", "fast"),
        ("fps", "0"),
        ("fps", "25/0"),
        ("fps", "film"),
        ("raw_input", "1920x0:rgba"),
        ("raw_input", "rgba"),
        ("missing", "skip"),
        ("limit", "0"),
        ("start_number", "-1"),
        ("crf", "64"),
        ("device", "gpu"),
        ("overwrite", "perhaps"),
        ("model", " "),
    ],
)
def test_other_forms_are_refused_with_the_value_in_the_message(name: str, written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        setting(name).parse(written)
    assert repr(written) in str(caught.value)
    assert "use " in str(caught.value)


def test_choice_lists_what_is_allowed() -> None:
    parse: Callable[[str], Any] = values.choice(("left", "right"))
    with pytest.raises(ConfigError, match=r"'up' is not allowed; use left \| right"):
        parse("up")


@pytest.mark.parametrize("size", ["32x32", "4096x4096", "4097x64", "64x31", "640X360", "best"])
def test_a_size_that_can_be_written_can_be_worked_with(size: str) -> None:
    def taken(check: Callable[[str], object]) -> bool:
        try:
            check(size)
        except ConfigError:
            return False
        return True

    assert taken(setting("size").parse) == taken(working_area)


def test_every_field_of_a_job_has_a_setting() -> None:
    fields = set(MatteSettings.__dataclass_fields__) - {"extra"}
    assert {row.key for row in SETTINGS if row.of_job} == fields


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_default_passes_its_own_check(row: Any) -> None:
    default = row.fallback()
    if default is not None:
        assert row.parse(str(default)) == default
