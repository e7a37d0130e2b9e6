import numpy as np
import pytest

from shinso.report._facts import facts
from shinso.training import Evaluation, History, Stop


def rows(**columns) -> History:
    n = len(next(iter(columns.values())))
    return History([{"epoch": i + 1} | {key: values[i] for key, values in columns.items()} for i in range(n)])


def told(run) -> str:
    return " ".join(facts(run)).replace("\N{NO-BREAK SPACE}", " ")


def evaluation(*sizes) -> Evaluation:
    return Evaluation(sum(sizes), "accuracy", 1.0, (0.9, 1.0), 0.1, confusion=np.diag(sizes).tolist())


@pytest.fixture
def plain(classified):
    """A run about which there is nothing to say."""
    classified.evaluations = {"test": evaluation(50, 50, 50)}
    classified.history = rows(loss=[3.0, 2.0, 1.0, 0.9], validation_loss=[3.0, 2.0, 1.5, 1.51], learning_rate=[0.1] * 4)
    classified.stop = Stop("epochs", 4, 20, "", None)
    return classified


def test_nothing_to_say(plain):
    assert facts(plain) == []


def test_no_test_data(plain):
    plain.evaluations = {"validation": evaluation(50, 50, 50)}
    assert "No test data: the validation data" in told(plain)
    plain.evaluations = {"training": evaluation(50, 50, 50)}
    assert "No test data: the score is that of data seen in training." in told(plain)
    plain.evaluations = {}
    assert "No data were evaluated" in told(plain)


def test_no_validation_data(plain):
    plain.data["n_validation"] = 0
    plain.history = rows(loss=[3.0, 2.0])
    assert "No validation data" in told(plain)


@pytest.mark.parametrize(
    ("sizes", "fact"),
    [
        ((50, 3, 7), "Classes with fewer than 20 test examples: bee (3), cat (7)."),
        ((5, 3, 7), "Each class has only 3 to 7 examples in the test data."),
        ((1, 1, 1), "Each class has only 1 example in the test data."),
    ],
)
def test_few_examples(plain, sizes, fact):
    plain.evaluations = {"test": evaluation(*sizes)}
    assert told(plain) == fact


def test_validation_loss_turned(plain):
    plain.history = rows(loss=[1.0] * 4, validation_loss=[1.0, 0.5, 0.6, 0.75])
    assert (
        told(plain)
        == "The validation loss was lowest in epoch 2 (0.500); in epoch 4 it was 1.50 times as high (0.750)."
    )


def test_last_epoch_was_the_best(plain):
    plain.history = rows(loss=[1.0] * 3, validation_loss=[1.0, 0.5, 0.4])
    assert told(plain) == "The best validation loss was in the last epoch: it had not stopped improving."


def test_not_finite(plain):
    plain.history = rows(loss=[1.0, np.nan], validation_loss=[1.0, np.nan])
    assert told(plain) == "The training loss was not finite in epoch 2."


def test_learning_rate(plain):
    plain.history = rows(loss=[1.0, 1.0], validation_loss=[1.0, 1.0], learning_rate=[0.01, 1e-5])
    assert told(plain) == "The learning rate went from 0.01 to 10⁻⁵."
