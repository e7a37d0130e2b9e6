"""The lecture on deep learning, the notes on neural networks, PRML, and Goodfellow et al.: without MNIST."""

from shinso.reproduce._agreement import Between, at_least, at_most
from shinso.reproduce._entry import Claim, Entry, Panel, Procedure
from shinso.reproduce._measures import value

_ALPHAS = (1.0, 0.1, 0.01)
_RATES = {f"α = {alpha:g}": (1 + alpha) ** -2 for alpha in _ALPHAS}

OTHER_SOURCES = (
    Entry(
        id="R33",
        sentence="Three hidden units learn a code for eight things, one that is nearly binary in some networks.",
        source="the lecture on deep learning, exercise 9-1",
        claims=(
            *(
                claim
                for decay in ("λ = 0", "λ = 0.001")
                for claim in (
                    Claim(f"{decay}: of eight, given back", "8", value(f"{decay}: repeated"), at_least(8.0), unit=""),
                    Claim(f"{decay}: closest two codes", "apart", value(f"{decay}: apart"), at_least(0.3), unit=""),
                    Claim(
                        f"{decay}: units within 0.1 of 0 or 1",
                        "a binary code",
                        value(f"{decay}: binary"),
                        at_least(90.0, some=True),
                    ),
                )
            ),
        ),
        steps=(Procedure("code_8_3_8", {"epochs": 3000, "learning_rate": 0.1, "decays": [0.0, 0.001]}),),
        seconds=1,
        seeds=10,
        side_by_side=True,
        mnist=False,
        note="Without a penalty weights grow until a decoder tells 0.4 from 1 as well as 0 from 1, so nothing asks for a "
        "binary code; weight decay does, and then every network counts in binary digits.",
    ),
    Entry(
        id="R34",
        sentence="Near a minimum each of Newton's steps doubles the number of correct digits.",
        source="notes on neural networks, §2.2.2.2",
        claims=(
            Claim("digits after a step over those before", "about 2", value("growth"), Between(1.8, 2.3), unit=""),
        ),
        steps=(Procedure("newton_digits", {"steps": 7}),),
        seconds=3,
        seeds=1,
        mnist=False,
        panels=(Panel("correct digits after each step, on eˣ − 2x", {"Newton": ("newton", "digits")}),),
    ),
    Entry(
        id="R35",
        sentence="One pass through the data inverts the outer-product approximation of the Hessian.",
        source="Bishop, PRML, §5.4.2–5.4.3",
        claims=(
            Claim("largest difference from the inverse, relative", "equal", value("error"), at_most(1e-8), unit=""),
        ),
        steps=(Procedure("inverse_hessian", {"alpha": 0.01, "examples": 200}),),
        seconds=3,
        seeds=3,
        mnist=False,
    ),
    Entry(
        id="R36",
        sentence="The Hessian of a two-layer network is the same in closed form, by the R-operator and by differences.",
        source="Bishop, PRML, §5.4.3–5.4.6",
        claims=tuple(
            Claim(f"{way}: largest difference, relative", "equal", value(way), at_most(1e-6), unit="")
            for way in ("closed form", "R-operator", "differences")
        ),
        steps=(Procedure("hessian_ways", {}),),
        seconds=30,
        seeds=1,
        mnist=False,
    ),
    Entry(
        id="R37",
        sentence="Coordinate descent slows down as the coordinates depend on each other.",
        source="Goodfellow et al., §8.7.2",
        claims=tuple(
            Claim(
                f"{name}: measured rate a sweep over (1 + α)⁻² = {rate:.4f}",
                "1",
                value(name),
                Between(1 - 1e-6, 1 + 1e-6),
                unit="",
            )
            for name, rate in _RATES.items()
        ),
        steps=(Procedure("coordinate_descent_rates", {"alphas": list(_ALPHAS), "sweeps": 20}),),
        seconds=2,
        seeds=1,
        mnist=False,
        panels=(Panel("|x| after each sweep", {name: (name, "size") for name in _RATES}, log=True, first=0),),
        note="The book says that it is slow where α is small; the factor is by our own algebra.",
    ),
)
