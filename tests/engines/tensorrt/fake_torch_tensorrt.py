"""A Torch-TensorRT with the real releases' signatures; its "plan" says what it was asked for.

`read_torch_tensorrt.py` reads the signatures from the released wheels. The function refuses what a
real one would take for an unknown option and ignore.
"""

from __future__ import annotations

import json
from inspect import Parameter, Signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FOLDER = Path(__file__).resolve().parent / "bindings" / "torch"
RELEASES = sorted(FOLDER.glob("*.json"))


class Tensor:
    """Of TensorRT; Torch-TensorRT names it."""

    def __init__(self, name: str) -> None:
        self.name = name


class Interpreter:
    """`TRTInterpreter` as far as it names outputs."""

    def __init__(self) -> None:
        self._output_names: list[str] = []

    def output(self, target: str, args: Any, kwargs: Any) -> list[Tensor]:
        assert target == "output"
        assert not kwargs
        tensors = [Tensor(f"output{place}") for place in range(len(args[0]))]
        self._output_names += [tensor.name for tensor in tensors]
        return tensors


class Converter:
    """The converting function of one release; ``calls`` keeps what came."""

    def __init__(self, facts: dict[str, Any], interpreter: Any) -> None:
        positional = [
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None)
            for name in facts["positional"]
        ]
        keywords = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in facts["keywords"]
        ]
        self.__signature__ = Signature([*positional, *keywords])
        self._interpreter = interpreter
        self.calls: list[dict[str, Any]] = []
        self.fails: Exception | None = None
        self.timings = b"learned"

    def __call__(self, *given: Any, **options: Any) -> bytes:
        call = self.__signature__.bind(*given, **options).arguments
        self.calls.append(call)
        if self.fails is not None:
            raise self.fails
        path = Path(call["timing_cache_path"])
        path.write_bytes((path.read_bytes() if path.is_file() else b"") + self.timings)
        results = call["exported_program"].graph_signature.user_outputs
        made = self._interpreter()
        made.output("output", (list(results),), {})
        names = call.get("output_binding_names") or made._output_names
        return json.dumps(["rgb", *names]).encode()


def fake_package(release: Path, *, rtx: bool = False) -> tuple[Any, Any]:
    """The module ``torch_tensorrt`` of a release and its interpreter's module."""
    facts = json.loads(release.read_text())
    interpreter = SimpleNamespace(TRTInterpreter=type("TRTInterpreter", (Interpreter,), {}))
    dynamo = SimpleNamespace(**{facts["function"]: Converter(facts, interpreter.TRTInterpreter)})
    features = SimpleNamespace(tensorrt_rtx=rtx)
    package = SimpleNamespace(
        dynamo=dynamo, ENABLED_FEATURES=features, Input=lambda **options: options
    )
    return package, interpreter
