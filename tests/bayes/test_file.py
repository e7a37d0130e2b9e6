"""What is saved is what is loaded, bit for bit."""

import equinox as eqx
import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from shinso import bayes, nn, objectives

X = np.random.default_rng(0).normal(size=(20, 2))
OBJECTIVE = objectives.Objective(objectives.Gaussian(2.5), [objectives.L2(0.1, "*")])

pytestmark = pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")


@pytest.fixture(scope="module")
def model():
    return nn.linear(2, 1, key=jax.random.key(0))


@pytest.mark.parametrize("structure", ["full", "kronecker", "low_rank", "diagonal"])
def test_loaded_posterior_is_bit_for_bit_the_saved_one(model, tmp_path, structure):
    saved = bayes.laplace(model, (X, X[:, :1] - 1), OBJECTIVE, structure=structure).fit_priors(steps=2)
    path = saved.save(tmp_path / "posterior.safetensors")
    loaded = bayes.load_posterior(path)
    assert loaded.model.recipe == model.recipe
    assert loaded.structure == structure
    assert loaded.log_evidence() == saved.log_evidence()
    assert loaded.history == saved.history
    assert loaded.prior_precisions == saved.prior_precisions
    np.testing.assert_array_equal(loaded.predict(X).standard_deviation, saved.predict(X).standard_deviation)
    np.testing.assert_array_equal(loaded.covariance.variances, saved.covariance.variances)
    assert loaded.fit_priors(steps=1).prior_precisions == saved.fit_priors(steps=1).prior_precisions


def test_subset_and_models_of_ones_own(tmp_path):
    module = nn.PerExample(eqx.nn.Linear(2, 1, key=jax.random.key(0)))
    saved = bayes.laplace(module, (X, X[:, :1] - 1), OBJECTIVE, subset="*.weight")
    path = saved.save(tmp_path / "posterior.safetensors")
    other = nn.PerExample(eqx.nn.Linear(2, 1, key=jax.random.key(1)))
    loaded = bayes.load_posterior(path, other)
    assert loaded.paths == ("module.weight",)
    np.testing.assert_array_equal(loaded.predict(X).standard_deviation, saved.predict(X).standard_deviation)
    with pytest.raises(ValueError, match="model of your own making"):
        bayes.load_posterior(path)
    with pytest.raises(ValueError, match=r"does not belong to this model: module\.weight is \(1, 2\) in the file"):
        bayes.load_posterior(path, nn.PerExample(eqx.nn.Linear(3, 1, key=jax.random.key(1))))


def test_files_that_are_none(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        bayes.load_posterior(tmp_path / "nothing")
    (tmp_path / "text").write_text("no")
    with pytest.raises(ValueError, match="damaged or not a posterior"):
        bayes.load_posterior(tmp_path / "text")
    save_file({"a": X}, tmp_path / "arrays")
    with pytest.raises(ValueError, match="damaged or not a posterior"):
        bayes.load_posterior(tmp_path / "arrays")
    save_file({"a": X}, tmp_path / "newer", {"posterior": '{"format": 99}'})
    with pytest.raises(ValueError, match="made by a newer shinso"):
        bayes.load_posterior(tmp_path / "newer")
    save_file({"a": X}, tmp_path / "odd", {"posterior": '{"format": 1}'})
    with pytest.raises(ValueError, match="is damaged"):
        bayes.load_posterior(tmp_path / "odd")
