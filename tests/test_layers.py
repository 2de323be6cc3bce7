"""Imports go one way: cli, pipeline, matting, engines, kernels; torch stays in its own rooms."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "streammat": ROOT / "streammat",
    "streammat_kernels": ROOT / "kernels" / "streammat_kernels",
    "streammat_engines": ROOT / "engines" / "streammat_engines",
}
HEAVY = {"torch", "cupy", "onnxruntime", "cv2", "scipy", "tensorrt", "tensorrt_rtx"}
TORCH_ROOMS = ("streammat.models", "streammat.training", "streammat_kernels.gradients")

# A layer may import what is named here and itself; plain data and errors are open to all.
COMMON = {
    "streammat.types",
    "streammat.errors",
    "streammat.settings",
    "streammat.closing",
    "streammat.forked",
    "streammat.looking",
    "streammat.hidden",
}
MAY_IMPORT = {
    "streammat.media": set[str](),
    "streammat.device": set[str](),
    "streammat.catalogue": set[str](),
    "streammat.models": {"streammat.catalogue"},
    "streammat.gpu": {
        "streammat.catalogue",
        "streammat.demo",
        "streammat.device",
        "streammat.matting",
        "streammat.media",
    },
    "streammat.matting": {
        "streammat.device",
        "streammat.models",
        "streammat.catalogue",
        "streammat.gpu",
    },
    "streammat.pipeline": {
        "streammat.matting",
        "streammat.media",
        "streammat.device",
        "streammat.catalogue",
    },
    "streammat.training": {
        "streammat.datasets",
        "streammat.models",
        "streammat.catalogue",
        "streammat.matting",
        "streammat.pipeline",
        "streammat.media",
    },
    "streammat.evaluation": {"streammat.media"},
    "streammat.datasets": {"streammat.media"},
    "streammat.api": {
        "streammat.matting",
        "streammat.media",
        "streammat.pipeline",
        "streammat.device",
        "streammat.config",
    },
    "streammat.config": set[str](),
    "streammat.presets": set[str](),
    "streammat.demo": {"streammat.pipeline", "streammat.media"},
}


def _modules() -> list[tuple[str, Path]]:
    found = []
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            found.append((".".join((package, *parts)), path))
    return found


def _imports(name: str, path: Path) -> list[tuple[str, bool]]:
    """Absolute names imported by a module, and whether at module level."""
    tree = ast.parse(path.read_text())
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    top = {id(node) for node in tree.body}
    out: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            out += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *([node.module] if node.module else [])])
            out += [(f"{base}.{alias.name}", id(node) in top) for alias in node.names]
    return out


MODULES = _modules()


def _within(name: str, layer: str) -> bool:
    return name == layer or name.startswith(layer + ".")


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_go_downwards_only(name: str, path: Path) -> None:
    for target, _ in _imports(name, path):
        root = target.split(".")[0]
        assert root not in {"benchmarks", "tests"}, f"{name} imports {target}"
        if name.startswith("streammat_kernels"):
            assert root not in {"streammat", "streammat_engines"}, f"{name} imports {target}"
        if name.startswith("streammat_engines"):
            assert root != "streammat", f"{name} imports {target}"
        if root == "streammat":
            assert _allowed(name, target), f"{name} must not import {target}"


def _is_layer(target: str) -> bool:
    return any(_within(target, layer) for layer in (*MAY_IMPORT, "streammat.cli"))


def _allowed(name: str, target: str) -> bool:
    if _within(name, "streammat.cli") or name in {"streammat", "streammat.__main__"}:
        return True
    if target == "streammat" or any(_within(target, room) for room in COMMON):
        return True
    if target.rpartition(".")[0] == "streammat" and not _is_layer(target):
        return True  # a name from the package itself, such as __version__
    layer = next((layer for layer in MAY_IMPORT if _within(name, layer)), None)
    if layer is None:
        return not _within(target, "streammat.cli")
    return _within(target, layer) or any(_within(target, ok) for ok in MAY_IMPORT[layer])


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_heavy_packages_are_imported_where_they_are_used(name: str, path: Path) -> None:
    if any(_within(name, room) for room in TORCH_ROOMS):
        return
    heavy = {
        target for target, top in _imports(name, path) if top and target.split(".")[0] in HEAVY
    }
    assert not heavy, f"{name} imports {heavy} at module level; import inside the function"


def test_no_package_file_directly_in_the_mapped_folders() -> None:
    assert not (ROOT / "kernels" / "__init__.py").exists()
    assert not (ROOT / "engines" / "__init__.py").exists()
