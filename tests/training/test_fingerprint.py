from __future__ import annotations

from pathlib import Path

import pytest

from streammat.errors import InputError
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


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone: cannot be read"):
        files_digest([("gone", tmp_path / "gone")])
