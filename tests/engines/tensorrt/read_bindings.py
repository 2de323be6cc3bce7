"""Reads which names the real TensorRT bindings have, into ``bindings/``; no TensorRT needed.

``python tests/engines/tensorrt/read_bindings.py tensorrt-10.16 10.16.1.11`` downloads the bindings'
wheel, puts empty libraries under it (g++ and binutils) so that it can be imported, and lists the
names of the classes that an engine's build and run touch.
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
import json, sys, tensorrt_bindings as trt
names = {c: sorted(n for n in dir(getattr(trt, c)) if not n.startswith('_'))
         for c in json.loads(sys.argv[1]) if hasattr(trt, c)}
print(json.dumps({'version': trt.__version__, 'classes': names}))
"""


def read(version: str) -> dict[str, object]:
    """Names by class, of ``tensorrt-cu13-bindings`` of a version."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = f"tensorrt-cu13-bindings=={version}"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", name, wanted]
        subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder)
        _stub(folder / "tensorrt_bindings" / "tensorrt.so", folder)
        paths = {"LD_LIBRARY_PATH": name, "PYTHONPATH": name}
        command = [sys.executable, "-c", _READ, json.dumps(CLASSES)]
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
