"""OpenVINO's Python package, loaded without its telemetry, and its one core.

Importing ``openvino`` reports the import over the network from a forked copy of the process, made
in whatever thread happens to run. A copy of a process in the middle of other threads' work can
hang for ever, and nobody who mattes a clip has agreed to the report. OpenVINO does without when
its telemetry package cannot be imported, so that is what it finds.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING

from streammat_kernels.errors import DependencyError

if TYPE_CHECKING:
    import openvino

__all__ = ["load_openvino", "openvino_core"]

_TELEMETRY = "openvino_telemetry"
_lock = Lock()
_core_lock = Lock()


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


def openvino_core() -> openvino.Core:
    """The process's one core, which is never freed.

    On CPUs with AMX each core gives the thread that made it a stack for signals and takes it away
    in the end. With several cores, freed in another order than they were made, the thread is left
    with a stack that is gone, and the next Ctrl-C is a segmentation fault.

    Raises:
        DependencyError: OpenVINO is not installed.
    """
    with _core_lock:  # a second core, made at the same moment, would be freed
        return _core()


@cache
def _core() -> openvino.Core:
    core: openvino.Core = load_openvino().Core()
    return core
