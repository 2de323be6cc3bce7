from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from streammat.matting.passes.torch import TorchPass  # noqa: E402
from streammat.matting.strategies.second_glance import SecondGlance  # noqa: E402
from streammat.models import create_model  # noqa: E402
from streammat.models.psp import matrices_for  # noqa: E402
from streammat.models.second_glance import second_glance_logits  # noqa: E402
from tests.tolerances import ENGINE_RUNTIMES  # noqa: E402


def test_training_looks_as_the_deployed_engine_does() -> None:
    torch.manual_seed(0)
    model = create_model("gfm_lite0_tt").eval()
    rgb = torch.rand(1, 3, 192, 256) * 255
    expected = SecondGlance(TorchPass(model))(rgb[0].permute(1, 2, 0).contiguous().numpy())
    with torch.inference_mode():
        found = second_glance_logits(model, rgb)
    np.testing.assert_allclose(
        torch.sigmoid(found.glance)[0].numpy(), expected.glance, atol=ENGINE_RUNTIMES
    )
    np.testing.assert_allclose(
        torch.sigmoid(found.focus)[0, 0].numpy(), expected.focus, atol=ENGINE_RUNTIMES
    )


def test_a_small_picture_is_looked_at_once() -> None:
    model = create_model("gfm_lite0_tt").eval()
    rgb = torch.rand(1, 3, 64, 96) * 255
    with torch.inference_mode():
        once = model.logits(rgb, matrices_for(64, 96))
        twice = second_glance_logits(model, rgb)
    assert torch.equal(once.glance, twice.glance)


def test_both_looks_are_learned_from() -> None:
    model = create_model("gfm_lite0_tt").eval()
    rgb = torch.rand(1, 3, 192, 192) * 255
    seen: list[tuple[int, ...]] = []
    model.encoder.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape)))
    torch.autograd.backward(second_glance_logits(model, rgb).glance.sum())
    assert seen == [(1, 3, 192, 192), (1, 3, 96, 96)]
    assert all(p.grad is not None for p in model.glance.parameters())
