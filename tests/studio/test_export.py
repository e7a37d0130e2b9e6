"""A network as one HTML file: what its JavaScript computes is what the library does."""

import base64
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from shinso import nn
from shinso.cli import app
from shinso.data import Encoder, ImageInputs, TargetEncoder, centred_digit
from shinso.experiment import encoder_of
from shinso.objectives import Objective, likelihood
from shinso.studio import export_html, network_page
from shinso.studio._fields import columns_of
from shinso.studio._plain_network import plain_network
from shinso.training import Ensemble, Run, load, load_run, train

STATIC = Path(nn.__file__).resolve().parent.parent / "studio" / "static"
KEY = jax.random.key(0)


def in_node(tmp_path: Path, module: str, body: str, **data: Any) -> Any:
    """Run JavaScript that imports from a module of the studio and prints JSON, with `data` at hand."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; it runs the pages' JavaScript here")
    for one in STATIC.glob("*.js"):
        shutil.copy(one, tmp_path / f"{one.stem}.mjs")
    names = {"network": "decoded, predictMean", "digit": "centredDigit", "table": "encoded"}[module]
    (tmp_path / "data.json").write_text(json.dumps(data))
    (tmp_path / "run.mjs").write_text(
        f'import {{ readFileSync }} from "node:fs";\nimport {{ {names} }} from "./{module}.mjs";\n'
        f'const data = JSON.parse(readFileSync("{tmp_path}/data.json"));\n'
        f"console.log(JSON.stringify({body}));\n"
    )
    done = subprocess.run([node, tmp_path / "run.mjs"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


NETWORKS = {
    "valid convolution, mean pool": lambda: nn.cnn(
        (9, 9, 1), 3, (4,), padding="valid", pool="mean", activation="silu", key=KEY
    ),
    "batch norm, l2 pool": lambda: nn.cnn((9, 9, 1), 3, (4, 6), pool="l2", normalization="batch", hidden=(5,), key=KEY),
    "layer norm, gelu": lambda: nn.cnn((9, 9, 1), 3, (4,), normalization="layer", activation="gelu", key=KEY),
    "maxout, dropout": lambda: nn.mlp((9, 9, 1), 3, (6, 5), activation="maxout", dropout=0.5, key=KEY),
    "drop-connect, tanh": lambda: nn.mlp((9, 9, 1), 3, (6,), activation="tanh", drop_connect=0.3, key=KEY),
    "lenet5": lambda: nn.network("lenet5", (9, 9, 1), 3, key=KEY),
    "shift, stride": lambda: nn.augmented(
        nn.Sequential([nn.Conv2d(1, 4, 3, stride=2, padding=1, key=KEY), nn.Flatten(), nn.Dense(100, 3, key=KEY)]),
        nn.RandomShift(1),
    ),
    "groups": lambda: nn.Sequential(
        [
            nn.ZeroPad2d(1),
            nn.Conv2d(1, 4, 3, key=KEY),
            nn.GroupedConv2d(4, 6, 3, groups=2, bias_init=None, key=KEY),
            nn.Flatten(),
            nn.Dense(294, 3, key=KEY),
        ]
    ),
    **{
        f"activation {name}": lambda name=name: nn.mlp((9, 9, 1), 3, (6,), activation=name, key=KEY)
        for name in ("sigmoid", "relu", "elu", "softplus", "erf", "gaussian_cdf", "step")
    },
}
PICTURES = np.random.default_rng(1).uniform(0, 1, (6, 9, 9, 1)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def encoder_of_pictures(*, standardize: bool = False) -> Encoder:
    targets = TargetEncoder("classification", ("y",), classes=(0, 1, 2))
    return Encoder(ImageInputs.fit(PICTURES, standardize=standardize), targets)


@pytest.fixture(scope="module")
def trained() -> Run:
    """A run whose model others take the place of."""
    model = nn.mlp((9, 9, 1), 3, (4,), key=KEY)
    return train(model, Objective(likelihood("categorical")), (PICTURES, LABELS), epochs=1, batch_size=6)


def with_statistics(model: Any) -> Any:
    """Return the model with batch statistics that are not those of the start."""

    def moved(node: Any) -> Any:
        if not isinstance(node, nn.BatchNorm):
            return node
        mean = np.linspace(-0.5, 0.5, node.scale.size).astype(np.float32)
        return eqx.tree_at(lambda layer: (layer.moments.mean, layer.moments.variance), node, (mean, mean**2 + 0.3))

    return jax.tree.map(moved, model, is_leaf=lambda node: isinstance(node, nn.BatchNorm))


@pytest.fixture(scope="module")
def compared(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What JavaScript and the library predict with each network."""
    runs = {name: dataclasses.replace(trained, model=with_statistics(make())) for name, make in NETWORKS.items()}
    encoder = encoder_of_pictures()
    found = in_node(
        tmp_path_factory.mktemp("node"),
        "network",
        "Object.fromEntries(Object.entries(data.networks).map(([name, plain]) => {"
        " const network = decoded(plain); return [name, data.inputs.map((input) => predictMean(network, input))]; }))",
        networks={name: plain_network(run, encoder) for name, run in runs.items()},
        inputs=PICTURES.reshape(len(PICTURES), -1).tolist(),
    )
    return {name: (np.array(found[name]), run.predict_mean(PICTURES)) for name, run in runs.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_javascript_computes_what_the_library_does(
    name: str, compared: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    found, expected = compared[name]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-3


def test_standardized_images_and_members_are_averaged(trained: Run, tmp_path: Path) -> None:
    encoder = encoder_of_pictures(standardize=True)
    inputs = encoder.encode(PICTURES)
    other = nn.mlp((9, 9, 1), 3, (4,), key=jax.random.key(1))
    ensemble = Ensemble((trained, dataclasses.replace(trained, model=other)))
    found = in_node(
        tmp_path,
        "network",
        "((network) => data.inputs.map((input) => predictMean(network, input)))(decoded(data.network))",
        network=plain_network(ensemble, encoder),
        inputs=PICTURES.reshape(len(PICTURES), -1).tolist(),
    )
    np.testing.assert_allclose(found, ensemble.predict_mean(inputs), rtol=0, atol=1e-5)
    assert np.abs(np.array(found) - trained.predict_mean(inputs)).max() > 1e-3


def test_digit_is_centred_as_in_python(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    shapes = ((50, 40), (7, 31))
    pictures = [random.uniform(0, 1, shape) * (random.uniform(0, 1, shape) > 0.7) for shape in shapes]
    cases = [{"ink": one.ravel().tolist(), "shape": one.shape, "size": size} for size in (28, 8) for one in pictures]
    found = in_node(
        tmp_path,
        "digit",
        "data.cases.map(({ ink, shape, size }) => Array.from(centredDigit(ink, shape[1], shape[0], size)))",
        cases=cases,
    )
    for case, image in zip(cases, found, strict=True):
        expected = centred_digit(np.reshape(case["ink"], case["shape"]), case["size"])
        np.testing.assert_allclose(np.reshape(image, expected.shape), expected, atol=1e-6)


def test_columns_are_encoded_as_in_python(table_run: Path, tmp_path: Path) -> None:
    encoder = encoder_of(load(table_run))
    rows = [
        {"size": "51.5", "city": "Nara", "built": "2015-07-03"},
        {"size": "", "city": "", "built": ""},
        {"size": "900", "city": "Osaka", "built": "2031-01-01"},
    ]
    found = in_node(
        tmp_path,
        "table",
        "data.rows.map((row) => Array.from(encoded({ columns: data.columns }, row)))",
        columns=columns_of(encoder),
        rows=rows,
    )
    frame = pl.DataFrame({name: [row[name] or None for row in rows] for name in rows[0]})
    expected, _ = encoder.encode_with_notes(frame)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_page_is_whole_and_strict(digits_run: Path) -> None:
    page = network_page(load(digits_run))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    for tag in ("script", "style"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert text is not None
        digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1] or f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert "default-src" in policy[1]
    assert not re.search(r"https?://|\bsrc=|<link|\simport |\bexport |style=", page.replace("http-equiv", ""))
    assert "test examples right" in page


def test_names_from_data_cannot_become_markup(table_run: Path) -> None:
    page = network_page(load(table_run))
    assert "<b>Uji</b>" not in page
    assert 'type="date"' in page
    assert 'name="always"' not in page


def test_recurrent_networks_are_refused(digits_run: Path) -> None:
    other = dataclasses.replace(load_run(digits_run), model=nn.network("recurrent", (8, 8, 1), 10, key=KEY))
    with pytest.raises(ValueError, match=r"^run cannot be a page: \w+ has no elementary operations"):
        network_page(other)


def test_runs_on_arrays_are_refused(trained: Run) -> None:
    with pytest.raises(ValueError, match="was trained on arrays"):
        network_page(trained)


def test_command_writes_the_file(digits_run: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", str(digits_run), "--html", str(tmp_path / "digits.html")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "digits.html").read_text(encoding="utf-8") == network_page(load(digits_run))
    assert export_html(load(digits_run), tmp_path / "again.html").exists()
