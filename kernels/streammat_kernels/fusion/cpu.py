"""GFM's fusion in Numba: one pass over maps of the network's size."""

import numpy as np

from ..jit import njit

__all__ = ["fuse_bt", "fuse_ft", "fuse_tt"]

_ZERO = np.float32(0)
_ONE = np.float32(1)


@njit(nogil=True, cache=True)
def fuse_tt(glance, focus, out):
    """0, focus or 1 for background, transition or foreground."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            background, transition, foreground = glance[0, y, x], glance[1, y, x], glance[2, y, x]
            if background >= transition and background >= foreground:
                out[y, x] = _ZERO
            elif transition >= foreground:
                out[y, x] = focus[y, x]
            else:
                out[y, x] = _ONE


@njit(nogil=True, cache=True)
def fuse_ft(glance, focus, out):
    """Foreground core plus focus, at most 1."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            core = glance[1, y, x] > glance[0, y, x]
            out[y, x] = _ONE if core else min(_ONE, focus[y, x])


@njit(nogil=True, cache=True)
def fuse_bt(glance, focus, out):
    """Everything but background, less focus, at least 0."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            subject = glance[1, y, x] > glance[0, y, x]
            out[y, x] = max(_ZERO, _ONE - focus[y, x]) if subject else _ZERO
