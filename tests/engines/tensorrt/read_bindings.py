"""Reads which names the real TensorRT bindings have, into ``bindings/``; no TensorRT needed.

``python tests/engines/tensorrt/read_bindings.py tensorrt-10.16 10.16.1.11`` downloads the bindings'
wheel, puts empty libraries under it (g++ and binutils) so that it can be imported, and lists the
names of the classes that an engine's build and run touch. ``tensorrt-8.6 8.6.0`` reads the real 8.6
(819 MB, needs python3.10 on the path).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "bindings"
CLASSES = [
    "ActivationType",
    "Builder",
    "BuilderFlag",
    "DataType",
    "ExecutionContextAllocationStrategy",
    "IActivationLayer",
    "IBuilderConfig",
    "ICudaEngine",
    "IExecutionContext",
    "IHostMemory",
    "ILayer",
    "ILogger",
    "INetworkDefinition",
    "IOptimizationProfile",
    "IProgressMonitor",
    "ITensor",
    "ITimingCache",
    "LayerType",
    "NetworkDefinitionCreationFlag",
    "OnnxParser",
    "OnnxParserRefitter",
    "ParserError",
    "Refitter",
    "Runtime",
]
_READ = """
import importlib, json, sys
trt = importlib.import_module(sys.argv[2])
names = {c: sorted(n for n in dir(getattr(trt, c)) if not n.startswith('_'))
         for c in json.loads(sys.argv[1]) if hasattr(trt, c)}
print(json.dumps({'version': trt.__version__, 'classes': names}))
"""


def read(version: str) -> dict[str, object]:
    """Names by class, of ``tensorrt-cu13-bindings`` of a version, or of ``tensorrt`` 8.6."""
    old = version.startswith("8.")
    package, module = ("tensorrt",) * 2 if old else ("tensorrt-cu13-bindings", "tensorrt_bindings")
    python = "python3.10" if old else sys.executable
    choice = ["--only-binary=:all:", "--python-version", "3.10"] if old else []
    choice += ["--platform", "manylinux_2_17_x86_64"] if old else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *choice, "-d", name]
        subprocess.run([*pip, f"{package}=={version}"], check=True)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            members = [m for m in wheel.namelist() if "resource" not in m and "plugin.so" not in m]
            wheel.extractall(folder, members)
        _stub(folder / module / "tensorrt.so", folder)
        paths = {"LD_LIBRARY_PATH": f"{folder / module}:{name}", "PYTHONPATH": name}
        command = [python, "-c", _READ, json.dumps(CLASSES), module]
        done = subprocess.run(
            command, env={**os.environ, **paths}, capture_output=True, text=True, check=True
        )
    result: dict[str, object] = json.loads(done.stdout)
    return result


def _stub(binding: Path, folder: Path) -> None:
    """Libraries with the symbols that the binding asks for, all of them empty functions."""
    symbols = _output("nm", "-D", "--undefined-only", str(binding))
    entry = r"\b((?:create|get(?:Infer|Plugin|Builder|NvOnnx)|initLibNvInfer)\w*)"
    code = folder / "stub.c"
    code.write_text("".join(f"void* {s}(void){{return 0;}}\n" for s in re.findall(entry, symbols)))
    needed = re.findall(r"NEEDED.*\[(libnv[^]]*)\]", _output("readelf", "-d", str(binding)))
    for library in needed:
        flags = ["-shared", "-fPIC", "-w", f"-Wl,-soname,{library}"]
        subprocess.run(["gcc", *flags, str(code), "-o", str(folder / library)], check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    target, asked = sys.argv[1:]
    (FOLDER / f"{target}.json").write_text(json.dumps(read(asked), indent=0) + "\n")
