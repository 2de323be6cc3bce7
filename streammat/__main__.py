"""``python -m streammat``."""

from __future__ import annotations

import sys

from streammat.cli import main

if __name__ == "__main__":
    sys.exit(main())
