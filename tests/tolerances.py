"""Every tolerance of the tests, named, with its reason. None is ever widened to make a test pass."""

PSP_MATRIX = 1e-7
"""Pooling matrices: float32 rounding of weights of at most 1, against float64 arithmetic."""

ENGINE_F32 = 2e-5
"""Engine against float64: float32 sums over 32 x 32 cells, and OpenVINO's approximated sigmoid."""

FLOAT64 = 1e-12
"""Relative error of a few float64 operations."""
