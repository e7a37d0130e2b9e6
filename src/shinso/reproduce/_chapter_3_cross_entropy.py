"""Nielsen, chapter 3: a single neuron, and the cross-entropy on MNIST."""

from shinso.reproduce._agreement import Near, at_least, at_most
from shinso.reproduce._entry import Claim, Entry, Panel, Procedure, panel
from shinso.reproduce._measures import (
    after,
    best,
    epoch_of_steepest_fall,
    first,
    last,
)
from shinso.reproduce._networks import COSTS, sigmoid_network, train_step

_CROSS_ENTROPY = "Nielsen, chapter 3, “Using the cross-entropy to classify MNIST digits”"
_NEURON = "Nielsen, chapter 3, “The cross-entropy cost function”"
_TEST = "accuracy on the test images, %"
_R7, _R8 = "784-30-10", "784-100-10"


def _neuron(start: tuple[float, float]) -> tuple[Procedure, ...]:
    return (Procedure("single_neuron", {"start": start, "learning_rate": 0.15, "epochs": 300, "costs": COSTS}),)


_NEURON_FIGURE = tuple(Panel(column, {name: (name, column) for name in COSTS}) for column in ("output", "cost"))
_NEURON_NOTE = "The text gives no number of epochs, nor η for the cross-entropy; 300 and 0.15 are ours."

_NEURONS = (
    Entry(
        id="R18",
        sentence="A neuron that is not badly wrong learns fast with the quadratic cost: its output falls from 0.82 to 0.09.",
        source=_NEURON,
        claims=(
            Claim("output at first", "0.82", first("quadratic", "output"), Near(0.82, 0.01), unit=""),
            Claim("output at the end", "0.09", last("quadratic", "output"), Near(0.09, 0.01), unit=""),
        ),
        steps=_neuron((0.6, 0.9)),
        seconds=3,
        seeds=1,
        mnist=False,
        panels=_NEURON_FIGURE,
        note=_NEURON_NOTE,
    ),
    Entry(
        id="R19",
        sentence="A neuron that is badly wrong is stuck for 150 epochs with the quadratic cost, not with the cross-entropy.",
        source=_NEURON,
        claims=(
            Claim(
                "quadratic: output after 150 epochs",
                "hardly changed",
                after("quadratic", "output", 150),
                at_least(0.9),
                "",
            ),
            Claim("quadratic: output at the end", "0.20", last("quadratic", "output"), Near(0.20, 0.01), unit=""),
            Claim(
                "quadratic: epoch of the steepest fall of the cost",
                "after some 150",
                epoch_of_steepest_fall("quadratic", "cost"),
                at_least(150.0),
                unit="",
            ),
            Claim(
                "cross-entropy: epoch of the steepest fall of the cost",
                "at once",
                epoch_of_steepest_fall("cross-entropy", "cost"),
                at_most(5.0),
                unit="",
            ),
        ),
        steps=_neuron((2.0, 2.0)),
        seconds=3,
        seeds=1,
        mnist=False,
        panels=_NEURON_FIGURE,
        note=_NEURON_NOTE,
    ),
)

_COST = (
    Entry(
        id="R7",
        sentence="With the cross-entropy, 30 hidden neurons read 95.49 % of the test images.",
        source=_CROSS_ENTROPY,
        claims=(Claim("best accuracy", "95.49 %", best(_R7, "test_accuracy"), Near(95.49, 0.25)),),
        steps=(train_step({_R7: sigmoid_network((30,), 0.5)}),),
        seconds=20,
        panels=panel(_TEST, "test_accuracy", _R7),
    ),
    Entry(
        id="R8",
        sentence="With the cross-entropy, 100 hidden neurons read 96.82 % of the test images.",
        source=_CROSS_ENTROPY,
        claims=(Claim("best accuracy", "96.82 %", best(_R8, "test_accuracy"), Near(96.82, 0.25)),),
        steps=(train_step({_R8: sigmoid_network((100,), 0.5)}),),
        seconds=40,
        panels=panel(_TEST, "test_accuracy", _R8),
    ),
)

CROSS_ENTROPY = (*_NEURONS, *_COST)
