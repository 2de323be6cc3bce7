"""Inference engines behind one protocol: submit, wait, caller-owned buffers."""
