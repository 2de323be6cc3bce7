from __future__ import annotations

from pathlib import Path

import pytest

from streammat.training.fingerprint import PART_BYTES, PARTS, files_digest


@pytest.mark.parametrize("size", [10, PARTS * PART_BYTES, 40 * PARTS * PART_BYTES])
def test_a_change_at_either_end_or_of_name_or_size_is_seen(size: int, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    seen = set()
    whole = bytes(size)
    for content in (whole, b"a" + whole[1:], whole[1:] + b"a", whole + b"a"):
        path.write_bytes(content)
        seen |= {files_digest([(name, path)], begun) for name in "ab" for begun in ("", "c")}
    assert len(seen) == 16
    path.write_bytes(whole)
    assert files_digest([("a", path)]) in seen


def test_a_file_that_cannot_be_read_is_another_one_than_when_it_can(tmp_path: Path) -> None:
    files = [("link", tmp_path / "link"), ("b", tmp_path / "b")]
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    dangling = files_digest(files)
    assert dangling == files_digest(files) != files_digest(files[1:])
    (tmp_path / "gone").write_bytes(b"")
    assert files_digest(files) != dangling
