"""A learning rate before training: the book's procedure, and the range test."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from shinso import optim
from shinso._checks import one_of, whole_number
from shinso._interrupt import Interrupt
from shinso.objectives import Objective
from shinso.optim import Optimizer
from shinso.training import TrainingWarning
from shinso.tuning._book_rate import book_rate, costs_by_rate
from shinso.tuning._rate_range import rate_in_range, recorded_costs, rising
from shinso.tuning._rate_search import RateSearch


def find_learning_rate(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    optimizer: str | Optimizer = "adam",
    method: str = "book",
    epochs: int = 4,
    steps: int = 100,
    lowest: float = 1e-6,
    highest: float = 10.0,
    batch_size: int | None = None,
    seed: int = 0,
    device: str | None = None,
) -> RateSearch:
    """Return a suggested learning rate, by the training cost; model, optimizer and random state stay as they are.

    ``"book"`` (Nielsen, chapter 3, "How to choose a neural network's hyper-parameters"): start at 0.01. While the cost falls
    during the first epochs go up tenfold, to the first rate at which it rises or swings; if it does not even fall at 0.01,
    go down tenfold, to the first at which it does. Rates between the last good decade and the next then refine this to
    the threshold, and half of it is suggested, which lasts for more epochs. All rates are trained side by side. A rise of
    less than 1 % of the fall so far is no rise; the cost before training counts as the epoch before the first.

    ``"range"`` (Smith, 2017, §3.3; the rate on a logarithmic axis): one training of `steps` steps while the rate rises
    from `lowest` to `highest` by the same factor each step. The cost C_k is smoothed,
    S_k = Σ_j 0.9^{k−j} C_j / Σ_j 0.9^{k−j}; it diverges where S_k exceeds four times the least S before, or is not
    finite. Suggested is the rate where S falls steepest against log ε, at most a tenth of the rate of divergence.

    Args:
        model: as in `shinso.train`.
        objective: as in `shinso.train`.
        data: as in `shinso.train`; a slice of a large set is enough.
        optimizer: the name of a rule, or one that has a learning rate, whose value does not matter.
        method: ``"book"`` or ``"range"``.
        epochs: what "the first epochs" are, ≥ 1 (book).
        steps: optimizer updates, ≥ 10 (range).
        lowest: first rate > 0 (range).
        highest: last rate, above `lowest` (range).
        batch_size: as in `shinso.train`.
        seed: as in `shinso.train`.
        device: as in `shinso.train`.

    Raises:
        TypeError: the optimizer has no learning rate.
        ValueError: an argument is out of range, or the cost falls at no rate.
        KeyboardInterrupt: Ctrl-C, when the training under way has ended.
    """
    one_of("method", method, ("book", "range"))
    rule = optim.as_optimizer(optimizer)
    common: dict[str, Any] = {"batch_size": batch_size, "shuffle": "every_epoch", "seed": seed, "device": device}
    with Interrupt(), warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)  # that some rates diverge is the point
        if method == "book":
            whole_number("epochs", epochs, least=1)
            compare = partial(costs_by_rate, model, objective, data, rule, epochs=epochs, **common)
            return book_rate(compare)
        schedule = rising(lowest, highest, steps)
        costs = recorded_costs(model, objective, data, rule.with_learning_rate(schedule), steps, common)
        return rate_in_range(costs, schedule)
