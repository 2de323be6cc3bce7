"""Training of the matting networks: `python -m streammat.training --help`.

Needs the extra `streammat[torch]` and OpenCV, which running streammat does not.
"""

from __future__ import annotations

import importlib.util

for _name, _install in (
    ("torch", "pip install 'streammat[torch]'"),
    ("cv2", "pip install opencv-python-headless"),
):
    if importlib.util.find_spec(_name) is None:
        raise ImportError(f"streammat.training needs {_name}: {_install}")
