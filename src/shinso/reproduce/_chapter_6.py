"""Nielsen, chapter 6: softmax outputs and convolutional networks, test accuracy after the best epoch in validation."""

from typing import Any

from shinso.reproduce._agreement import Between, Near, at_least, at_most
from shinso.reproduce._entry import Claim, Entry, Procedure, panel
from shinso.reproduce._measures import Measure, at_best, best, difference, first, value
from shinso.reproduce._networks import convolutional_network, train_step

_PRACTICE = "Nielsen, chapter 6, “Convolutional neural networks in practice”"
_DECAY, _EXPANDED_DECAY = 2e-5, 4e-6
_DROPOUT = "conv-conv-fc1000-fc1000-relu-dropout"
HOUR = 3600.0


def _judged(name: str) -> Measure:
    """The test accuracy after the epoch with the best validation accuracy."""
    return at_best(name, "validation_accuracy", "test_accuracy")


def _row(
    entry: str, sentence: str, hours: float, published: dict[str, float], networks: dict[str, Any], note: str = ""
) -> Entry:
    return Entry(
        id=entry,
        sentence=sentence,
        source=_PRACTICE,
        claims=tuple(
            Claim(name, f"{number:.2f} %", _judged(name), Near(number, 0.15)) for name, number in published.items()
        ),
        steps=(train_step(networks, validation=None, test=None),),
        seconds=hours * HOUR,
        seeds=3,
        panels=panel("accuracy on the test images, %", "test_accuracy", *networks),
        note=note,
    )


def _rectified(configuration: str, **changes: Any) -> dict[str, Any]:
    return convolutional_network(configuration, 0.03, l2=_EXPANDED_DECAY, expanded=True, **changes)


def _convolutions(**changes: Any) -> dict[str, Any]:
    """The same convolutions where the book gives no program: first weights are this library's."""
    network = convolutional_network("", 0.1) | {"network": "cnn", "kernel_size": 5, "padding": "valid", "dropout": 0.0}
    del network["configuration"]
    return network | changes


CHAPTER_6 = (
    _row(
        "R24",
        "A softmax network with 100 hidden neurons reads 97.80 % of the test images.",
        80 / HOUR,
        {"784-100-10": 97.80},
        {"784-100-10": convolutional_network("fc100", 0.1)},
        "The book shows the best of three runs, by validation accuracy.",
    ),
    _row(
        "R25",
        "A convolution before the dense layer brings 98.78 %.",
        0.6,
        {"one convolution": 98.78},
        {"one convolution": convolutional_network("conv-fc100", 0.1)},
    ),
    _row(
        "R26",
        "A second convolution brings 99.06 %.",
        1.0,
        {"two convolutions": 99.06},
        {"two convolutions": convolutional_network("conv-conv-fc100", 0.1)},
    ),
    _row(
        "R27",
        "Rectified linear units and a little weight decay bring 99.23 %.",
        1.0,
        {"rectified": 99.23},
        {"rectified": convolutional_network("conv-conv-fc100-relu", 0.03, l2=_DECAY)},
    ),
    _row(
        "R28",
        "Images moved by a pixel bring 99.37 %.",
        5.0,
        {"expanded": 99.37},
        {"expanded": _rectified("conv-conv-fc100-relu")},
    ),
    _row(
        "R29",
        "A wider dense layer changes little: 99.46 % with 300 units, 99.43 % with 1,000.",
        12.0,
        {"300 units": 99.46, "1000 units": 99.43},
        {f"{units} units": _rectified(f"conv-conv-fc{units}-relu") for units in (300, 1000)},
    ),
    _row(
        "R30",
        "A second dense layer changes little: 99.43, 99.48 and 99.47 % with 100, 300 and 1,000 units.",
        18.0,
        {"100 + 100": 99.43, "300 + 300": 99.48, "1000 + 1000": 99.47},
        {f"{units} + {units}": _rectified(f"conv-conv-fc{units}-fc{units}-relu") for units in (100, 300, 1000)},
    ),
    _row(
        "R31",
        "Dropout in two dense layers of 1,000 units brings 99.60 %.",
        8.0,
        {"dropout": 99.60},
        {"dropout": convolutional_network(_DROPOUT, 0.03, epochs=40, expanded=True)},
    ),
    Entry(
        id="R32",
        sentence="Five such networks that vote read 99.67 % of the test images, all but 33.",
        source=_PRACTICE,
        claims=(
            Claim("majority of five", "99.67 %", value("majority"), Near(99.67, 0.1)),
            Claim("over one network, points", "0.07", difference(value("majority"), value("member")), at_least(0.0)),
        ),
        steps=(
            Procedure(
                "vote",
                {"network": convolutional_network(_DROPOUT, 0.03, epochs=40, expanded=True), "members": 5},
            ),
        ),
        seconds=40 * HOUR,
        seeds=1,
        note="Each network is judged after its last epoch.",
    ),
    Entry(
        id="R43",
        sentence="Tanh units learn faster at first and end about as well; without a dense layer a network does worse.",
        source="Nielsen, chapter 6, “Convolutional neural networks in practice”, exercise and problem",
        claims=(
            Claim(
                "tanh − sigmoid after the first epoch, points",
                "faster",
                difference(first("tanh", "validation_accuracy"), first("sigmoid", "validation_accuracy")),
                at_least(0.0),
            ),
            Claim(
                "tanh − sigmoid, best, points",
                "about the same",
                difference(best("tanh", "validation_accuracy"), best("sigmoid", "validation_accuracy")),
                Between(-0.3, 0.3),
            ),
            Claim(
                "without − with a dense layer, one convolution, points",
                "asked, not given",
                difference(_judged("no dense layer"), _judged("one convolution")),
                at_most(0.0),
            ),
        ),
        steps=(
            train_step(
                {
                    "sigmoid": _convolutions(channels=[20, 40], hidden=[100], activation="sigmoid"),
                    "tanh": _convolutions(channels=[20, 40], hidden=[100], activation="tanh"),
                    "one convolution": _convolutions(channels=[20], hidden=[100], activation="sigmoid"),
                    "no dense layer": _convolutions(channels=[20], hidden=[], activation="sigmoid"),
                },
                validation=None,
                test=None,
            ),
        ),
        seconds=3.2 * HOUR,
        seeds=1,
        panels=panel("accuracy on the validation images, %", "validation_accuracy", "sigmoid", "tanh"),
        note="First weights are Glorot's, not the book's.",
    ),
    Entry(
        id="R44",
        sentence="With dropout, 300 units in each dense layer do almost as well as 1,000.",
        source=_PRACTICE,
        claims=(Claim("300 + 300", "99.60 %, 1,000 slightly better", _judged("300 + 300"), Near(99.60, 0.15)),),
        steps=(
            train_step(
                {
                    "300 + 300": _convolutions(
                        channels=[20, 40],
                        hidden=[300, 300],
                        activation="relu",
                        dropout=0.5,
                        learning_rate=0.03,
                        epochs=40,
                        shuffle="once",
                        augmentation="stored_shifts",
                    )
                },
                validation=None,
                test=None,
            ),
        ),
        seconds=5 * HOUR,
        seeds=1,
        note="First weights are He's, not the book's.",
    ),
)
