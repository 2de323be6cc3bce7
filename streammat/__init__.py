"""streammat: a clip goes in; a clean alpha, a decontaminated foreground or a composite comes out."""

__version__ = "0.1.0"
