"""Pixel operations of streammat on plain arrays; every op is defined by its ``reference.py``."""
