import math

import pytest

from shinso._words import count, listing, number, percent, percent_range, plain, seconds, shortened


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (percent(0.986, 1000), "98.6 %"),
        (percent(0.98643, 10_000), "98.64 %"),
        (percent(0.99999, 1000), "99.9 %"),
        (percent(0.00001, 1000), "0.1 %"),
        (percent(1.0, 10), "100 %"),
        (percent(0.0, 10), "0 %"),
        (percent(math.nan), "–"),
        (percent_range(0.9766, 0.9917, 1000), "97.7–99.2 %"),
        (count(60_000, "example"), "60,000 examples"),
        (count(1, "class", "classes"), "1 class"),
        (count(2, "class", "classes"), "2 classes"),
        (number(0.12345), "0.123"),
        (number(-1234.5), "−1,234"),
        (number(1.2e-7), "1.20 × 10⁻⁷"),
        (number(9e8), "9.00 × 10⁸"),
        (number(0.0), "0"),
        (number(math.nan), "not a number"),
        (number(-math.inf), "−infinite"),
        (plain(0.01), "0.01"),
        (plain(12500), "12,500"),
        (plain(1e8), "10⁸"),
        (plain(-2e-9), "−2 × 10⁻⁹"),
        (seconds(4e-5), "40 µs"),
        (seconds(0.31), "310 ms"),
        (seconds(6.05), "6.0 s"),
        (seconds(125), "2 min 5 s"),
        (seconds(7380), "2 h 3 min"),
        (seconds(math.nan), "–"),
        (listing(["a", "b"]), "a, b"),
        (listing(list("abcdef"), most=4), "a, b and 4 more"),
        (shortened("abcdef", 4), "abc…"),
        (shortened("abcd", 4), "abcd"),
    ],
)
def test_words(told, expected):
    assert told.replace("\N{NO-BREAK SPACE}", " ") == expected
