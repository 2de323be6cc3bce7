"""Camera curves at the code values that their makers state, and primaries."""

from __future__ import annotations

import numpy as np
import pytest

from streammat.media.input_colour.curves import CURVES
from streammat.media.input_colour.primaries import PRIMARIES, code_point, from_code_point, matrix
from tests.tolerances import CURVE_MID_GREY

# Code value of an 18 % grey card, as share of the largest code, from each white paper.
MID_GREY = {
    "slog3": 420 / 1023,
    "slog3-sgamut3": 420 / 1023,
    "logc3": 0.391007,
    "logc4": 0.278396,
    "vlog": 433 / 1023,
    "clog": 0.343390,
    "clog2": 0.398254,
    "clog3": 0.343389,
    "nlog": 372 / 1023,
    "flog": 470 / 1023,
    "flog2": 400 / 1023,
    "dlog": 0.398764,
    "applelog": 0.488272,
    "log3g10": 1 / 3,
    "bmdfilm5": 0.383562,
    "davinci": 0.336043,
    "cineon": 0.457319,
    "acescct": 0.413588,
    "acescc": 0.413588,
}


@pytest.mark.parametrize("name", MID_GREY)
def test_mid_grey_lies_where_the_maker_says(name: str) -> None:
    light = float(CURVES[name].decode(np.array([MID_GREY[name]]))[0])
    assert light == pytest.approx(0.18, rel=CURVE_MID_GREY)


def test_diffuse_white_of_pq_and_hlg_is_203_cd() -> None:
    """BT.2408: 58 % of PQ and 75 % of HLG."""
    assert float(CURVES["pq"].decode(np.array([0.5807]))[0]) == pytest.approx(1, rel=CURVE_MID_GREY)
    assert float(CURVES["hlg"].decode(np.array([0.75]))[0]) == pytest.approx(1, rel=CURVE_MID_GREY)


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_rises_and_stays_finite_over_all_codes(name: str) -> None:
    light = CURVES[name].decode(np.linspace(0.0, 1.0, 1024))
    assert np.isfinite(light).all()
    assert (np.diff(light) >= 0).all()
    assert light[-1] > 0.9


@pytest.mark.parametrize("name", PRIMARIES)
def test_white_stays_white_between_primaries(name: str) -> None:
    to_709 = matrix(PRIMARIES[name], PRIMARIES["bt709"])
    assert to_709 @ np.ones(3) == pytest.approx(np.ones(3))
    back = matrix(PRIMARIES["bt709"], PRIMARIES[name])
    assert back @ to_709 == pytest.approx(np.eye(3), abs=1e-9)


def test_bt2020_to_bt709_is_the_matrix_of_bt2087() -> None:
    published = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    found = matrix(PRIMARIES["bt2020"], PRIMARIES["bt709"])
    assert found == pytest.approx(np.array(published), abs=1e-4)


def test_code_points_name_their_primaries() -> None:
    assert [code_point(PRIMARIES[n]) for n in ("bt709", "bt2020", "p3", "ap1")] == [1, 9, 12, 2]
    assert from_code_point(9) == PRIMARIES["bt2020"]
    assert from_code_point(6) == PRIMARIES["bt709"]
