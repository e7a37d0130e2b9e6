"""The book's broad strategy: little data, a small network and a fast signal first, then one setting after the other."""

import math
from collections.abc import Generator, Sequence

from shinso.tuning._search_space import Choice, Interval, Point, nearby, shapes_in
from shinso.tuning._searches import Plan, Search
from shinso.tuning._trials import Trial, TrialSpec

SLICE = 1000
"""Training examples of the first experiments, the book's number."""
_SMALL: dict[str, Point] = {"mlp": {"hidden": (16,)}, "cnn": {"channels": (8, 16), "hidden": (32,)}}
Trials = Generator[list[TrialSpec], list[Trial], list[Trial]]
_QUICK = 4  # the first experiments take so much less than all epochs
_FALLING = ("sgd", "momentum", "nesterov", "nesterov_interim")


def broad_strategy(plan: Plan) -> Search:
    """The broad strategy (Nielsen, chapter 3, "How to choose a neural network's hyper-parameters?").

    1. On at most 1,000 examples, with a small network and λ = 0: the order of magnitude of the learning rate by the
       training cost (`find_learning_rate`). With it, λ by decades by the validation loss; with that, the rate again.
    2. The whole network on all examples: the defaults, what step 1 found, what lies half-way, and numbers near that.
    3. The shape, one setting at a time: dropout, hidden units, …, each option with the best numbers and some near them.
    4. The mini-batch by time to a given loss in seconds, the rate scaled along: ∝ M for rules that follow the gradient
       itself (Nielsen, equation 95), ∝ √M for adaptive ones.
    5. Numbers near the best, nearer and nearer.
    """
    start = yield from _first_signal(plan)
    trials = yield from _whole(plan, "whole network", [{}, start, _between(plan, start)], 0.08)
    trials += yield from _whole(plan, "near the best", [_best(trials)], 0.08)
    for name in shapes_in(plan.space):
        if name != "batch_size":
            trials += yield from _shape(plan, name, trials)
    trials += yield from _mini_batch(plan, trials)
    spread = 0.1
    while True:
        trials += yield from _whole(plan, "near the best", [_best(trials)], spread)
        spread = max(0.8 * spread, 0.02)


def _first_signal(plan: Plan) -> Generator[list[TrialSpec], list[Trial], Point]:
    """Return what a small network on a slice says of the rate and of λ."""
    small = dict(_SMALL.get(plan.base.network or "", {}))
    epochs = max((plan.base.epochs or 1) // _QUICK, 1)
    examples = min(SLICE, plan.examples) if plan.examples > SLICE else None
    point: Point = {}
    rates, strengths = plan.space.get("learning_rate"), plan.space.get("l2")
    if isinstance(rates, Interval):
        (found,) = yield [TrialSpec({**small, "l2": 0.0}, "order of the rate", examples=examples, find_rate=True)]
        point["learning_rate"] = rates.at(rates.place(found.rate or math.sqrt(rates.low * rates.high)))
    for name, interval in (("l2", strengths), ("learning_rate", rates)):
        if isinstance(interval, Interval):
            places = [(i + 0.5) / plan.width for i in range(plan.width)]
            specs = [
                TrialSpec({**small, **point, name: interval.at(place)}, f"order of {name}", epochs, examples)
                for place in places
            ]
            point[name] = min((yield specs), key=lambda trial: trial.loss).spec.changes[name]
    return point


def _between(plan: Plan, point: Point) -> Point:
    """Return what lies half-way from the defaults to a point."""
    middle: Point = {}
    for name, value in point.items():
        interval = plan.space[name]
        if isinstance(interval, Interval):
            default = getattr(plan.base, name) or value
            middle[name] = interval.at((interval.place(default) + interval.place(value)) / 2)
    return middle


def _whole(plan: Plan, phase: str, points: Sequence[Point], spread: float) -> Trials:
    """Return trials of all epochs on all examples: points, and others near the last of them."""
    near = [nearby(plan.space, points[-1], plan.base, spread, plan.random) for _ in range(plan.width - len(points))]
    return (yield [TrialSpec(point, phase) for point in (*points, *near)])


def _shape(plan: Plan, name: str, trials: list[Trial]) -> Trials:
    """Return trials of the other options of one setting, the rest as in the best so far."""
    dimension = plan.space[name]
    found: list[Trial] = []
    for option in dimension.options if isinstance(dimension, Choice) else ():
        best = _best(trials + found)
        if option != best.get(name, getattr(plan.base, name)):
            found += yield from _whole(plan, f"{name} {_words(option)}", [{**best, name: option}], 0.05)
    return found


def _mini_batch(plan: Plan, trials: list[Trial]) -> Trials:
    """Return trials of other mini-batches, and of what is near the fastest."""
    dimension, rates = plan.space.get("batch_size"), plan.space.get("learning_rate")
    if not isinstance(dimension, Choice):
        return []
    best = _best(trials)
    size, rate = (best.get(name, getattr(plan.base, name)) for name in ("batch_size", "learning_rate"))
    power = 1.0 if plan.base.optimizer in _FALLING else 0.5
    found: list[Trial] = []
    for option in dimension.options:
        scaled = dict(best) if option == size else {**best, "batch_size": option}
        if isinstance(rates, Interval):
            scaled["learning_rate"] = rates.at(rates.place(rate * (option / size) ** power))
        found += yield [TrialSpec(scaled, "time by mini-batch", curve=True)]
    fastest = quickest(found)
    if fastest is not None:
        found += yield from _whole(plan, "near the fastest", [fastest.spec.changes], 0.05)
    return found


def quickest(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that is first, in seconds of training, at a loss that all reach; None if none ended well."""
    good = [trial for trial in trials if trial.curve and math.isfinite(trial.loss)]
    if not good:
        return None
    reached = max(min(loss for _, loss in trial.curve) for trial in good)
    return min(good, key=lambda trial: next(seconds for seconds, loss in trial.curve if loss <= reached))


def _best(trials: Sequence[Trial]) -> Point:
    return dict(min(trials, key=lambda trial: trial.loss).spec.changes)


def _words(option: object) -> str:
    return ",".join(map(str, option)) if isinstance(option, tuple) else str(option)
