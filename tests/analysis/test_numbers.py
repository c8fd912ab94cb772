import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.numbers import difference_text, mean_text, rounds_to_zero, std_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.975, "share", "97.50%"),
        (1.0, "share", "100.00%"),
        (0.99999, "share", "99.99%"),
        (0.00001, "share", "0.01%"),
        (0.0, "share", "0.00%"),
        (1.0, "similarity", "1.00"),
        (0.99999994, "similarity", "1.00"),
        (0.9996, "similarity", "0.99"),
        (0.995, "similarity", "0.99"),
        (0.9849, "similarity", "0.98"),
        (-0.001, "similarity", "0.00"),
        (-0.9999, "similarity", "-0.99"),
        (12.345, "seconds", "12.3 s"),
        (-1.23456, "loss", "-1.2346"),
        (3.5, "count", "3.50"),
        (2.999, "count", "3.00"),
        (3.0, "count", "3"),
        (37_828_608.0, "count", "37,828,608"),
        (1_234.56, "seconds", "1,234.6 s"),
        (12_345.6, "joules", "12,346 J"),
        (math.nan, "share", "NaN"),
        (math.inf, "loss", "inf"),
        (-math.inf, "loss", "-inf"),
    ],
)
def test_means(value, unit, text):
    assert mean_text(value, unit) == text


@given(st.floats(0, 1))
def test_a_share_is_shown_as_all_or_nothing_only_if_it_is(value):
    text = mean_text(value, "share")
    assert abs(float(text.rstrip("%")) - 100 * value) <= 0.0100001
    if 1e-8 < value < 1 - 1e-8:
        assert text not in ("0.00%", "100.00%")


def test_deviations_are_rounded_to_the_nearest():
    assert std_text(0.0791, "share") == "7.91%"
    assert std_text(0.00001, "similarity") == "0.00"
    assert rounds_to_zero(0.00001, "share")
    assert not rounds_to_zero(0.01, "similarity")
    assert rounds_to_zero(0.001, "count")
    assert rounds_to_zero(0.4, "joules")
    assert not rounds_to_zero(math.inf, "count")


def test_the_noise_of_a_sum_does_not_change_what_is_shown():
    values = [0.99875] * 6
    assert mean_text(sum(values) / 6, "share") == mean_text(0.99875, "share")
    assert mean_text(0.99875 - 1e-15, "share") == mean_text(0.99875, "share") == "99.88%"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0012, "share", "+0.12 pp"),
        (-0.025, "share", "-2.50 pp"),
        (-0.00001, "share", "0.00 pp"),
        (0.0, "share", "0.00 pp"),
        (-0.01, "similarity", "-0.01"),
        (-1234.0, "count", "-1,234"),
        (2.04, "seconds", "+2.0 s"),
    ],
)
def test_differences_have_a_sign_and_shares_percentage_points(value, unit, text):
    assert difference_text(value, unit) == text


def test_similarities_of_candidates_are_told_apart():
    assert mean_text(0.98765, "similarity", finely=True) == "0.9877"
    assert mean_text(0.99996, "similarity", finely=True) == "0.9999"
    assert mean_text(1.0, "similarity", finely=True) == "1.0000"
    assert std_text(0.00123, "similarity", finely=True) == "0.0012"
    assert mean_text(0.98765, "share", finely=True) == mean_text(0.98765, "share")
