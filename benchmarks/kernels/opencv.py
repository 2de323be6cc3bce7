"""OpenCV, whose stubs know neither numbers as operands nor the dtypes that come out."""

from __future__ import annotations

from typing import Any

import cv2 as _cv2

__all__ = ["cv2"]

cv2: Any = _cv2
