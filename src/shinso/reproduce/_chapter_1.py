"""Nielsen, chapter 1: quadratic cost, sigmoid neurons, all first numbers from N(0, 1), accuracies on the test images."""

from shinso.reproduce._agreement import Between, Near, at_least, at_most
from shinso.reproduce._entry import Claim, Entry, Procedure, panel
from shinso.reproduce._measures import after, best, difference, first, last, value
from shinso.reproduce._networks import sigmoid_network, train_step

_HANDWRITING = "Nielsen, chapter 1, “Implementing our network to classify digits”"
CHANCE = at_most(11.5)
"""A network that gives one answer for all is right for up to 11.35 % of the test images, those of the digit 1."""


_R1, _R2 = "784-30-10, η = 3", "784-100-10, η = 3"
_R3, _R4, _R5 = "η = 0.001", "784-30-10, η = 100", "784-10, η = 3"

CHAPTER_1 = (
    Entry(
        id="R1",
        sentence="A network with 30 hidden neurons learns to read digits in a minute: 95.42 % of the test images.",
        source=_HANDWRITING,
        claims=(
            Claim("best accuracy", "95.42 %", best(_R1, "test_accuracy"), Near(95.42, 0.25)),
            Claim("after the first epoch", "91.29 %", first(_R1, "test_accuracy"), Near(91.29, 1.0)),
            Claim("after the third epoch", "93.48 %", after(_R1, "test_accuracy", 3), Near(93.48, 0.5)),
        ),
        steps=(train_step({_R1: sigmoid_network((30,), 3.0, cost="quadratic")}),),
        seconds=20,
        panels=panel("accuracy on the test images, %", "test_accuracy", _R1),
        note="The book shows the best of three runs.",
    ),
    Entry(
        id="R2",
        sentence="100 hidden neurons do better than 30: 96.59 %, though runs differ much.",
        source=_HANDWRITING,
        claims=(
            Claim("best accuracy", "96.59 %", best(_R2, "test_accuracy"), Near(96.59, 0.25)),
            Claim("the same, of the luckiest seed", "96.59 %", best(_R2, "test_accuracy"), at_least(96.34, some=True)),
        ),
        steps=(train_step({_R2: sigmoid_network((100,), 3.0, cost="quadratic")}),),
        seconds=40,
        panels=panel("accuracy on the test images, %", "test_accuracy", _R2),
        note="From N(0, 1) an output neuron may be saturated for good: its digit is then never answered, and the run loses "
        "about ten points for each.",
    ),
    Entry(
        id="R3",
        sentence="With a learning rate far too low, a network of 100 hidden neurons hardly learns.",
        source=_HANDWRITING,
        claims=(
            Claim("after the first epoch", "11.39 %", first(_R3, "test_accuracy"), Near(11.39, 3.0)),
            Claim("after 30 epochs", "21.42 %", last(_R3, "test_accuracy"), Near(21.42, 5.0)),
        ),
        steps=(train_step({_R3: sigmoid_network((100,), 0.001, cost="quadratic")}),),
        seconds=40,
        panels=panel("784-100-10: accuracy on the test images, %", "test_accuracy", _R3),
    ),
    Entry(
        id="R4",
        sentence="With a learning rate far too high, a network learns nothing.",
        source=_HANDWRITING,
        claims=(Claim("after 30 epochs", "9.82 %", last(_R4, "test_accuracy"), CHANCE),),
        steps=(train_step({_R4: sigmoid_network((30,), 100.0, cost="quadratic")}),),
        seconds=20,
    ),
    Entry(
        id="R5",
        sentence="Without hidden neurons a network reads digits too; how many is left to the reader.",
        source="Nielsen, chapter 1, “Implementing our network to classify digits”, exercise",
        claims=(Claim("best accuracy", "asked, not given", best(_R5, "test_accuracy"), Between(70.0, 93.0)),),
        steps=(train_step({_R5: sigmoid_network((), 3.0, cost="quadratic")}),),
        seconds=14,
        panels=panel("accuracy on the test images, %", "test_accuracy", _R5),
        note="A linear classifier reaches about 92 %; an output neuron that starts saturated loses its digit.",
    ),
    Entry(
        id="R6",
        sentence="How dark an image is tells 22.25 % of the digits, a support vector machine 94.35 %, a tuned one 98.5 %.",
        source=_HANDWRITING,
        claims=(
            Claim("average darkness", "22.25 %", value("darkness"), Near(22.25, 0.25)),
            Claim(
                "support vector machine, 5,000 images",
                "less than with all",
                value("default machine, 5000 images"),
                Between(80.0, 94.35),
            ),
            Claim(
                "support vector machine",
                "94.35 %",
                value("default machine, 50000 images"),
                Near(94.35, 0.25),
                full=True,
            ),
            Claim(
                "tuned support vector machine",
                "98.5 %",
                value("tuned machine, 50000 images"),
                Near(98.5, 0.25),
                full=True,
            ),
        ),
        steps=(Procedure("baselines", {"darkness": True, "machines": {"default": [5000]}}),),
        seconds=40,
        seeds=1,
        full=(Procedure("baselines", {"darkness": True, "machines": {"default": [5000, 50_000], "tuned": [50_000]}}),),
        full_seconds=1200,
        note="γ = 1/784, scikit-learn's default at the time; the tuned machine has C = 2.8 and γ = 0.0073, which the book "
        "does not give.",
    ),
    Entry(
        id="R38",
        sentence="Raising the learning rate from 0.001 to 0.01 does better, and about 1 does well.",
        source=_HANDWRITING,
        claims=(
            Claim(
                "η = 0.01 over η = 0.001, points",
                "better",
                difference(last("η = 0.01", "test_accuracy"), last(_R3, "test_accuracy")),
                at_least(5.0),
            ),
            Claim("η = 1, best accuracy", "good", best("η = 1", "test_accuracy"), at_least(85.0)),
        ),
        steps=(
            train_step(
                {f"η = {rate:g}": sigmoid_network((100,), rate, cost="quadratic") for rate in (0.001, 0.01, 1.0)}
            ),
        ),
        seconds=120,
        seeds=3,
        panels=panel("784-100-10: accuracy on the test images, %", "test_accuracy", _R3, "η = 0.01", "η = 1"),
    ),
)
