"""Adding a kind touches one or two files: done here in a copy of the source, and used through every door."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "shinso"

SETTING = """    hidden: tuple[int, ...] | None = setting("""
NEW_SETTING = """    mask: str | None = setting(
        Name(("per_example", "per_batch")), NETWORK, "Masks of dropout: per_example or per_batch.", argument="mask"
    )
    hidden: tuple[int, ...] | None = setting("""
USE_SETTING = """
from shinso.experiment import arguments_of, prepare_experiment
from shinso.settings import Settings, rows
from typer.testing import CliRunner
from shinso.cli import app
from shinso import NetworkClassifier
settings = Settings.from_dict({"source": "digits", "network": "mlp", "mask": "per_batch"})
prepared, settings = prepare_experiment(settings)
assert arguments_of(settings, prepared)["model"].recipe.arguments["mask"] == "per_batch"
assert "--mask" in CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "200"}).stdout
assert NetworkClassifier(mask="per_batch").get_params()["mask"] == "per_batch"
"""

NEW_ACTIVATION = '''

@elementwise(monotone=True)
def softsign(x: Array) -> Array:
    """Return x/(1 + |x|)."""
    return x / (1 + jnp.abs(x))
'''
USE_ACTIVATION = """
import jax
import numpy as np
from shinso import Objective, nn, objectives, textbook
from shinso.settings import Settings
model = nn.mlp(3, 2, (4,), activation="softsign", key=jax.random.key(0))
X, y = np.ones((5, 3), np.float32), np.zeros(5, int)
objective = Objective(objectives.likelihood("categorical"))
cost, gradient = textbook.backpropagate(model, objective, objectives.as_batch("data", (X, y), objective.likelihood))
assert Settings(source="digits", activation="softsign").activation == "softsign"
"""

NEW_LIKELIHOOD = '''"""Absolute errors."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.objectives._elementwise import Elementwise
from shinso.objectives._target_kinds import NUMBERS, TargetKind


class Laplace(Elementwise):
    """y = a + u with p(u) = ½e^(−|u|)."""

    name: ClassVar[str] = "laplace"
    target: ClassVar[TargetKind] = NUMBERS
    score_name: ClassVar[str] = "absolute_error"
    higher_is_better: ClassVar[bool] = False
    convex: ClassVar[bool] = True
    identity_link: ClassVar[bool] = True

    def losses(self, a: Array, y: Array) -> Array:
        return jnp.abs(y - a)

    def constants(self, a: Array, y: Array) -> Array:
        return jnp.full_like(a, jnp.log(2.0))

    def scores(self, a: Array, y: Array) -> Array:
        return jnp.abs(y - a)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        return outputs

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        return means

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        return outputs + jax.random.laplace(key, outputs.shape, outputs.dtype)
'''
USE_LIKELIHOOD = """
import numpy as np
from shinso import NetworkRegressor
X = np.linspace(-1, 1, 40)[:, None]
model = NetworkRegressor("linear", likelihood="laplace", epochs=200, l2=0.0, learning_rate=0.05).fit(X, 3 * X[:, 0] + 1)
assert model.score(X, 3 * X[:, 0] + 1) > 0.98
assert "squared_error" not in model.history_[0]
"""

NEW_LAYER = '''"""A factor for each feature."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._layer import Layer


class Scale(Layer):
    """x ⊙ s."""

    scale: Float[Array, " D"]

    def __init__(self, features: int):
        self.scale = jnp.ones(features)

    def __call__(self, x: Float[Array, "N D"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N D"]:
        return x * self.scale
'''
USE_LAYER = """
import jax
import numpy as np
import shinso
from shinso import Objective, curvature, nn, objectives
model = nn.Sequential([nn.Scale(2), nn.Dense(2, 1, key=jax.random.key(0))])
X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
run = shinso.train(model, Objective(objectives.likelihood("gaussian")), (X, X[:, :1]), epochs=2)
assert "Scale" in str(nn.summary(model, (2,)))
try:
    curvature.kronecker(run.model, run.objective, (X, X[:, :1]))
except ValueError as error:
    assert "Scale" in str(error), error
else:
    raise AssertionError("a layer without a tap must be refused by name")
"""

FILES = {"setting": 1, "activation": 2, "likelihood": 2, "layer": 2}
KINDS = {
    "setting": ({"settings/_network_rows.py": (SETTING, NEW_SETTING)}, USE_SETTING),
    "activation": (
        {
            "nn/_activation_functions.py": ("", NEW_ACTIVATION),
            "_kinds.py": ('        "softplus": ', '        "softsign": ":softsign",\n        "softplus": '),
        },
        USE_ACTIVATION,
    ),
    "likelihood": (
        {
            "objectives/_laplace.py": ("", NEW_LIKELIHOOD),
            "_kinds.py": (
                '        "bernoulli": "obj',
                '        "laplace": "objectives._laplace:Laplace",\n        "bernoulli": "obj',
            ),
        },
        USE_LIKELIHOOD,
    ),
    "layer": (
        {
            "nn/_scale.py": ("", NEW_LAYER),
            "nn/__init__.py": (
                "from shinso.nn._sequential import",
                "from shinso.nn._scale import Scale as Scale\nfrom shinso.nn._sequential import",
            ),
        },
        USE_LAYER,
    ),
}


def changed(root: Path) -> None:
    """Make all the changes in a copy of the source."""
    for changes, _ in KINDS.values():
        for name, (before, after) in changes.items():
            path = root / name
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            assert before in text, name
            path.write_text(text.replace(before, after, 1) if before else text + after, encoding="utf-8")


def test_a_new_kind_is_one_or_two_files(tmp_path: Path) -> None:
    assert {kind: len(changes) for kind, (changes, _) in KINDS.items()} == FILES
    shutil.copytree(SOURCE, tmp_path / "shinso", ignore=shutil.ignore_patterns("__pycache__"))
    changed(tmp_path / "shinso")
    code = "\n".join(use for _, use in KINDS.values())
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
