"""Fine-tuning to a few painted frames: the run's settings, and the error that it starts from."""

from __future__ import annotations

from streammat.errors import ConfigError
from streammat.models import Rosta, config_of
from streammat.training.painted import HELD_OUT
from streammat.training.parallel import Group
from streammat.training.recipe import Recipe
from streammat.training.start import starting_model
from streammat.training.validate import validate
from streammat.training.work import Job, prepare


def fitted_recipe(recipe: Recipe, model: str) -> Recipe:
    """The recipe for the network of a model, with painted frames held out by name.

    Raises:
        ConfigError: an unknown model, one whose focus is not an alpha (FT, BT, RIM), or a recipe
            that names data sets.
        CheckpointError: a weight file that is damaged or fits no known network.
    """
    if recipe.data:
        raise ConfigError(
            "the recipe names data sets in a [data] table, fine-tuning learns painted frames: "
            "leave the table out, or use streammat train"
        )
    config = config_of(starting_model(model))
    if config.rosta is not Rosta.TT:
        raise ConfigError(
            f"{model} is a {config.rosta} network; TT networks can be fine-tuned, e.g. gfm_lite0_tt"
        )
    return recipe._replace(model=config.name, holdout_prefixes=(HELD_OUT,))


def starting_error(job: Job) -> float:
    """Mean absolute error of the weights that the run starts from, on what it is validated on."""
    trainer, examples, _ = prepare(job, Group())
    return validate(trainer.ema, examples)["all"]
