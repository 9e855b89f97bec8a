from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.synthetic.rows import round_mantissa


@pytest.mark.parametrize(
    ("value", "bits", "expected"),
    [
        (1.0, 6, 1.0),
        (1 + 1 / 64, 6, 1 + 1 / 64),
        (1 + 1 / 256, 6, 1.0),
        (1 + 3 / 256, 6, 1 + 1 / 64),
        (1 + 1 / 128, 6, 1 + 1 / 64),  # a tie goes away from zero
        (-1 - 1 / 128, 6, -1 - 1 / 64),
        (1.999, 6, 2.0),
        (-999.0, 10, -999.0),
        (0.0, 12, 0.0),
    ],
)
def test_rounds_to_the_nearest_stored_number(value, bits, expected):
    rounded = round_mantissa(np.array([value]), bits)

    assert rounded.dtype == np.float32
    assert rounded[0] == expected


@given(st.floats(2**-100, 2**100, width=32), st.integers(1, 22))
def test_keeps_the_bits_and_no_other_number_with_them_is_nearer(value, bits):
    rounded = Fraction(float(round_mantissa([value], bits)[0]))

    exponent = int(np.floor(np.log2(np.float64(value))))
    step = Fraction(2) ** (exponent - bits)
    assert rounded % step == 0
    assert abs(rounded - Fraction(value)) <= step / 2
