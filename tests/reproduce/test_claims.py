"""What the sources say and a program can show: it holds, and the experiments measure what they say."""

import math

import numpy as np
import pytest

from shinso.reproduce import ENTRIES, EXPERIMENTS, Context, Record

NOWHERE = Context(folder=None)
CLAIMS = [f"R{number}" for number in range(47, 64)]


def measured(name, settings=None, seeds=(0,)):
    """A result for each seed, with some settings in place of the entry's."""
    (step,) = ENTRIES[name].steps
    return EXPERIMENTS[step.experiment]({**step.settings, **(settings or {})}, list(seeds), NOWHERE)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_the_claim_holds_for_seeds_that_no_record_has(name):
    entry, seeds = ENTRIES[name], (17, 18, 19)
    records = [
        Record(name, seed, [], result.curves, result.values, 1.0, 1.0, [seed], "", {})
        for seed, result in zip(seeds, measured(name, seeds=seeds), strict=True)
    ]
    assert {claim.what: claim.judge(records).agrees for claim in entry.claims} == {c.what: True for c in entry.claims}


def test_all_sets_of_examples_are_averaged():
    values = measured("R47", {"examples": 5, "batch": 2})[0].values
    assert max(values.values()) < 1e-14


def test_every_thinned_network_is_asked():
    values = measured("R49", {"hidden": 5})[0].values
    assert max(values["outputs"], values["geometric"]) < 1e-14
    assert values["arithmetic"] > 1e-4


def test_equivalent_networks_are_counted():
    values = measured("R53", {"hidden": 3})[0].values
    assert values["networks"] == math.factorial(3) * 2**3
    assert values["error"] < 1e-14


def test_a_valley_is_crossed_as_theory_says():
    """The distance falls by (κ − 1)/(κ + 1) a step, along and across alike from this start."""
    result = measured("R56")[0]
    expected = (99 / 101) ** np.arange(50)
    np.testing.assert_allclose(result.curves["plain"]["distance"][:50], expected, rtol=1e-4)
    assert result.values["plain"] == math.ceil(math.log(1e-3) / math.log(99 / 101))


def test_a_chain_of_two_links_moves_as_the_formula_says():
    """ŷ = x w₁w₂, E = ½ mean (ŷ − 2x)²: one step of both links and biases, by hand."""
    fall, w = 0.5, 0.9
    x = np.random.default_rng(0).normal(size=100)
    delta = (w * w - 2) * x
    slopes = np.array([(delta * x).mean() * w, delta.mean() * w, (delta * x).mean() * w, delta.mean()])
    before = 0.5 * np.mean(delta**2)
    w1, b1, w2, b2 = np.array([w, 0, w, 0]) - fall * before / (slopes @ slopes) * slopes
    after = 0.5 * np.mean(((x * w1 + b1) * w2 + b2 - 2 * x) ** 2)
    values = measured("R58", {"depths": [2]})[0].values
    assert values["plain, 2 links"] == pytest.approx((before - after) / (fall * before), rel=1e-9)
    assert values["normalized, 2 links"] == pytest.approx(1 - fall / 4, rel=1e-3)
