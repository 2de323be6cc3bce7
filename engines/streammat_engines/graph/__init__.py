"""ONNX graphs before an engine is built: one size, pooling baked in, half precision, its proof.

Everything here works with ``onnx`` and NumPy alone, on any machine.
"""
