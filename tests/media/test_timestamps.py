"""Only what no container could hold is repaired."""

from __future__ import annotations

from fractions import Fraction

from streammat.media.timestamps import RisingPts, step_of


def test_rising_stamps_pass_untouched_even_below_zero() -> None:
    rising = RisingPts(step=10)
    assert [rising(pts) for pts in (-20, -7, 0, 1, 500)] == [-20, -7, 0, 1, 500]
    assert rising.repaired == 0


def test_missing_stamps_follow_at_the_usual_distance() -> None:
    rising = RisingPts(step=10)
    assert [rising(pts) for pts in (None, 10, None, None)] == [0, 10, 20, 30]
    assert rising.repaired == 3


def test_a_decoding_stamp_stands_in() -> None:
    assert RisingPts(step=10)(None, fallback=70) == 70


def test_stamps_that_do_not_rise_are_moved_by_the_least() -> None:
    rising = RisingPts(step=10)
    assert [rising(pts) for pts in (0, 10, 10, 5, 20)] == [0, 10, 11, 12, 20]
    assert rising.repaired == 2


def test_step_is_at_least_one_unit() -> None:
    assert step_of(Fraction(25), Fraction(1, 12800)) == 512
    assert step_of(Fraction(90000), Fraction(1, 25)) == 1
    assert step_of(None, Fraction(1, 25)) == 1
