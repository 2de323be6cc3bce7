"""Reads what a real Torch-TensorRT takes and how its parts are called, into ``bindings/``.

``python tests/engines/tensorrt/read_torch_tensorrt.py 2.13.0 torch-tensorrt`` downloads the wheel
and reads its Python sources; nothing of it is imported, so neither a GPU nor TensorRT is needed.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "bindings" / "torch"
COMPILER = "torch_tensorrt/dynamo/_compiler.py"
INTERPRETER = "torch_tensorrt/dynamo/conversion/_TRTInterpreter.py"
FUNCTION = "convert_exported_program_to_serialized_trt_engine"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_34_x86_64")


def download(version: str, package: str, folder: Path) -> Path:
    """The wheel, without what it depends on."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    pip += ["--python-version", "3.12", "-d", str(folder)]
    pip += [word for name in PLATFORMS for word in ("--platform", name)]
    subprocess.run([*pip, f"{package}=={version}"], check=True)
    return next(folder.glob("*.whl"))


def read(wheel: Path) -> dict[str, object]:
    """Parameters of the converter, and the attributes of the interpreter that names outputs."""
    with zipfile.ZipFile(wheel) as archive:
        compiler = ast.parse(archive.read(COMPILER))
        interpreter = ast.parse(archive.read(INTERPRETER))
    function = next(n for n in compiler.body if getattr(n, "name", "") == FUNCTION)
    assert isinstance(function, ast.FunctionDef)
    found = next(n for n in interpreter.body if getattr(n, "name", "") == "TRTInterpreter")
    assert isinstance(found, ast.ClassDef)
    methods = {
        part.name: [item.arg for item in part.args.args]
        for part in found.body
        if isinstance(part, ast.FunctionDef)
    }
    return {
        "wheel": wheel.name,
        "function": FUNCTION,
        "positional": [item.arg for item in function.args.args],
        "keywords": [item.arg for item in function.args.kwonlyargs],
        "output": methods["output"],
        "sets_output_names": "self._output_names" in ast.unparse(found),
    }


if __name__ == "__main__":
    asked, name = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        facts = read(download(asked, name, Path(scratch)))
    target = FOLDER / f"{name}-{'.'.join(asked.split('.')[:2])}.json"
    target.write_text(json.dumps(facts, indent=0) + "\n")
