"""What a reader should know before trusting the numbers: facts of the run, no diagnosis."""

import numpy as np

from shinso._words import count, listing, number, phrase, plain
from shinso.report._confusion import class_names, confusion_matrix
from shinso.report._history import best_row, column, epochs, first_broken_row, monitor
from shinso.training import Run

_FEW = 20  # examples of a class: one mistake more or less is then 5 % of its recall
_TURNED = 1.05  # last / lowest validation loss from which it is worth a word


def facts(run: Run) -> list[str]:
    """Return one sentence for each circumstance that limits what the run shows."""
    readings = (_no_test, _no_validation, _few_examples, _not_finite, _turned, _still_falling, _rate)
    return [fact for reading in readings if (fact := reading(run))]


def _no_test(run: Run) -> str:
    if "test" in run.evaluations:
        return ""
    if "validation" in run.evaluations:
        return "No test data: the validation data chose the epoch, so their score is on the bright side."
    if run.evaluations:
        return "No test data: the score is that of data seen in training."
    return 'No data were evaluated after training: run.evaluate(inputs, targets, name="test") does it.'


def _no_validation(run: Run) -> str:
    if run.data.get("n_validation") or np.isfinite(column(run, "validation_loss")).any():
        return ""
    return "No validation data: the curves show the training data only, and no epoch was chosen as the best."


def _few_examples(run: Run) -> str:
    """Name the classes with fewer than 20 examples in the test data."""
    evaluation = run.evaluations.get("test")
    if evaluation is None or evaluation.confusion is None:
        return ""
    matrix = confusion_matrix(evaluation)
    sizes = matrix.sum(axis=1)
    few = np.flatnonzero(sizes < _FEW)
    if not few.size:
        return ""
    names = class_names(run.data.get("classes"), len(matrix))
    if few.size == len(names):
        least, most = int(sizes.min()), int(sizes.max())
        amount = f"{least} to {most} examples" if least < most else count(most, "example")
        return f"Each class has only {amount} in the test data."
    told = [f"{names[i]} ({count(sizes[i])})" for i in few[np.argsort(sizes[few], kind="stable")]]
    return f"Classes with fewer than {_FEW} test examples: {listing(told, most=8)}."


def _not_finite(run: Run) -> str:
    row = first_broken_row(run)
    return "" if row is None else f"The training loss was not finite in epoch {epochs(run)[row]:g}."


def _turned(run: Run) -> str:
    values = column(run, "validation_loss")
    finite = np.flatnonzero(np.isfinite(values))
    if finite.size < 3:
        return ""
    lowest = finite[np.argmin(values[finite])]
    last = finite[-1]
    if values[lowest] <= 0.0 or values[last] <= _TURNED * values[lowest]:
        return ""
    x = epochs(run)
    return (
        f"The validation loss was lowest in epoch {x[lowest]:g} ({number(values[lowest])}); "
        f"in epoch {x[last]:g} it was {number(values[last] / values[lowest])} times as high ({number(values[last])})."
    )


def _still_falling(run: Run) -> str:
    row = best_row(run)
    if row is None or len(run.history.rows) < 3 or row != len(run.history.rows) - 1 or run.stop.reason != "epochs":
        return ""
    return f"The best {phrase(monitor(run))} was in the last epoch: it had not stopped improving."


def _rate(run: Run) -> str:
    rates = column(run, "learning_rate")
    rates = rates[np.isfinite(rates)]
    if rates.size < 2 or rates[0] == rates[-1]:
        return ""
    first, last = (plain(float(f"{rate:.3g}")) for rate in (rates[0], rates[-1]))
    return f"The learning rate went from {first} to {last}."
