"""Batch norms folded away for export leave every network's outputs as they are."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from streammat.models import GfmConfig, RimOutput  # noqa: E402
from streammat.models.batch_norms import fold_batch_norms  # noqa: E402
from tests.models.official.conftest import randomised  # noqa: E402
from tests.tolerances import EXPORTED_OUTPUTS  # noqa: E402

NETWORKS = ["r34_tt", "r34_ft", "r34_2b_tt", "r101_bt", "d121_tt", "d121_rim"]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_gives_the_same_outputs(name: str) -> None:
    model = randomised(GfmConfig.from_name(f"gfm_{name}_div32"))
    folded = fold_batch_norms(model)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    rgb = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 255
    with torch.no_grad():
        found, wanted = folded(rgb), model(rgb)
    pairs = (
        zip(found[:3], wanted[:3], strict=True)
        if isinstance(wanted, RimOutput)
        else [(found, wanted)]
    )
    for got, want in pairs:
        torch.testing.assert_close(got.glance, want.glance, rtol=0, atol=EXPORTED_OUTPUTS)
        torch.testing.assert_close(got.focus, want.focus, rtol=0, atol=EXPORTED_OUTPUTS)
