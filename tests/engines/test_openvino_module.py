"""OpenVINO is loaded without its telemetry, wherever it is loaded from."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.tiny_model import write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, sys
def refuse(*_):
    raise SystemExit("the process was forked")
os.register_at_fork(before=lambda: refuse())
from streammat_engines.openvino_module import load_openvino
openvino = load_openvino()
assert load_openvino() is openvino
from openvino.tools.ovc import telemetry
assert "stub" in type(telemetry).__module__, type(telemetry)
assert "openvino_telemetry" not in sys.modules
"""

INTERRUPTED = """
import os, signal, sys, time
from pathlib import Path
from streammat_engines.openvino import OpenVinoEngine
first = OpenVinoEngine(Path(sys.argv[1]), (1, 3, 32, 32))
second = OpenVinoEngine(Path(sys.argv[1]), (1, 3, 32, 64))
del first
del second
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_loading_openvino_reports_nothing_and_forks_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_ctrl_c_is_survived_whatever_engines_came_and_went(tmp_path: Path) -> None:
    """On a CPU with AMX it was not, where each engine had a core of its own."""
    model = write_tiny_model(tmp_path / "tiny.onnx")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(model)],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


@pytest.mark.parametrize("package", ["streammat", "engines", "kernels", "benchmarks", "tests"])
def test_nothing_else_makes_a_core(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if path.name not in {"openvino_module.py", Path(__file__).name}:
            assert ".Core()" not in path.read_text(encoding="utf-8"), path


def imported_at_run_time(tree: ast.AST) -> Iterator[str]:
    """Names of the modules that a file imports, less those for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        yield from imported_at_run_time(node)


@pytest.mark.parametrize("package", ["streammat", "engines", "kernels", "benchmarks"])
def test_nothing_else_imports_openvino(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if path.name != "openvino_module.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            roots = {name.split(".")[0] for name in imported_at_run_time(tree)}
            assert "openvino" not in roots, path
