"""Nielsen, chapter 5: deeper networks of sigmoid neurons, and how fast their layers learn."""

from shinso.reproduce._agreement import Between, Near, at_least, within_factor
from shinso.reproduce._entry import Claim, Entry, Panel, Procedure, panel
from shinso.reproduce._measures import best, last, ratio, share_below, value
from shinso.reproduce._networks import NEW, sigmoid_network, train_step

_VANISHING = "Nielsen, chapter 5, “The vanishing gradient problem”"
_COUNTS = ("no", "one", "two", "three", "four")


def _name(depth: int) -> str:
    return f"784-{'30-' * depth}10"


def _network(depth: int, n: int = 50_000, epochs: int = 30) -> dict[str, object]:
    return sigmoid_network((30,) * depth, 0.1, start=NEW, decay=5.0, n=n, epochs=epochs)


def _start(depth: int, layer: int) -> str:
    return f"{_name(depth)}: start {layer}"


def _deeper(entry: str, accuracy: float, speeds: tuple[float, ...], *further: Claim) -> Entry:
    depth = len(speeds)
    name = _name(depth)
    return Entry(
        id=entry,
        sentence=f"{_COUNTS[depth].capitalize()} layers of 30 neurons read about {accuracy} %; earlier ones start slower.",
        source=_VANISHING,
        claims=(
            Claim("best accuracy", f"{accuracy:.2f} %", best(name, "validation_accuracy"), Near(accuracy, 0.25)),
            *(
                Claim(
                    f"‖∂C/∂b‖ of hidden layer {layer} at the start",
                    f"{speed:g}",
                    value(_start(depth, layer)),
                    within_factor(speed, 2.0),
                    unit="",
                )
                for layer, speed in enumerate(speeds, 1)
            ),
            *further,
        ),
        steps=(
            train_step({name: _network(depth)}, validation=None),
            Procedure("gradient_speeds", {"networks": {name: _network(depth, n=1000)}, "every": 0}),
        ),
        seconds=18 + 3 * depth,
        panels=panel("accuracy on the validation images, %", "validation_accuracy", name),
        note="The speeds are of the mean cost over the first 1,000 training images; the book's are of one draw of weights.",
    )


def _course(depth: int) -> Panel:
    lines = {f"hidden layer {layer}": (_name(depth), str(layer)) for layer in range(1, depth + 1)}
    return Panel(f"{_name(depth)}: ‖∂C/∂b‖", lines, log=True, first=0, every=10)


CHAPTER_5 = (
    Entry(
        id="R20",
        sentence="One hidden layer of 30 neurons reads 96.48 % of the validation images.",
        source=_VANISHING,
        claims=(Claim("best accuracy", "96.48 %", best(_name(1), "validation_accuracy"), Near(96.48, 0.25)),),
        steps=(train_step({_name(1): _network(1)}, validation=None),),
        seconds=20,
        panels=panel("accuracy on the validation images, %", "validation_accuracy", _name(1)),
    ),
    _deeper("R21", 96.90, (0.07, 0.31)),
    _deeper("R22", 96.57, (0.012, 0.060, 0.283)),
    _deeper(
        "R23",
        96.53,
        (0.003, 0.017, 0.070, 0.285),
        Claim(
            "hidden layer 4 over hidden layer 1",
            "about 100",
            ratio(value(_start(4, 4)), value(_start(4, 1))),
            Between(30.0, 300.0),
            unit="",
        ),
    ),
    Entry(
        id="R42",
        sentence="Throughout 500 epochs of descent on 1,000 images, earlier layers learn more slowly than later ones.",
        source=_VANISHING,
        claims=(
            *(
                Claim(
                    f"{_name(depth)}: share of epochs at which layer 1 is slower than layer {depth}",
                    "earlier layers are slower",
                    share_below(_name(depth), "1", str(depth)),
                    at_least(90.0),
                )
                for depth in (2, 3, 4)
            ),
            Claim(
                f"{_name(4)}: layer 4 over layer 1 at the end",
                "about 100",
                ratio(last(_name(4), "4"), last(_name(4), "1")),
                Between(10.0, 1000.0),
                unit="",
            ),
        ),
        steps=(
            Procedure(
                "gradient_speeds",
                {
                    "networks": {_name(depth): _network(depth, n=1000, epochs=500) for depth in (1, 2, 3, 4)},
                    "every": 10,
                },
            ),
        ),
        seconds=20,
        seeds=3,
        panels=tuple(_course(depth) for depth in (2, 3, 4)),
        note="η = 0.1 and λ = 5 as for the accuracies; the text does not give them.",
    ),
)
