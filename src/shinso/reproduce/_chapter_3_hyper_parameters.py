"""Nielsen, chapter 3: first weights, and how hyper-parameters are chosen; what others have reached."""

from shinso.reproduce._agreement import Between, Near, at_least, at_most
from shinso.reproduce._chapter_1 import CHANCE
from shinso.reproduce._entry import Claim, Entry, panel
from shinso.reproduce._measures import (
    best,
    difference,
    first,
    last,
    share_of_rises,
    value,
)
from shinso.reproduce._networks import NEW, OLD, sigmoid_network, train_step

_STARTS = "Nielsen, chapter 3, “Weight initialization”"
_CHOOSING = "Nielsen, chapter 3, “How to choose a neural network's hyper-parameters?”"
_VALIDATION = "accuracy on the validation images, %"
_R16 = "784-30-10"
_STEADY = {"η = 0.025": 0.025, "η = 0.25": 0.25, "η = 2.5": 2.5}
_QUICK = {"λ = 1000, η = 10": (1000.0, 10.0), "λ = 20, η = 10": (20.0, 10.0), "λ = 20, η = 100": (20.0, 100.0)}
_QUICK |= {"λ = 20, η = 1": (20.0, 1.0)}


_FIRST_WEIGHTS = tuple(
    Entry(
        id=entry,
        sentence=f"With {hidden} hidden neurons, smaller first weights start better and learn at once.",
        source=_STARTS,
        claims=claims,
        steps=(
            train_step(
                {
                    "old": sigmoid_network((hidden,), 0.1, start=OLD, decay=5.0),
                    "new": sigmoid_network((hidden,), 0.1, start=NEW, decay=5.0),
                },
                validation=None,
            ),
        ),
        seconds=seconds,
        panels=panel(_VALIDATION, "validation_accuracy", "old", "new"),
    )
    for entry, hidden, seconds, claims in (
        (
            "R15",
            30,
            40,
            (
                Claim(
                    "old, after the first epoch",
                    "just under 87 %",
                    first("old", "validation_accuracy"),
                    Near(87.0, 1.5),
                ),
                Claim(
                    "new, after the first epoch", "almost 93 %", first("new", "validation_accuracy"), Near(93.0, 1.0)
                ),
                Claim("old, best", "a little over 96 %", best("old", "validation_accuracy"), Near(96.3, 0.4)),
                Claim("new, best", "a little over 96 %", best("new", "validation_accuracy"), Near(96.3, 0.4)),
            ),
        ),
        (
            "R39",
            100,
            80,
            (
                Claim(
                    "new − old after the first epoch, points",
                    "better at once",
                    difference(first("new", "validation_accuracy"), first("old", "validation_accuracy")),
                    at_least(2.0),
                ),
                Claim(
                    "new − old at the end, points",
                    "almost the same",
                    difference(last("new", "validation_accuracy"), last("old", "validation_accuracy")),
                    Between(0.0, 1.5),
                ),
            ),
        ),
    )
)

_HYPER_PARAMETERS = (
    Entry(
        id="R16",
        sentence="Badly chosen hyper-parameters, η = 10 and λ = 1000, learn nothing.",
        source=_CHOOSING,
        claims=(Claim("after 30 epochs", "9.67 %", last(_R16, "validation_accuracy"), CHANCE),),
        steps=(train_step({_R16: sigmoid_network((30,), 10.0, start=NEW, decay=1000.0)}, validation=None),),
        seconds=20,
    ),
    Entry(
        id="R40",
        sentence="Quick trials without hidden neurons, on 1,000 images and judged by 100, lead from noise to a signal.",
        source=_CHOOSING,
        claims=(
            Claim(
                "λ = 1000, η = 10: epochs until it is stopped",
                "no signal",
                value("λ = 1000, η = 10: epochs"),
                at_most(0.0),
                unit="",
            ),
            Claim(
                "λ = 20, η = 10: best of four epochs",
                "25 %",
                best("λ = 20, η = 10", "validation_accuracy"),
                Between(15.0, 50.0),
            ),
            Claim(
                "λ = 20, η = 100: after four epochs",
                "10 %",
                last("λ = 20, η = 100", "validation_accuracy"),
                at_most(20.0),
            ),
            Claim(
                "λ = 20, η = 1: best of four epochs",
                "62 %",
                best("λ = 20, η = 1", "validation_accuracy"),
                Near(62.0, 8.0),
            ),
        ),
        steps=(
            train_step(
                {
                    name: sigmoid_network((), rate, start=NEW, decay=decay, n=1000, epochs=4)
                    for name, (decay, rate) in _QUICK.items()
                },
                validation=100,
            ),
        ),
        seconds=2,
        seeds=10,
        side_by_side=True,
        note="λ = 1000 with η = 10 multiplies the weights by 1 − ηλ/n = −9 in each update; they overflow within an epoch, "
        "which the guard against numbers that are not finite stops. The book shows one run of each, judged by 100 images.",
    ),
    Entry(
        id="R41",
        sentence="A low learning rate lowers the cost smoothly and slowly, a high one lets it oscillate from the start.",
        source=_CHOOSING,
        claims=(
            Claim(
                "η = 0.025: share of epochs that raise the cost",
                "smooth",
                share_of_rises("η = 0.025", "training_loss"),
                at_most(10.0),
            ),
            Claim(
                "η = 0.25: share of epochs that raise the cost",
                "at first none, then noise",
                share_of_rises("η = 0.25", "training_loss"),
                Between(20.0, 60.0),
            ),
            Claim(
                "η = 2.5: share of epochs that raise the cost",
                "oscillates",
                share_of_rises("η = 2.5", "training_loss"),
                Between(35.0, 65.0),
            ),
        ),
        steps=(
            train_step(
                {name: sigmoid_network((30,), rate, start=NEW, decay=5.0) for name, rate in _STEADY.items()},
                training=None,
            ),
        ),
        seconds=70,
        seeds=3,
        panels=panel("cost on the training images, without the penalty", "training_loss", *_STEADY),
    ),
)

_ELSEWHERE = (
    Entry(
        id="R45",
        sentence="800 hidden units read 98.4 % of the test images, with distorted training images 99.3 %.",
        source="Nielsen, chapter 3, “Other techniques for regularization”, on Simard, Steinkraus and Platt (2003)",
        claims=(
            Claim("as they are", "98.4 %", best("plain", "test_accuracy"), Near(98.4, 0.25)),
            Claim("rotated, moved and bent", "99.3 %", best("distorted", "test_accuracy"), Near(99.3, 0.25)),
        ),
        steps=(
            train_step(
                {
                    name: {
                        "source": "mnist",
                        "network": "mlp",
                        "hidden": [800],
                        "activation": "tanh",
                        "dropout": 0.0,
                        "epochs": 100,
                        **augmentation,
                    }
                    for name, augmentation in {"plain": {}, "distorted": {"augmentation": "distortion"}}.items()
                }
            ),
        ),
        seconds=7200,
        seeds=1,
        note="Optimizer and epochs are ours. The 98.9 % with rotations and shifts alone are not among the settings.",
    ),
    Entry(
        id="R46",
        sentence="Dropout lifts a network of dense layers from 98.4 to 98.7 %.",
        source="Nielsen, chapter 3, “Other techniques for regularization”, on Hinton et al. (2012)",
        claims=(
            Claim("without", "98.4 %", best("plain", "test_accuracy"), Near(98.4, 0.25)),
            Claim("with dropout", "98.7 %", best("dropout", "test_accuracy"), Near(98.7, 0.25)),
        ),
        steps=(
            train_step(
                {
                    name: {
                        "source": "mnist",
                        "network": "mlp",
                        "hidden": [800, 800],
                        "activation": "relu",
                        "epochs": 100,
                        **noise,
                    }
                    for name, noise in {"plain": {"dropout": 0.0}, "dropout": {"dropout": 0.5, "max_norm": 4.0}}.items()
                }
            ),
        ),
        seconds=7200,
        seeds=1,
        note="Optimizer and epochs are ours.",
    ),
)

HYPER_PARAMETERS = (*_FIRST_WEIGHTS, *_HYPER_PARAMETERS, *_ELSEWHERE)
