"""Every entry is data that can be run: its settings are accepted, and its claims and figure look where something will be."""

import json
from pathlib import Path

import pytest

from shinso.reproduce import ENTRIES, EXPERIMENTS, Record, usable
from shinso.settings import Description, Settings, complete

RECORDS = Path(__file__).resolve().parents[2] / "docs" / "records"
MNIST = Description("classification", (28, 28, 1), 50_000, 10)


def networks(entry):
    """Settings by name of everything that an entry trains."""
    for step in (*entry.steps, *(entry.full or ())):
        yield from step.settings.get("networks", {}).items()
        if "network" in step.settings:
            yield "network", step.settings["network"]


def test_no_row_is_missing():
    assert list(ENTRIES) == [f"R{number}" for number in range(1, 64)]
    assert all(entry.id == name for name, entry in ENTRIES.items())


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_can_be_run(entry):
    assert entry.claims
    assert entry.seconds > 0
    assert entry.sentence.endswith(".")
    assert json.loads(json.dumps([list(step) for step in entry.steps]))
    for step in (*entry.steps, *(entry.full or ())):
        assert step.experiment in EXPERIMENTS
    for _, settings in networks(entry):
        complete(Settings.from_dict(settings), MNIST)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_claims_and_figures_look_at_what_is_watched(entry):
    """A record full of what the steps will measure has a number for each claim and a curve for each line."""
    known = usable(entry, RECORDS, full=entry.full is not None)
    record = known[0] if known else pretended(entry)
    assert [claim.what for claim in entry.claims if claim.measure(record) is None] == []
    for panel in entry.panels:
        for name, column in panel.lines.values():
            assert column in record.curves[name]


def pretended(entry):
    """A record of an entry that nobody has run, with every curve and value that its experiments name."""
    steps = entry.full or entry.steps
    curves, values = {}, {"darkness": 22.0, "majority": 99.0, "member": 98.0, "growth": 2.0, "error": 0.0}
    values |= dict.fromkeys(("closed form", "R-operator", "differences"), 1.0)
    for step in steps:
        if step.experiment == "training":
            watched = [f"{part}_{what}" for part in step.settings["watch"] for what in ("loss", "accuracy")]
            for name, settings in step.settings["networks"].items():
                curves[name] = {column: [50.0] * settings["epochs"] for column in ("cost", *watched)}
                values[f"{name}: epochs"] = settings["epochs"]
        elif step.experiment == "gradient_speeds":
            for name, settings in step.settings["networks"].items():
                layers = [str(layer) for layer in range(1, len(settings["hidden"]) + 1)]
                values |= {f"{name}: start {layer}": 0.1 for layer in layers}
                if step.settings["every"]:
                    curves[name] = {layer: [0.1] * 51 for layer in layers}
        elif step.experiment == "single_neuron":
            curves |= {name: {"output": [0.5] * 300, "cost": [0.5] * 300} for name in step.settings["costs"]}
        elif step.experiment == "baselines":
            machines = step.settings["machines"].items()
            values |= {f"{name} machine, {n} images": 90.0 for name, sizes in machines for n in sizes}
        elif step.experiment == "code_8_3_8":
            names = [f"λ = {decay:g}" for decay in step.settings["decays"]]
            values |= {f"{name}: {what}": 1.0 for name in names for what in ("repeated", "apart", "binary")}
        elif step.experiment == "newton_digits":
            curves["newton"] = {"digits": [1.0, 2.0]}
        elif step.experiment == "coordinate_descent_rates":
            names = [f"α = {alpha:g}" for alpha in step.settings["alphas"]]
            curves |= {name: {"size": [1.0, 0.5]} for name in names}
            values |= dict.fromkeys(names, 1.0)
    return Record(entry.id, 0, [], curves, values, 1.0, 1.0, [0], "", {})


@pytest.mark.parametrize(
    ("entry", "name", "expected"),
    [
        ("R1", "784-30-10, η = 3", {"learning_rate": 3.0, "likelihood": "sigmoid_quadratic", "l2": 0.0, "epochs": 30}),
        ("R1", "784-30-10, η = 3", {"hidden": (30,), "batch_size": 10, "initialization": "standard_normal"}),
        ("R12", "50,000 images, λ = 5", {"learning_rate": 0.5, "l2": 1e-4, "likelihood": "sigmoid_cross_entropy"}),
        ("R10", "1,000 images, λ = 0.1", {"l2": 1e-4, "train_examples": 1000, "epochs": 400}),
        ("R15", "new", {"initialization": "fan_in_normal", "bias_init": "standard_normal", "learning_rate": 0.1}),
        ("R16", "784-30-10", {"l2": 0.02, "learning_rate": 10.0}),
        ("R17", "5000 images", {"l2": 1e-4, "epochs": 300, "train_examples": 5000}),
        ("R40", "λ = 20, η = 1", {"l2": 0.02, "network": "linear", "train_examples": 1000}),
        ("R23", "784-30-30-30-30-10", {"hidden": (30, 30, 30, 30), "l2": 1e-4, "learning_rate": 0.1}),
        ("R24", "784-100-10", {"configuration": "fc100", "shuffle": "none", "epochs": 60, "l2": 0.0}),
        ("R27", "rectified", {"l2": 2e-5, "learning_rate": 0.03}),
        ("R31", "dropout", {"augmentation": "stored_shifts", "epochs": 40, "l2": 0.0}),
    ],
)
def test_settings_are_those_of_the_book(entry, name, expected):
    """λ of the book is divided by the number of training images, that of its last chapter by the mini-batches."""
    chosen = next(settings for known, settings in networks(ENTRIES[entry]) if known == name)
    settings = complete(Settings.from_dict(chosen), MNIST)
    for key, number in expected.items():
        assert getattr(settings, key) == (pytest.approx(number) if isinstance(number, float) else number)
    assert settings.optimizer == "sgd"
    assert settings.schedule == "constant"
