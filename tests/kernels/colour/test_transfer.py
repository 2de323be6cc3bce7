"""Tables between encoded values and light, against the formulas and published points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit

from streammat_kernels.colour import reference
from streammat_kernels.colour.transfer import encode, encode_table, linear_table
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Transfer
from tests.tolerances import ENCODE_TABLE, FLOAT64


@njit
def encode_all(light: Any, table: Any, out: Any) -> None:
    for index in range(light.size):
        out[index] = encode(light[index], table)


def encoded(light: Any, transfer: Transfer) -> Any:
    out = np.empty(len(light), np.float32)
    encode_all(np.asarray(light, np.float32), encode_table(transfer), out)
    return out


@pytest.mark.parametrize("transfer", Transfer)
def test_every_code_comes_back(transfer: Transfer) -> None:
    codes = encoded(linear_table(transfer, 16), transfer) * 65535
    assert np.abs(codes - np.arange(65536)).max() <= ENCODE_TABLE


@pytest.mark.parametrize("transfer", Transfer)
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_light_rises_from_exactly_0_to_exactly_1(transfer: Transfer, bits: int) -> None:
    table = linear_table(transfer, bits)
    assert table.shape == (1 << bits,)
    assert table[0] == 0
    assert abs(table[-1] - 1) < 1e-6
    assert (np.diff(table) > 0).all()


@pytest.mark.parametrize("transfer", Transfer)
def test_light_outside_0_to_1_is_clipped(transfer: Transfer) -> None:
    low, zero, one, high = encoded([-0.5, 0.0, 1.0, 7.0], transfer)
    assert low == zero == 0
    assert high == one
    assert abs(one - 1) < 1e-6


@pytest.mark.parametrize(
    ("transfer", "code", "light"),
    [
        (Transfer.SDR, 0.5, 0.5**2.4),  # BT.1886
        (Transfer.SRGB, 0.5, 0.21404114),  # IEC 61966-2-1
        (Transfer.PQ, 0.50807842, 0.01),  # ST 2084: 100 cd/m2
        (Transfer.PQ, 0.75182701, 0.1),  # ST 2084: 1,000 cd/m2
        (Transfer.HLG, 0.5, 1 / 12),  # BT.2100
        (Transfer.HLG, 0.75, 0.26496256),  # BT.2408: reference white
        (Transfer.LINEAR, 0.3, 0.3),
    ],
)
def test_published_points(transfer: Transfer, code: float, light: float) -> None:
    assert reference.linearise(np.array([code]), transfer)[0] == pytest.approx(light, rel=1e-5)


@pytest.mark.parametrize("transfer", [Transfer.SDR, Transfer.SRGB, Transfer.LINEAR])
def test_formulas_are_inverse(transfer: Transfer) -> None:
    codes = np.linspace(0, 1, 501)
    back = reference.encode(reference.linearise(codes, transfer), transfer)
    assert np.abs(back - codes).max() <= FLOAT64


def test_tables_are_shared_and_cannot_be_spoilt() -> None:
    table = linear_table(Transfer.SDR, 12)
    assert linear_table(Transfer.SDR, 12) is table
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_a_depth_that_is_not_there_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"8\.\.16"):
        linear_table(Transfer.SDR, 17)
