from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from benchmarks.gpu import pack, stage
from benchmarks.gpu.pack import split
from benchmarks.gpu.prune_fatbin import MAGIC, prune

FILES = [("a.bin", bytes(range(256)) * 11), ("b.bin", b"short"), ("c.bin", b"x" * 5000)]


@pytest.mark.parametrize("limit", [1000, 2816, 10_000])
def test_parts_keep_to_the_limit_and_join_to_the_same_files(tmp_path: Path, limit: int) -> None:
    folders = split(FILES, tmp_path / "parts", limit)
    for folder in folders:
        assert sum(p.stat().st_size for p in folder.glob("*.part*")) <= limit
    home = tmp_path / "home"
    for folder in reversed(folders):  # they may come in any order
        rows = stage.collect([folder], home)
        lacking = stage.join(rows, home)
    assert lacking == []
    assert {name: (home / name).read_bytes() for name, _ in FILES} == dict(FILES)


def test_what_was_packed_before_is_not_joined_with_what_is_packed_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(wheels: object, folder: Path, python: str) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{python}.whl").write_bytes(bytes(3 << 20))
        return sorted(folder.glob("*.whl"))

    monkeypatch.setattr(pack, "build_loader", lambda folder: None)
    monkeypatch.setattr(pack, "download", download)
    monkeypatch.setattr(pack, "sample_frames", lambda: b"frames")
    monkeypatch.setattr(pack, "cpu_mattes", lambda: b"mattes")
    out, home = tmp_path / "out", tmp_path / "home"
    for python, mib in (("3.11", 1), ("3.12", 2)):
        assert pack.main(["rtx", str(out), "--part-mib", str(mib), "--python", python]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["00", "01", "wheels"]
    rows = stage.collect(sorted(out.glob("[0-9]*")), home)
    assert stage.join(rows, home) == []
    assert {name for _, name in rows} == {"3.12.whl", "frames.npz", "mattes.npz", stage.COMMIT}


def test_a_missing_or_damaged_part_is_noticed(tmp_path: Path) -> None:
    folders = split(FILES, tmp_path / "parts", 2000)
    home = tmp_path / "home"
    assert stage.join(stage.collect(folders[:-1], home), home) == ["c.bin"]
    piece = next(folders[-1].glob("c.bin.part*"))
    piece.write_bytes(piece.read_bytes()[:-1] + b"?")
    assert stage.join(stage.collect(folders, home), home) == ["c.bin"]
    assert not (home / "c.bin").exists()


def test_a_wheel_that_pip_refuses_does_not_keep_the_others_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "good-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("good.py", "")
        wheel.writestr(
            "good-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: good\nVersion: 1.0\n"
        )
        wheel.writestr("good-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("good-1.0.dist-info/RECORD", "")
    (tmp_path / "other-1.0-cp27-none-any.whl").write_bytes(b"for another Python")
    assert stage.install(tmp_path) == ["other-1.0-cp27-none-any.whl"]
    assert (tmp_path / "site" / "good.py").is_file()
    assert (tmp_path / "installed.txt").read_text().split() == ["good-1.0-py3-none-any.whl"]


def member(kind: int, sm: int, payload: bytes) -> bytes:
    header = struct.pack("<HHIQ", kind, 0, 64, len(payload)).ljust(28, b"\0")
    return (header + struct.pack("<I", sm)).ljust(64, b"\0") + payload


def fatbin(*members: bytes) -> bytes:
    body = b"".join(members)
    return MAGIC + struct.pack("<HHQ", 1, 16, len(body)) + body


def test_only_code_for_the_gpu_stays_and_the_layout_does_not_move(tmp_path: Path) -> None:
    first = fatbin(member(2, 80, b"A" * 24), member(2, 90, b"B" * 16), member(1, 90, b"C" * 8))
    second = fatbin(member(2, 80, b"D" * 24), member(1, 80, b"E" * 16))
    path = tmp_path / "library.so"
    path.write_bytes(b"head" + first + b"between" + second + b"tail")
    size = path.stat().st_size
    assert prune(path, 90) == (32, 56)
    data = path.read_bytes()
    assert len(data) == size
    assert data.startswith(b"head")
    assert data.endswith(b"tail")
    for letter, count in ((b"A", 0), (b"B", 16), (b"C", 0), (b"D", 0), (b"E", 16)):
        assert data.count(letter * max(count, 8)) == (count > 0)
