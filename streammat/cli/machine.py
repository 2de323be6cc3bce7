"""Facts of this machine and of what is installed, each with what to do when it lacks."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from streammat.errors import StreammatError
from streammat.looking import exists

__all__ = ["Fact", "all_facts"]

Standing = Literal["ok", "missing", "optional"]

_CPU_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_tile", "amx_int8")
_PACKAGES = ("numpy", "numba", "openvino", "av", "pillow", "click", "rich", "platformdirs")
_TRAIN = "pip install 'streammat[train]'"
_OPTIONAL = {  # by module, which is looked for and not imported
    "OpenEXR": ("EXR, in and out", "pip install 'streammat[film]'"),
    "tifffile": ("16-bit and float TIFF, in and out", "pip install 'streammat[film]'"),
    "scipy": ("streammat eval", "pip install 'streammat[eval]'"),
    "onnxruntime": ("streammat eval --engine onnx", "pip install 'streammat[onnx]'"),
    "cv2": ("streammat train, streammat finetune", _TRAIN),
    "tensorboard": ("curves of streammat train", _TRAIN),
    "torch": ("loads official checkpoints, trains, exports", "pip install 'streammat[torch]'"),
    "cupy": ("arrays on an NVIDIA GPU, for --device cuda", "pip install 'streammat[tensorrt-rtx]'"),
    "tensorrt_rtx": (
        "networks on GeForce and RTX GPUs, for --device cuda",
        "pip install 'streammat[tensorrt-rtx]'",
    ),
    "tensorrt": (
        "networks on data-centre GPUs, for --device cuda",
        "pip install 'streammat[tensorrt]' --extra-index-url https://pypi.nvidia.com",
    ),
}
_ENCODERS = {
    "prores_ks": "ProRes 4444, .mov with alpha",
    "prores_aw": "ProRes without alpha, .mov",
    "libx264": "H.264, .mp4",
    "libx265": "HEVC, 10 bit and HDR to .mp4",
    "libvpx-vp9": "VP9, .webm with alpha",
    "ffv1": "lossless, .mkv with alpha",
    "qtrle": "Animation, .mov with alpha",
    "png": "PNG sequences",
    "aac": "sound in .mp4 and .mov",
    "libopus": "sound in .webm",
}
_NEEDED_ENCODERS = {"prores_ks", "prores_aw", "libx264", "libvpx-vp9", "png", "aac", "libopus"}
_AV = "'av>=18,<20'"  # as pyproject.toml has it
_REINSTALL_AV = f"pip install --force-reinstall --only-binary av {_AV}"
_REINSTALL = "pip install --force-reinstall . (in the checkout of streammat)"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so on this machine.

    Attributes:
        group: heading.
        name: what it is about.
        value: in words.
        standing: ok, missing (something streammat needs), or optional (not there, not needed).
        hint: what to do, where it is not ok.
    """

    group: str
    name: str
    value: str
    standing: Standing = "ok"
    hint: str = ""


def all_facts() -> list[Fact]:
    """Everything ``streammat doctor`` reports; opens no network connection."""
    parts: tuple[Callable[[], Iterable[Fact]], ...] = (
        _system,
        _packages,
        _encoders,
        _gpu,
        _models,
        _imports,
        _folders,
    )
    return [fact for part in parts for fact in part()]


def _system() -> Iterable[Fact]:
    from streammat.device import choose_device

    version = platform.python_version()
    old = sys.version_info < (3, 11)
    yield Fact("system", "python", version, "missing" if old else "ok", "use Python 3.11 or newer")
    yield Fact("system", "os", platform.platform())
    model, flags = _cpu()
    yield Fact("system", "cpu", f"{model}, {os.cpu_count()} cores ({platform.machine()})")
    device = choose_device("auto")
    yield Fact("system", "threads", f"{device.threads} usable by this process")
    yield Fact("system", "instructions", " ".join(f for f in _CPU_FLAGS if f in flags) or "unknown")
    yield Fact("system", "memory", _memory())
    yield Fact("system", "device auto", device.reason)


def _cpu() -> tuple[str, set[str]]:
    """Model name and instruction sets; the latter only where /proc/cpuinfo tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown", set()
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    return facts.get("model name", platform.machine()), set(facts.get("flags", "").split())


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):  # not on Windows
        return "unknown"
    return f"{total:.1f} GiB, {free:.1f} GiB unused"


def _packages() -> Iterable[Fact]:
    for name in _PACKAGES:
        version = _version(name)
        hint = f"pip install {_AV if name == 'av' else name}"
        yield Fact("packages", name, version or "not found", "ok" if version else "missing", hint)
    for name, (purpose, install) in _OPTIONAL.items():
        if importlib.util.find_spec(name) is None:
            yield Fact("packages", name, f"not installed ({purpose})", "optional", install)
        else:
            yield Fact("packages", name, _version(name) or "installed")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _encoders() -> Iterable[Fact]:
    try:
        import av
    except ImportError as error:
        yield Fact("encoders", "ffmpeg", f"cannot be loaded: {error}", "missing", _REINSTALL_AV)
        return
    yield Fact("encoders", "ffmpeg", f"{av.ffmpeg_version_info} (inside the package av)")
    for name, purpose in _ENCODERS.items():
        if _can_encode(name):
            yield Fact("encoders", name, purpose)
        else:
            standing: Standing = "missing" if name in _NEEDED_ENCODERS else "optional"
            yield Fact("encoders", name, f"not in this FFmpeg ({purpose})", standing, _REINSTALL_AV)


def _can_encode(name: str) -> bool:
    import av.codec
    from av.error import FFmpegError

    try:
        av.codec.Codec(name, "w")
    except (ValueError, FFmpegError):
        return False
    return True


def _gpu() -> Iterable[Fact]:
    program = shutil.which("nvidia-smi")
    if program is None:
        yield Fact("gpu", "nvidia", "no driver found; the CPU does everything", "optional")
        return
    query = "--query-gpu=name,driver_version,memory.total"
    try:
        answer = subprocess.run(
            [program, query, "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        yield Fact("gpu", "nvidia", f"nvidia-smi fails: {error}", "optional", "check the driver")
        return
    for number, line in enumerate(filter(None, answer.splitlines())):
        yield Fact("gpu", f"nvidia {number}", line.strip())


def _models() -> Iterable[Fact]:
    from streammat.catalogue.cards import find_model
    from streammat.settings import MatteSettings

    name = MatteSettings().model
    try:
        card = find_model(name)
        data = card.path.read_bytes()
    except (StreammatError, OSError) as error:
        yield Fact("model", name, f"not readable: {error}", "missing", _REINSTALL)
        return
    digest = hashlib.sha256(data).hexdigest()
    if card.sha256 == digest:
        yield Fact("model", name, f"{len(data) / 1e6:.1f} MB, sha256 {digest[:12]} is right")
    else:
        said = f"sha256 {digest[:12]}, the card says {(card.sha256 or 'nothing')[:12]}"
        yield Fact("model", name, f"damaged: {said}", "missing", _REINSTALL)


def _imports() -> Iterable[Fact]:
    """Imported models that cannot be used."""
    from streammat.catalogue.cards import imported_models

    lines: list[str] = []
    imported_models(lines.append)
    for line in lines:
        yield Fact("model", "imported", line, "optional")


def _takes_files(folder: Path) -> bool:
    """Tried: what the system says of rights is not true of every user and file system."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _folders() -> Iterable[Fact]:
    from streammat.catalogue.folder import models_folder
    from streammat.matting.cache import cache_folder

    folders = {
        "cache": (cache_folder(), "or every start compiles anew"),
        "models": (models_folder(), "or nothing can be imported"),
        "logs": (
            Path(platformdirs.user_log_dir("streammat", appauthor=False)),
            "or no traceback is kept",
        ),
        "temporary": (Path(tempfile.gettempdir()), "or kernels may not be compiled"),
    }
    for name, (folder, why) in folders.items():
        place = next(parent for parent in (folder, *folder.parents) if exists(parent))
        if _takes_files(place):
            yield Fact("folders", name, str(folder))
        else:
            hint = f"make {place} a folder that can be written, {why}"
            yield Fact("folders", name, f"{folder} cannot be written", "optional", hint)
