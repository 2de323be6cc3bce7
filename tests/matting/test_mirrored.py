"""A network asked about a picture and its mirror image."""

from __future__ import annotations

from typing import Any

import numpy as np

from streammat.matting.strategies import PassOutput
from streammat.matting.strategies.mirrored import Mirrored
from tests.matting.still_networks import RedNetwork, ramp_picture

SEEN = np.array([0, 0, 1], np.float32)[:, None, None]
LOST = np.array([1, 0, 0], np.float32)[:, None, None]


class OneSided(RedNetwork):
    """Sees the subject in the left half alone; answers with the same arrays every time."""

    glance = np.zeros((3, 64, 96), np.float32)
    focus = np.zeros((64, 96), np.float32)

    def __call__(self, rgb: Any, /) -> PassOutput:
        assert rgb.flags.c_contiguous
        self.glance[:, :, :48], self.glance[:, :, 48:] = SEEN, LOST
        self.focus[:, :48], self.focus[:, 48:] = 0.75, 0.25
        return PassOutput(self.glance, self.focus)


def test_the_mean_of_both_answers_has_no_side() -> None:
    output = Mirrored(OneSided())(np.zeros((64, 96, 3), np.float32))
    np.testing.assert_array_equal(output.glance, np.broadcast_to((SEEN + LOST) / 2, (3, 64, 96)))
    assert (output.focus == 0.5).all()


def test_a_network_without_a_side_answers_as_alone() -> None:
    picture = ramp_picture(64, 96).astype(np.float32)
    alone, both = RedNetwork()(picture), Mirrored(RedNetwork())(picture)
    np.testing.assert_array_equal(both.glance, alone.glance)
    np.testing.assert_array_equal(both.focus, alone.focus)


def test_it_is_the_network_that_it_asks() -> None:
    network = RedNetwork(variant="bt", network="gfm_r34_bt")
    mirrored = Mirrored(network)
    assert (mirrored.variant, mirrored.network) == ("bt", "gfm_r34_bt")
    mirrored.close()
    assert network.closed
