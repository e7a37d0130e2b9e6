"""`shinso posterior`, `shinso curvature` and `shinso predict --std` from a terminal."""

import csv
import re
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from shinso import bayes, load
from shinso._manifest import write_file
from shinso.cli import app
from shinso.experiment import data_of_run

TRAINING = ("--network", "linear", "--optimizer", "bfgs", "--epochs", 30, "--patience", 0)


def shinso(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def ran(*arguments):
    result = shinso(*arguments)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.stdout


def table_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a table of classes, one of numbers, and a run of each."""
    folder = tmp_path_factory.mktemp("posterior")
    random = np.random.default_rng(0)
    points, noise = random.normal(size=(80, 2)), random.normal(size=80)
    tables = {
        "answer": ["yes" if a > b + 0.7 * e else "no" for (a, b), e in zip(points, noise, strict=True)],
        "price": [f"{100 + 30 * a - 20 * b + 8 * e:.4f}" for (a, b), e in zip(points, noise, strict=True)],
    }
    for name, targets in tables.items():
        rows = [f"{a:.4f},{b:.4f},{target}" for (a, b), target in zip(points, targets, strict=True)]
        (folder / f"{name}.csv").write_text(f"a,b,{name}\n" + "\n".join(rows) + "\n")
        arguments = ("train", folder / f"{name}.csv", "--target", name, *TRAINING, "--l2", 0.01, "--out", folder / name)
        ran(*arguments, "--quiet")
    return folder


@pytest.fixture(scope="module")
def made(place):
    """What `shinso posterior` says of each run."""
    return {name: ran("posterior", place / name) for name in ("answer", "price")}


def test_it_says_what_it_found_and_keeps_it(place, made):
    for words in ("log evidence", "determined by the data", "prior precision", "expected calibration error", "--std"):
        assert words in made["answer"]
    for words in ("of price", "share in 90 % intervals", "RMSE"):
        assert words in made["price"]
    posterior = bayes.load_run_posterior(place / "answer")
    for precision in posterior.prior_precisions.values():
        assert f"{precision:.4g}" in made["answer"]
    assert {"posterior.safetensors", "reliability.svg"} <= {path.name for path in (place / "answer").iterdir()}
    assert not (place / "price" / "reliability.svg").exists()


def test_figures_are_those_of_the_posterior_on_the_test_examples(place, made):
    run = load(place / "answer")
    test = data_of_run(run).test
    found = bayes.load_run_posterior(place / "answer").predict(test.inputs)
    loss = -np.mean(np.log(found.mean[np.arange(len(test)), test.targets]))
    row = next(line for line in made["answer"].split("test (")[1].splitlines() if "likelihood" in line)
    assert row.split()[-1] == f"{loss:.4g}"
    alone = -np.mean(np.log(run.predict_mean(test.inputs)[np.arange(len(test)), test.targets]))
    assert float(row.split()[-2]) == pytest.approx(alone, rel=1e-3)


def test_a_posterior_that_does_not_help_is_named(place, made, monkeypatch):
    monkeypatch.setattr(bayes.RunPosterior, "worse", property(lambda self: "test"))
    wide = shutil.copytree(place / "answer", place / "wide")
    shown = ran("posterior", wide, "--keep-priors", "--prior-precision", 1e-3)
    assert "On the test examples the network alone has the lower" in " ".join(shown.split())
    assert "0.001 of all" in shown


def test_numbers_with_their_deviation_in_their_own_units(place, made):
    ran("predict", place / "price", place / "price.csv", "--std", "--out", place / "numbers.csv")
    rows = table_of(place / "numbers.csv")
    assert list(rows[0]) == ["input", "price", "std of price"]
    errors = [
        float(row["price"]) - float(true["price"])
        for row, true in zip(rows, table_of(place / "price.csv"), strict=True)
    ]
    deviations = np.array([float(row["std of price"]) for row in rows])
    assert 6 < deviations.min() < deviations.max() < 13  # the noise has 8
    assert 0.8 < np.mean(np.abs(errors) < 1.645 * deviations) <= 1


def test_classes_with_ignorance_and_entropy(place, made):
    shown = ran("predict", place / "answer", place / "answer.csv", "--std").splitlines()
    assert shown[0].split("  ")[0] == "input"
    ran("predict", place / "answer", place / "answer.csv", "--std", "--out", place / "classes.csv")
    rows = table_of(place / "classes.csv")
    assert list(rows[0]) == [
        *("input", "class", "probability", "std of probability", "entropy"),
        *("probability of no", "probability of yes"),
    ]
    for row in rows:
        p = np.array([float(row[f"probability of {name}"]) for name in ("no", "yes")])
        assert float(row["probability"]) == p.max()
        assert float(row["entropy"]) == pytest.approx(-(p * np.log(p)).sum())
        assert 0 < float(row["std of probability"]) < 0.5


def test_curvature(place):
    shown = ran("curvature", place / "answer")
    for words in ("hessian, 6 parameters, all eigenvalues", "sharpness", "condition number", "trace", "of layers.0"):
        assert words in shown
    assert "<svg" in (place / "answer" / "spectrum-hessian.svg").read_text()
    ran("curvature", place / "answer", "--of", "gauss_newton", "--out", place / "spectrum.png")
    assert (place / "spectrum.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "of",
    [
        pytest.param("outer_product", marks=pytest.mark.slow),
        pytest.param("finite_difference", marks=pytest.mark.slow),
        "diagonal",
    ],
)
def test_other_ways_to_curvature(place, of):
    """A linear model's recursion is exact, so its trace is the Hessian's, as is that of differences."""
    shown = {name: ran("curvature", place / "answer", "--of", name) for name in ("hessian", of)}
    traces = {name: float(re.search(r"^trace +(\S+)", text, re.MULTILINE)[1]) for name, text in shown.items()}
    assert f"{of.replace('_', ' ')}, 6 parameters" in shown[of]
    assert (traces[of] == pytest.approx(traces["hessian"], rel=5e-3)) == (of != "outer_product")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("posterior", "answer", "--structure", "blocks"), "structure must be one of"),
        (("posterior", "answer", "--subset", "layers.9.*"), "subset must choose a parameter"),
        (
            ("posterior", "answer", "--prior-precision", 1),
            "prior_precision must be left out where priors are found by the evidence",
        ),
        (
            ("posterior", "answer", "--keep-priors", "--prior-precision", -1),
            "prior_precision must be a finite number > 0",
        ),
        (("posterior", "nowhere"), "is not a run folder"),
        (("curvature", "answer", "--of", "slope"), "of must be one of"),
        (("curvature", "nowhere"), "is not a run folder"),
    ],
)
def test_bad_input_is_one_sentence(place, arguments, sentence):
    command, name, *rest = arguments
    result = shinso(command, place / name, *rest)
    assert result.exit_code == 2
    assert sentence in result.output
    assert result.output.count("\n") == 1


def test_what_is_missing_or_out_of_date_is_named(place, made):
    copy = shutil.copytree(place / "price", place / "copy")
    (copy / "posterior.safetensors").unlink()
    result = shinso("predict", copy, place / "price.csv", "--std")
    assert result.exit_code == 2
    assert f"has no posterior yet; make it with: shinso posterior {copy}" in result.output
    run = load(place / "answer")
    bayes.laplace(run, subset="last_layer", structure="kronecker", priors="evidence").save(
        copy / "posterior.safetensors"
    )
    assert "does not belong to this model" in shinso("predict", copy, place / "price.csv", "--std").output
    other = place / "other"
    ran("train", place / "price.csv", "--target", "price", *TRAINING, "--l2", 0.1, "--out", other, "--quiet")
    shutil.copy(place / "price" / "posterior.safetensors", other)
    assert "was added by hand" in shinso("predict", other, place / "price.csv", "--std").output
    content = (place / "price" / "posterior.safetensors").read_bytes()
    write_file(other / "posterior.safetensors", content)
    (other / "posterior.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "is not the file that SHA256SUMS describes" in shinso("predict", other, place / "price.csv", "--std").output
    write_file(other / "posterior.safetensors", content)
    assert "posterior of other parameters" in shinso("predict", other, place / "price.csv", "--std").output


def test_data_that_changed_are_refused(place, made):
    source = place / "price.csv"
    before = source.read_text()
    try:
        source.write_text(before.replace(",1", ",2"))
        for command in ("posterior", "curvature"):
            result = shinso(command, place / "price")
            assert result.exit_code == 2
            assert "the training examples" in result.output
            assert "are no longer what they were" in result.output
    finally:
        source.write_text(before)


def test_help_teaches():
    for command, words in (
        ("posterior", ("--subset", "--structure", "--fit-priors", "predict", "Examples")),
        ("curvature", ("--of", "sharpness", "--out", "Examples")),
        ("predict", ("--std", "entropy")),
    ):
        shown = ran(command, "--help")
        assert all(word in shown for word in words)
