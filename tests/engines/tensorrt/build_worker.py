"""A process that builds an engine slowly; started by the tests of the lock.

``python -m tests.engines.tensorrt.build_worker MODEL CACHE SECONDS`` prints ``building`` when the
build begins, ``waiting`` when another process builds, and the plan's key at the end.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from streammat_engines.tensorrt.build import BuiltPlan, build_plan
from streammat_engines.tensorrt.cache import PlanCache
from streammat_engines.tensorrt.obtain import Workshop, obtain
from tests.engines.tensorrt.plans import GPU, api, request_for


def main(model: str, folder: str, seconds: str) -> None:
    def build(*given: Any, **options: Any) -> BuiltPlan:
        print("building", flush=True)
        (Path(folder) / "unfinished.plan.1.partial").write_bytes(b"half a plan")
        time.sleep(float(seconds))
        (Path(folder) / "unfinished.plan.1.partial").unlink()
        return build_plan(*given, **options)

    def say(text: str) -> None:
        if "waiting" in text:
            print("waiting", flush=True)

    shop = Workshop(api(), GPU, PlanCache(Path(folder)), build=build, say=say)
    print(obtain(request_for(Path(model)), shop).manifest.key, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
