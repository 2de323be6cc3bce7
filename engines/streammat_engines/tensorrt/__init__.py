"""TensorRT engines: built, proved, kept and run. TensorRT is imported only where it is used.

`api` holds what differs between releases, `build` makes a plan, `cache` keeps it, `runner` runs it
over device pointers.
"""
