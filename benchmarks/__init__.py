"""Measurements behind every figure that streammat states; see README.md in this folder."""
