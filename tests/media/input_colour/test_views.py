"""Tone mapping, and tables against the formulas that they were made from."""

from __future__ import annotations

import numpy as np
import pytest

from streammat.errors import ConfigError
from streammat.media.input_colour.curves import CURVES
from streammat.media.input_colour.primaries import PRIMARIES, matrix
from streammat.media.input_colour.tone import compressed, tone_mapped
from streammat.media.input_colour.views import view_of
from streammat_kernels.colour.reference import encode
from streammat_kernels.layout import Transfer
from streammat_kernels.lut import Lut, reference
from tests.tolerances import VIEW_TABLE_MEAN, VIEW_TABLE_MOST

BT709 = PRIMARIES["bt709"]


def table(name: str, full_range: bool = True) -> Lut:
    found = view_of(name, full_range=full_range, primaries=BT709)
    assert found is not None
    return found


def exact(name: str, rgb: np.ndarray, peak: float) -> np.ndarray:
    """(3, H, W) 0..255 by the formulas, without a table."""
    curve = CURVES[name]
    primaries = PRIMARIES[curve.primaries] if curve.primaries else BT709
    light = np.moveaxis(curve.decode(rgb / 255.0), 0, -1) @ matrix(primaries, BT709).T
    return np.moveaxis(encode(tone_mapped(light, peak), Transfer.SRGB), -1, 0) * 255.0


def colours(saturation: float) -> np.ndarray:
    """(3, 60, 60) code values 0..255 around grey."""
    rng = np.random.default_rng(0)
    grey = rng.uniform(10, 245, (1, 60, 60))
    return np.clip(grey + saturation * rng.uniform(-60, 60, (3, 60, 60)), 0, 255)


def test_light_below_the_knee_is_untouched_and_the_peak_is_white() -> None:
    light = np.array([0.0, 0.05, 0.2, 0.4])
    assert compressed(light, 1000 / 203) == pytest.approx(light, abs=1e-9)
    assert compressed(np.array([1000 / 203, 50.0]), 1000 / 203) == pytest.approx([1.0, 1.0])


def test_compression_rises_everywhere() -> None:
    mapped = compressed(np.linspace(0, 100, 4000), 100.0)
    assert (np.diff(mapped) >= -1e-12).all()
    assert mapped.max() <= 1.0 + 1e-12


def test_light_that_an_sdr_screen_holds_is_only_clipped() -> None:
    light = np.array([[0.3, 0.5, 1.4]])
    assert tone_mapped(light, 1.0).max() == pytest.approx(1.0)
    assert compressed(np.array([0.3, 1.4]), 1.0).tolist() == [0.3, 1.0]


def test_bright_colours_keep_their_hue() -> None:
    mapped = tone_mapped(np.array([4.0, 2.0, 1.0]), 5.0)
    assert mapped / mapped[0] == pytest.approx([1.0, 0.5, 0.25])


@pytest.mark.parametrize("name", ["pq", "hlg", "slog3", "logc3", "logc4", "vlog", "acescct"])
def test_tables_are_near_their_formulas(name: str) -> None:
    rgb = colours(1.0)
    peak = min(float(CURVES[name].decode(np.array([1.0]))[0]), 100.0)
    error = np.abs(reference.apply(rgb, table(name)) - exact(name, rgb, peak))
    assert error.mean() <= VIEW_TABLE_MEAN
    assert np.percentile(error, 99) <= VIEW_TABLE_MOST


@pytest.mark.parametrize("name", ["linear", "acescg"])
def test_linear_tables_are_near_their_formulas_far_above_white(name: str) -> None:
    rng = np.random.default_rng(0)
    rgb = 255 * 2 ** rng.uniform(-9, 5, (1, 60, 60)) * rng.uniform(0.5, 1.5, (3, 60, 60))
    error = np.abs(reference.apply(rgb, table(name)) - exact(name, rgb, 64.0))
    assert error.mean() <= VIEW_TABLE_MEAN
    assert np.percentile(error, 99) <= VIEW_TABLE_MOST


def test_curves_of_whole_codes_know_the_range_of_the_file() -> None:
    """S-Log3 mid grey is 10-bit code 420; in a limited-range file that is 356 of 876."""
    as_codes = np.full((3, 1, 1), 255 * 420 / 1023)
    as_levels = np.full((3, 1, 1), 255 * (420 - 64) / 876)
    full = reference.apply(as_codes, table("slog3", full_range=True))
    limited = reference.apply(as_levels, table("slog3", full_range=False))
    assert full == pytest.approx(limited, abs=2 * VIEW_TABLE_MEAN)
    assert 105 < full[0, 0, 0] < 125  # mid grey looks like mid grey (118 in sRGB)


@pytest.mark.parametrize("name", ["rec709", "srgb"])
def test_sdr_needs_no_view(name: str) -> None:
    assert view_of(name, full_range=False, primaries=BT709) is None


def test_an_unknown_name_lists_what_is_known() -> None:
    with pytest.raises(ConfigError, match=r"--input-colour slog9: unknown, meant slog3\?.*acescg"):
        view_of("slog9", full_range=True, primaries=BT709)
