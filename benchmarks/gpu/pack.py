"""What an offline GPU host needs, in parts that fit through a narrow door.

``python -m benchmarks gpu pack rtx DIR`` downloads TensorRT-RTX for the host's Python and a few
small packages, adds frames of the sample clip, and writes ``DIR/00``, ``DIR/01`` ... with a
manifest of hashes in each. ``pack trt86 DIR`` does the same with TensorRT 8.6 and a Python of its
own. `stage` joins them there.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.gpu.stage import COMMIT
from benchmarks.record import commit_record

WHEELS = {
    "rtx": (
        "tensorrt-rtx-cu13-libs==1.7.1.116",
        "tensorrt-rtx-cu13-bindings==1.7.1.116",
        "platformdirs",
        "filelock",
        "safetensors",
        "av==19.0.2",
        "torch-tensorrt-rtx==2.11.0",  # of the host's torch; the next two are its needs
        "dllist",
        "psutil",
    ),
    "trt86": ("platformdirs",),
}
ARCHIVE = "trt86.tar.xz"
LOADER = "tensorrt-rtx-cu13==1.7.1.116"  # a source distribution of a few lines of Python
PART_MIB = 46  # with the working tree's 14 a call carries 60 of the 64 that it may
FRAMES = "frames.npz"
MATTES = "mattes.npz"
SIZE = (544, 960)  # H, W of the packed frames


def download(wheels: Iterable[str], folder: Path, python: str) -> list[Path]:
    """Wheels for the host's Linux and Python, without their dependencies."""
    platforms = [f"--platform=manylinux_2_{n}_x86_64" for n in (28, 27, 17)]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version", python, "--implementation", "cp", *platforms]
    target += ["--platform=manylinux2014_x86_64", "-d", str(folder)]
    for wheel in wheels:
        subprocess.run([*pip, *target, wheel], check=True)
    return sorted(folder.glob("*.whl"))


def build_loader(folder: Path) -> None:
    """The wheel of ``import tensorrt_rtx``, which the index has as source only."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder)]
    subprocess.run([*pip, LOADER], check=True)


def sample_frames() -> bytes:
    """A few frames of the sample clip, (N, H, W, 3) uint8, as a compressed NumPy file."""
    from streammat.gpu.frames import sample_frames as views

    frames = np.concatenate(views(*SIZE)).transpose(0, 2, 3, 1)
    file = io.BytesIO()
    np.savez_compressed(file, frames=np.round(frames).astype(np.uint8))
    return file.getvalue()


def cpu_mattes() -> bytes:
    """The sample clip's first alphas by the CPU, (T, H, W) uint16: the host has no OpenVINO."""
    from benchmarks.gpu.matte_case import FRAMES as COUNT
    from benchmarks.gpu.matte_case import mattes

    with tempfile.TemporaryDirectory() as folder:
        alphas, _ = mattes("cpu", COUNT, Path(folder))
    file = io.BytesIO()
    np.savez_compressed(file, alphas=alphas)
    return file.getvalue()


def trt86_archive(folder: Path) -> bytes:
    """TensorRT 8.6 with a Python of its own, packed; takes some minutes."""
    script = Path(__file__).with_name("pack_trt86.sh")
    subprocess.run(["bash", str(script), str(folder)], check=True)
    return (folder / ARCHIVE).read_bytes()


def split(files: Iterable[tuple[str, bytes]], out: Path, limit_bytes: int) -> list[Path]:
    """Files one after another into folders of at most ``limit_bytes``; each has the manifest."""
    manifest, folders, used = [], [out / "00"], 0
    for name, data in files:
        manifest.append(f"{hashlib.sha256(data).hexdigest()}  {len(data)}  {name}")
        position = piece = 0
        while position < len(data):
            if used >= limit_bytes:
                folders.append(out / f"{len(folders):02d}")
                used = 0
            part = data[position : position + limit_bytes - used]
            folders[-1].mkdir(parents=True, exist_ok=True)
            (folders[-1] / f"{name}.part{piece:03d}").write_bytes(part)
            position, piece, used = position + len(part), piece + 1, used + len(part)
    for folder in folders:
        (folder / "manifest.txt").write_text("\n".join(manifest) + "\n")
    return folders


def _clear(out: Path) -> None:
    """Remove what an earlier call packed: its last parts would be joined with the new ones."""
    for folder in (out / "wheels", *out.glob("[0-9][0-9]")):
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Pack a set."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu pack")
    parser.add_argument("name", choices=list(WHEELS))
    parser.add_argument("out", type=Path)
    parser.add_argument("--part-mib", type=int, default=PART_MIB)
    parser.add_argument("--python", default="3.12", help="of the host")
    args = parser.parse_args(arguments)
    _clear(args.out)
    if args.name == "rtx":
        build_loader(args.out / "wheels")
    wheels = download(WHEELS[args.name], args.out / "wheels", args.python)
    files = [(path.name, path.read_bytes()) for path in wheels]
    if args.name == "rtx":
        files.append((MATTES, cpu_mattes()))
    else:
        files.append((ARCHIVE, trt86_archive(args.out / "work")))
    files += [(FRAMES, sample_frames()), (COMMIT, commit_record().encode())]
    files.sort(key=lambda file: len(file[1]))  # what is whole is installed before the rest comes
    for folder in split(files, args.out, args.part_mib << 20):
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{folder}  {size / 2**20:.1f} MiB")
    return 0
