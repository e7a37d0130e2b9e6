"""When numbers agree, and what is read off a record."""

import math

import numpy as np
import pytest

from shinso.reproduce import Record
from shinso.reproduce import _measures as measures
from shinso.reproduce._agreement import Between, Near, at_least, at_most, mean_and_deviation, within_factor

SEEDS = [95.1, 95.3, 95.6]
"""Mean 95.333…, sample's standard deviation 0.2517."""


def test_mean_and_deviation_are_those_of_a_sample():
    assert mean_and_deviation(SEEDS) == pytest.approx((np.mean(SEEDS), np.std(SEEDS, ddof=1)))
    assert mean_and_deviation([7.0]) == (7.0, 0.0)


@pytest.mark.parametrize(
    ("rule", "values", "agrees"),
    [
        (Near(95.42, 0.25), SEEDS, True),
        (Near(95.80, 0.25), SEEDS, True),  # 0.467 away: within 2 s = 0.503
        (Near(95.90, 0.25), SEEDS, False),
        (Near(95.90, 0.60), SEEDS, True),
        (Near(95.0, 0.25), [95.2], True),
        (Near(95.0, 0.25), [95.26], False),
        (Near(95.0, 0.25), [94.74], False),
        (at_most(11.0), [10.0, 11.9], True),
        (at_most(11.0), [10.0, 12.1], False),
        (at_least(0.9), [0.89, 0.91], True),
        (at_least(0.9), [0.88, 0.91], False),
        (at_least(0.9, some=True), [0.1, 0.91], True),
        (at_least(0.9, some=True), [0.1, 0.89], False),
        (Between(5, 30), [31.0], False),
        (Between(5, 30), [4.0], False),
        (within_factor(0.07, 2.0), [0.13], True),
        (within_factor(0.07, 2.0), [0.15], False),
        (within_factor(0.07, 2.0), [0.034], False),
    ],
)
def test_judgement(rule, values, agrees):
    assert rule.agrees(values) is agrees


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Near(95.42, 0.25), "|mean − 95.42| ≤ max(0.25, 2 s)"),
        (Between(5, 30), "5 ≤ mean ≤ 30"),
        (at_most(11.5), "mean ≤ 11.5"),
        (at_least(90.0, some=True), "90 ≤ a seed"),
    ],
)
def test_a_rule_says_itself(rule, words):
    assert rule.words == words


RECORD = Record(
    entry="R0",
    seed=0,
    steps=[],
    curves={"net": {"a": [3.0, 1.0, 2.0, 0.5], "b": [1.0, 4.0, 3.0, 1.0]}},
    values={"x": 6.0, "zero": 0.0},
    seconds=1.0,
    processor_seconds=1.0,
    together=[0],
    command="",
    environment={},
)


@pytest.mark.parametrize(
    ("measure", "number"),
    [
        (measures.best("net", "a"), 3.0),
        (measures.first("net", "b"), 1.0),
        (measures.after("net", "b", 2), 4.0),
        (measures.last("net", "a"), 0.5),
        (measures.epoch_of_least("net", "a"), 4),
        (measures.epoch_of_steepest_fall("net", "a"), 1),  # 2 from the first epoch to the second
        (measures.share_of_rises("net", "a"), 100 / 3),
        (measures.share_below("net", "a", "b"), 75.0),
        (measures.at_best("net", "b", "a"), 1.0),
        (measures.value("x"), 6.0),
        (measures.difference(measures.value("x"), measures.last("net", "a")), 5.5),
        (measures.ratio(measures.value("x"), measures.best("net", "a")), 2.0),
        (measures.least_of([measures.value("x"), measures.last("net", "a")]), 0.5),
        (measures.best("other", "a"), None),
        (measures.at_best("net", "c", "a"), None),
        (measures.share_below("net", "a", "c"), None),
        (measures.value("y"), None),
        (measures.difference(measures.value("y"), measures.value("x")), None),
        (measures.least_of([measures.value("x"), measures.value("y")]), None),
    ],
)
def test_measures(measure, number):
    assert measure(RECORD) == (number if number is None else pytest.approx(number))


def test_numbers_that_are_not_there_are_nan():
    assert math.isnan(measures.after("net", "a", 5)(RECORD))
    assert math.isnan(measures.ratio(measures.value("x"), measures.value("zero"))(RECORD))
