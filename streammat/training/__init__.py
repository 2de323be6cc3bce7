"""Training of the matting networks: ``streammat train`` and ``streammat finetune``.

Needs the extra ``streammat[train]``, which running streammat does not.
"""

from __future__ import annotations

import importlib.util

from streammat.errors import DependencyError

_NEEDED = {
    "torch": "torch",
    "cv2": "opencv-python-headless",
    "onnx": "onnx",
    "safetensors": "safetensors",
}

_lacking = [package for module, package in _NEEDED.items() if not importlib.util.find_spec(module)]
if _lacking:
    raise DependencyError(
        f"training needs {', '.join(_lacking)}, an optional extra: pip install 'streammat[train]'"
    )
