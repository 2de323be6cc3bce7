"""Engines for NVIDIA GPUs: which one a model and size need, where it is kept, how it is proved."""
