"""``python -m benchmarks NAME [...]``: runs one benchmark; without a name lists them."""

from __future__ import annotations

import importlib
import sys

EXIT_MISSING = 4  # a device or a package
CASES = {
    "net": "the default network against RVM's, CPU-ms a frame at 512x288",
    "looks": "what a second glance costs, and what a graph without concatenations saves",
    "gfm": "a released network through OpenVINO against PyTorch eager",
    "kernels": "each op alone at 1080p against OpenCV, NumPy and pymatting",
    "media": "reading and writing beside the bare codecs, CPU-ms a frame at 1080p",
    "encoders": "bytes, quality and time of encoders as jobs start them, and as is usual",
    "pipeline": "frames per second end to end, share of each stage, efficiency",
    "exports": "how exactly exported graphs compute what PyTorch computes",
    "half": "what half precision costs, by which operators stay FP32",
    "gpu": "engines on an NVIDIA GPU, packed for an offline host",
    "memory": "peak memory, and growth from frame 200 to 2,000",
    "matte": "error of the default model against reference frames and exact alphas",
    "rssn": "training samples a second, kernels against OpenCV in two processes",
    "quality": "the default model beside MediaPipe selfie and RVM: photographs and made clips",
    "temporal": "flicker and lag of the smoothing",
    "tables": "writes README's tables from results/",
    "start": "seconds to --help and to the first frame, cold and warm",
}


def main(arguments: list[str]) -> int:
    """Run the named benchmark with the remaining arguments."""
    if not arguments or arguments[0] not in CASES:
        print("usage: python -m benchmarks NAME [--json FILE] [--help]")
        print("\n".join(f"  {name:<10} {text}" for name, text in CASES.items()))
        return 0 if not arguments or arguments[0] in {"-h", "--help"} else 2
    try:
        module = importlib.import_module(f"benchmarks.{arguments[0]}")
        return int(module.main(arguments[1:]) or 0)
    except Exception as error:  # of streammat's own kinds, which a bare GPU host cannot import
        if getattr(error, "exit_code", 1) != EXIT_MISSING:
            raise
        print(f"error: {error}", file=sys.stderr)
        return EXIT_MISSING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
