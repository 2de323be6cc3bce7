"""OpenVINO's Python package, loaded without its telemetry.

Importing ``openvino`` reports the import over the network from a forked copy of the process, made
in whatever thread happens to run. A copy of a process in the middle of other threads' work can
hang for ever, and nobody who mattes a clip has agreed to the report. OpenVINO does without when
its telemetry package cannot be imported, so that is what it finds.
"""

from __future__ import annotations

import importlib
import sys
from threading import Lock
from types import ModuleType

from streammat_kernels.errors import DependencyError

__all__ = ["load_openvino"]

_TELEMETRY = "openvino_telemetry"
_lock = Lock()


def load_openvino() -> ModuleType:
    """The ``openvino`` package; whoever needs it gets it from here, so that it stays silent.

    Raises:
        DependencyError: OpenVINO is not installed.
    """
    with _lock:
        if "openvino" in sys.modules:
            return sys.modules["openvino"]
        known = sys.modules.get(_TELEMETRY)
        # The import system takes None for "there is no such module".
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
        try:
            importlib.import_module("openvino.frontend")
        except ImportError as error:
            raise DependencyError("OpenVINO is missing: pip install openvino") from error
        finally:
            if known is None:
                del sys.modules[_TELEMETRY]
            else:
                sys.modules[_TELEMETRY] = known
        return sys.modules["openvino"]
