"""What the notes, the lecture, PRML and Goodfellow et al. say and a program can show: no number is published for most."""

from functools import partial

from shinso.reproduce._agreement import Between, at_least, at_most
from shinso.reproduce._entry import Claim, Entry, Panel, Procedure
from shinso.reproduce._measures import difference, ratio, value

_NOTES, _LECTURE, _GOODFELLOW = "notes on neural networks", "the lecture on deep learning", "Goodfellow et al."
_fact = partial(Claim, unit="")
_DEPTHS = (5, 20, 50)
_RADII = (0.95, 1.0, 1.05)

CLAIMS = (
    Entry(
        id="R47",
        sentence="The cost of a random mini-batch, N/M times its sum, is that of all examples on average, and so is its "
        "gradient.",
        source=f"{_NOTES}, §2.3.1",
        claims=tuple(
            _fact(
                f"{what}, mean over all sets of 3 of 8 examples: difference, relative",
                "equal",
                value(what),
                at_most(1e-12),
            )
            for what in ("cost", "gradient")
        ),
        steps=(Procedure("mini_batch_costs", {"examples": 8, "batch": 3}),),
        seconds=3,
        seeds=3,
        mnist=False,
    ),
    Entry(
        id="R48",
        sentence="At a rate that falls as 1/i descent on single examples converges; at one that stays it does not.",
        source=f"{_NOTES}, §2.3.1 (Robbins and Monro)",
        claims=(
            _fact("α/i: excess cost after 100 epochs over that after 10", "falls", value("falling"), at_most(0.2)),
            _fact("constant: the same", "stays", value("constant"), at_least(0.5)),
        ),
        steps=(Procedure("robbins_monro", {"examples": 200, "epochs": 100, "falling": 1.5, "constant": 0.03}),),
        seconds=4,
        mnist=False,
        panels=(Panel("cost above the least", {name: (name, "excess") for name in ("falling", "constant")}, log=True),),
    ),
    Entry(
        id="R49",
        sentence="A network with dropout predicts what all its thinned networks say on average.",
        source=f"{_NOTES}, §2.3.2; {_GOODFELLOW}, §7.12",
        claims=(
            _fact(
                "linear outputs: difference from the mean of 256 networks", "equal", value("outputs"), at_most(1e-12)
            ),
            _fact("probabilities: from the geometric mean", "equal", value("geometric"), at_most(1e-12)),
            _fact("probabilities: from the plain mean", "near", value("arithmetic"), at_most(0.1)),
        ),
        steps=(Procedure("dropout_subnets", {"hidden": 8}),),
        seconds=1,
        mnist=False,
        note="Exact for one hidden layer; with more it is an approximation.",
    ),
    Entry(
        id="R50",
        sentence="What a recurrent network is told at its end hardly reaches its beginning; a forget gate keeps it.",
        source=f"{_LECTURE}, recurrent networks; {_GOODFELLOW}, §8.2.5",
        claims=(
            _fact("Elman: gradient 60 steps back over the last step's", "vanishes", value("elman"), at_most(1e-3)),
            _fact("LSTM, forget gate open: the same", "does not", value("lstm"), at_least(0.1)),
        ),
        steps=(Procedure("recurrent_gradients", {"units": 32, "steps": 60, "forget": 5.0}),),
        seconds=3,
        mnist=False,
        panels=(
            Panel(
                "‖∂E/∂a‖ over that of the last step",
                {name: (name, "gradient") for name in ("elman", "lstm")},
                log=True,
                first=0,
                axis="steps back",
            ),
        ),
    ),
    Entry(
        id="R51",
        sentence="Pooling makes feature maps care less where things are.",
        source=f"{_NOTES}, §2.4.1; {_LECTURE}, pooling",
        claims=tuple(
            _fact(
                f"{name} pooling: change by a shift of one pixel over that of the maps",
                "less",
                ratio(value(name), value("maps")),
                at_most(0.8),
            )
            for name in ("max", "mean")
        ),
        steps=(Procedure("pooling_invariance", {"images": 200, "maps": 8}),),
        seconds=4,
        mnist=False,
    ),
    Entry(
        id="R52",
        sentence="Weights of deviation 1 give a unit with 500 inputs a sum of deviation √501; of 1/√n_in, √(3/2).",
        source="Nielsen, chapter 3, “Weight initialization”",
        claims=tuple(
            _fact(f"{name} start: deviation over theory's", "1", value(name), Between(0.97, 1.03))
            for name in ("old", "new")
        ),
        steps=(Procedure("first_sums", {"units": 4000}),),
        seconds=2,
        mnist=False,
    ),
    Entry(
        id="R53",
        sentence="M tanh units can be permuted and flipped in M! 2ᴹ ways, and the network says the same.",
        source=f"{_GOODFELLOW}, §8.2.2; Bishop, PRML, §5.1.1",
        claims=(
            _fact("different weights, M = 4", "384", value("networks"), Between(384, 384)),
            _fact("largest difference of their outputs", "0", value("error"), at_most(1e-12)),
        ),
        steps=(Procedure("symmetries", {"hidden": 4}),),
        seconds=4,
        seeds=3,
        mnist=False,
    ),
    Entry(
        id="R54",
        sentence="Multiplying by one matrix again and again makes what is along an eigenvector grow or vanish as λᵗ.",
        source=f"{_GOODFELLOW}, §8.2.5",
        claims=tuple(
            _fact(f"|λ| = {radius:g}: growth a step over |λ|", "1", value(f"|λ| = {radius:g}"), Between(0.999, 1.001))
            for radius in _RADII
        ),
        steps=(Procedure("matrix_powers", {"radii": list(_RADII), "size": 20, "steps": 1000}),),
        seconds=3,
        seeds=3,
        mnist=False,
        panels=(
            Panel("‖Wᵗx‖", {f"|λ| = {r:g}": (f"|λ| = {r:g}", "size") for r in _RADII}, log=True, first=0, axis="t"),
        ),
    ),
    Entry(
        id="R55",
        sentence="The gradient of m examples is as uncertain as 1/√m: a hundred times the work for a tenth of the noise.",
        source=f"{_GOODFELLOW}, §8.1.3",
        claims=(_fact("power of m that its deviation follows", "−1/2", value("power"), Between(-0.53, -0.47)),),
        steps=(Procedure("gradient_noise", {"sizes": [1, 4, 16, 64, 256], "draws": 200}),),
        seconds=4,
        mnist=False,
    ),
    Entry(
        id="R56",
        sentence="In a narrow valley descent goes to and fro; momentum needs about the root of its steps.",
        source=f"{_GOODFELLOW}, §8.2.1, §8.3.2, §8.6.2",
        claims=(
            _fact("steps across the valley that turn round, κ = 100", "all", value("turns"), at_most(-0.99)),
            _fact("steps to a thousandth, plain", "346 by theory", value("plain"), Between(330, 360)),
            _fact("steps of momentum over those", "about 1/√κ", ratio(value("momentum"), value("plain")), at_most(0.2)),
            _fact(
                "steps of conjugate gradients, two parameters", "2, exactly searched", value("conjugate"), at_most(10)
            ),
        ),
        steps=(Procedure("valleys", {"condition": 100.0, "until": 1e-3, "most": 600}),),
        seconds=3,
        seeds=1,
        mnist=False,
        panels=(
            Panel(
                "distance from the minimum",
                {name: (name, "distance") for name in ("plain", "momentum")},
                log=True,
                first=0,
                axis="step",
            ),
        ),
    ),
    Entry(
        id="R57",
        sentence="Where descent jumps about in a valley, the average of its points lies near the floor.",
        source=f"{_GOODFELLOW}, §8.7.3 (Polyak)",
        claims=(_fact("excess cost of the last point over that of the average", "more", value("gain"), at_least(3)),),
        steps=(
            Procedure("averages_in_a_valley", {"examples": 200, "epochs": 40, "learning_rate": 0.004, "scale": 10.0}),
        ),
        seconds=2,
        mnist=False,
        panels=(Panel("cost above the least", {name: (name, "excess") for name in ("last", "average")}, log=True),),
    ),
    Entry(
        id="R58",
        sentence="As all layers move at once, a deep chain's gradient promises what a step does not keep; batch "
        "normalization makes the promise independent of the depth.",
        source=f"{_GOODFELLOW}, §8.7.1",
        claims=(
            *(
                _fact(
                    f"normalized, {depth} links: fall over the promised half",
                    "0.875 by theory",
                    value(f"normalized, {depth} links"),
                    Between(0.87, 0.88),
                )
                for depth in _DEPTHS
            ),
            _fact("plain, 5 links", "not much less", value("plain, 5 links"), at_least(0.5)),
            _fact("plain, 50 links", "the cost rises", value("plain, 50 links"), at_most(0)),
        ),
        steps=(Procedure("linear_chain", {"depths": list(_DEPTHS), "weight": 0.9, "fall": 0.5}),),
        seconds=10,
        seeds=3,
        mnist=False,
    ),
    Entry(
        id="R59",
        sentence="The test error goes on falling after the training error is 0.",
        source=f"{_GOODFELLOW}, §8.1.2",
        claims=(
            Claim(
                "test error when all training examples are right, less the least later",
                "more than 0",
                difference(value("then"), value("least")),
                at_least(0.3),
            ),
        ),
        steps=(Procedure("after_perfection", {"examples": 200, "epochs": 200, "hidden": 100, "learning_rate": 0.1}),),
        seconds=4,
        mnist=False,
        panels=(Panel("error, %", {name: (name, "error") for name in ("training", "test")}),),
        note="On scikit-learn's digits, 200 of them to learn from.",
    ),
    Entry(
        id="R60",
        sentence="Central differences miss the Hessian by ε² until rounding takes over, later so with gradients.",
        source="Bishop, PRML, §5.4.4",
        claims=(
            _fact("powers of ten gained from ε = 0.1 to 0.01", "2", value("order"), Between(1.9, 2.1)),
            _fact("differences of the cost: best error, relative", "–", value("best cost"), at_most(1e-5)),
            _fact("differences of the gradient: the same", "–", value("best gradient"), at_most(1e-8)),
        ),
        steps=(Procedure("difference_errors", {"powers": 8}),),
        seconds=4,
        seeds=3,
        mnist=False,
        panels=(
            Panel(
                "error over the largest entry",
                {name: (name, "error") for name in ("cost", "gradient")},
                log=True,
                axis="−lg ε",
            ),
        ),
    ),
    Entry(
        id="R61",
        sentence="Where a network is the mean of its noisy targets, Σ b bᵀ nears the Hessian as 1/√N; elsewhere not.",
        source="Bishop, PRML, (5.84) and exercise 5.17",
        claims=(
            _fact("power of N that the difference follows, E[t|x]", "−1/2", value("optimum"), Between(-0.65, -0.35)),
            _fact("another network", "0", value("elsewhere"), Between(-0.1, 0.1)),
        ),
        steps=(Procedure("outer_products", {"sizes": [100, 1000, 10_000]}),),
        seconds=4,
        mnist=False,
    ),
    Entry(
        id="R62",
        sentence="In a deep network the layers near the inputs hardly move; after pre-training they do.",
        source=f"{_LECTURE}, learning of deep networks, pre-training",
        claims=(
            _fact(
                "random start: ‖∂C/∂b‖ of the first hidden layer over the fourth",
                "small",
                value("random"),
                at_most(0.05),
            ),
            _fact(
                "the same after pre-training by autoencoders, over that",
                "larger",
                ratio(value("pretrained"), value("random")),
                at_least(3),
            ),
        ),
        steps=(Procedure("update_sizes", {"hidden": [40, 40, 40, 40], "epochs": 60, "learning_rate": 0.01}),),
        seconds=15,
        seeds=3,
        mnist=False,
        panels=(
            Panel(
                "‖∂C/∂b‖ at the start",
                {name: (name, "size") for name in ("random", "pretrained")},
                log=True,
                axis="hidden layer",
            ),
        ),
        note="On scikit-learn's digits, four hidden layers of 40 sigmoid units.",
    ),
    Entry(
        id="R63",
        sentence="Without regularization runs from different starts end at different costs; with it they can be repeated.",
        source="Nielsen, chapter 3, “Overfitting and regularization”",
        claims=(
            _fact(
                "deviation of the test cost over 8 starts: with weight decay over without",
                "less",
                ratio(value("with"), value("without")),
                at_most(0.7),
            ),
        ),
        steps=(
            Procedure(
                "spread_of_starts",
                {"starts": 8, "examples": 300, "epochs": 100, "hidden": 30, "learning_rate": 0.5, "l2": 0.001},
            ),
        ),
        seconds=8,
        mnist=False,
        note="On scikit-learn's digits; the costs are compared relative to their mean.",
    ),
)
