"""What overrules a guess is said in options."""

import pytest

from shinso.cli._wording import in_options


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("skip_ragged=True leaves such rows out", "--skip-ragged leaves such rows out"),
        (
            "the first row looks like data (header=True overrides it)",
            "the first row looks like data (--header overrides it)",
        ),
        ("kinds={'zip code': …} uses it", "--column 'zip code=KIND' uses it"),
        ("kinds={'when': 'number'} overrides it", "--column 'when=number' overrides it"),
        ("group='patient' keeps them", "--group 'patient' keeps them"),
        ("missing=['inf'] counts it as missing", "--missing 'inf' counts it as missing"),
        ("encoding= says another", "--encoding says another"),
        ("image_size= overrides it", "--resize overrides it"),
        ("inferred; `kind` overrides it", "inferred; --kind overrides it"),
        ("line 2 holds 'x=1' and alpha=3", "line 2 holds 'x=1' and alpha=3"),
    ],
)
def test_options(sentence, expected):
    assert in_options(sentence) == expected
