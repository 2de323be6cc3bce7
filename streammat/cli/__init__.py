"""The program: ``streammat matte|image|eval|demo|probe|formats|models|engine|doctor|config``.

Nothing heavy is imported here; a subcommand's module is loaded when it is called, so that
``streammat --help`` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import sys
import warnings
from collections.abc import Sequence

import click

from streammat import __version__
from streammat.cli.lazy import LazyGroup
from streammat.cli.options import debug_option

__all__ = ["main", "program"]


@click.group(
    cls=LazyGroup,
    commands_at={
        "matte": ("streammat.cli.matte:matte", "Matte clips, stills or image sequences."),
        "image": ("streammat.cli.image:image", "Cut the subject out of photos."),
        "eval": ("streammat.cli.eval:evaluate", "Score a model on photos with true alphas."),
        "demo": ("streammat.cli.demo:demo", "See it work on a short sample clip."),
        "probe": ("streammat.cli.probe:probe", "Say what a clip is and how it will be read."),
        "formats": ("streammat.cli.formats:formats", "List what can be written, for --codec."),
        "train": ("streammat.cli.train:train", "Train a network by a recipe."),
        "finetune": ("streammat.cli.finetune:finetune", "Fit a network to a few painted frames."),
        "models": ("streammat.cli.models:models", "List the models, their licences and limits."),
        "engine": ("streammat.cli.engine:engine", "Build and keep engines for NVIDIA GPUs."),
        "data": ("streammat.cli.data:data", "Prepare data sets for training."),
        "doctor": ("streammat.cli.doctor:doctor", "Say what this machine can do and what lacks."),
        "config": ("streammat.cli.config:config", "Show each setting's value and its origin."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="streammat")
@debug_option
def program() -> None:
    """Video matting: a clip goes in; an alpha matte, a cut-out or a composite comes out.

    \b
    streammat demo                            see it work
    streammat matte in.mp4 -o out.mov         ProRes 4444 with alpha
    streammat matte in.mp4 -o out.mp4 --background blur
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error is one line on stderr."""
    from streammat.cli.failure import guarded

    # At its end Python searches all that lives for cycles, a third of a second with Numba and
    # OpenVINO loaded; whatever has to be closed has been closed by then.
    atexit.register(gc.freeze)
    # Pillow's remarks on a file are no words to the user; what cannot be read is an error.
    warnings.filterwarnings("ignore", module=r"PIL\b")
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(program, given)
