"""`Autoencoder`."""

import math
from typing import Any, ClassVar, Self

import jax.numpy as jnp
import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from shinso import _fork
from shinso._checks import whole_number
from shinso.data import split
from shinso.estimators import _parameters
from shinso.estimators._arguments import OF_AUTOENCODERS, with_settings
from shinso.estimators._network import Examples, NetworkEstimator, Targets
from shinso.estimators._rows import dense, host_batch, predicted_means, taken
from shinso.experiment import likelihood_for
from shinso.settings import Description, Settings, complete
from shinso.training import codes_of

_OF_OTHERS = (
    "network", "channels", "kernel_size", "padding", "pool", "basis", "basis_size", "configuration", "depth", "cell",
    "bidirectional", "truncate", "normalization", "dropout", "drop_connect", "gaussian_noise", "recurrent_init",
    "forget_bias", "augmentation", "standardize", "stopping_monitor", "monitor", "members", "strategy",
)  # fmt: skip


@with_settings(
    "n_components",
    "hidden",
    but=_OF_OTHERS,
    also=[name for name in OF_AUTOENCODERS if name != "code"],
    n_components=2,
    warm_start=False,
    random_state=0,
    verbose=False,
)
class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkEstimator):  # type: ignore[misc]
    """Autoencoder as a transformer: examples to codes z = f(x) and back, x̃ = g(z), trained to rebuild its inputs.

    The cost of an example is L(x, x̃) + Ω(z). The linear one (``hidden=()``, ``activation`` unused) finds the space of
    the first principal components. Inputs on different scales weigh differently in L: standardize them first.

    Args:
        n_components: C, numbers of the code. Where C ≥ D the identity can be learned and the code need not mean anything;
            that is warned of unless `corruption`, `variational` or `code_penalty` stands against it.
        hidden: units of the encoder's hidden layers; the decoder has them in reverse. None: 100.
        activation: φ of hidden layers, a name of `shinso.nn.ACTIVATIONS`. None: relu.
        likelihood: L: ``"gaussian"``, ½‖x − x̃‖², or ``"bernoulli"``, the cross-entropy of values in [0, 1]. None: gaussian.
        corruption: noise on the inputs in training: ``{"name": "masking", "rate": 0.3}`` or
            ``{"name": "gaussian", "standard_deviation": 0.5}``; None for none.
        code_penalty: Ω: ``{"name": "l1", "strength": 0.1}``, or ``{"name": "sparsity", "strength": 0.1, "target": 0.05}``
            for codes in [0, 1] (`shinso.objectives.Reconstruction`); ``{"name": "variational", "strength": β}`` with
            `variational`, β = 1 where None.
        variational: a random code z ~ N(μ(x), σ²(x)) and Ω = β KL(N(μ, σ²) ‖ N(0, I)); `transform` returns μ.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name. None: by the data.
        validation_fraction: share held out, in [0, 1). None: 0.1 with `patience`, else 0.
        warm_start: `fit` goes on from the present parameters.
        random_state: seed of first weights, split, order and noise; the same seed gives the same bits.
        verbose: print the history as it comes.

    Attributes:
        network_: the trained `shinso.nn.AutoencoderModel`, its arrays NumPy's.
        history_: one dictionary of metrics for each epoch (`shinso.training.History`).
        loss_curve_: cost of each epoch, penalties included.
        n_iter_: epochs made.
        stop_reason_: how training ended (`shinso.training.Stop`).
        input_shape_: shape of one example.
        n_features_in_: length of the first axis of an example.
        feature_names_in_: names of a table's columns, if X had names.

    Source: notes on neural networks, §2.4.3; lecture on deep learning (autoencoders).
    """

    posterior = None
    network = None
    _own_checks: ClassVar[dict[str, _parameters.Check]] = {
        "warm_start": _parameters.flag,
        "verbose": _parameters.verbosity,
        "n_components": _parameters.whole(1),
    }

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train the autoencoder to rebuild X.

        Args:
            X: tables `[N, D]` (array, DataFrame, sparse matrix, which is densified whole) or images `[N, H, W]` or
                `[N, H, W, C]`.
            y: ignored.
            sample_weight: weight ≥ 0 of each example, `[N]`; None is 1 for each.

        Raises:
            TypeError: an argument of the constructor has the wrong type.
            ValueError: an argument out of range, or X outside [0, 1] with ``likelihood="bernoulli"``.
        """
        _fork.computing()
        return super().fit(X, y, sample_weight)

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes `[N, C]`, without noise; those of a variational autoencoder are the means μ."""
        with self._examples(X) as inputs:
            codes = codes_of(self.network_, inputs)
        return codes.astype(getattr(X, "dtype", codes.dtype) if _is_real(X) else float, copy=False)

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Return what the codes `[N, C]` stand for, in the shape that X had in `fit`."""
        check_is_fitted(self)
        Z = check_array(Z, dtype=(np.float64, np.float32), input_name="Z")
        if Z.shape[1] != self._n_features_out:
            raise ValueError(f"Z must have {self._n_features_out} columns, the numbers of the code; got {Z.shape[1]}.")
        rebuilt = predicted_means(self.network_.decode, self._likelihood(), Z.astype(jnp.result_type(float)))
        rebuilt = rebuilt.astype(Z.dtype, copy=False)
        return rebuilt.reshape(len(rebuilt), *self._example_shape)

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the mean squared error of the reconstruction, over all numbers of X; `y` is ignored."""
        rebuilt = self._predict_mean(X)
        return -float(np.mean(np.square(rebuilt - self._encoded(X).reshape(rebuilt.shape), dtype=float)))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Return what codes drawn from N(0, I) stand for, `[n_samples, …]`; of a variational autoencoder.

        Args:
            n_samples: how many, ≥ 1.
            random_state: seed of the draw.

        Raises:
            ValueError: the autoencoder is not variational: its codes have no known distribution to draw from.
        """
        check_is_fitted(self)
        if self.network_.code is None:
            raise ValueError("sample needs a variational autoencoder; got variational=False.")
        size = (whole_number("n_samples", n_samples, least=1), self._n_features_out)
        return self.inverse_transform(check_random_state(random_state).normal(size=size))

    def _validated(self, X: Any, y: Any) -> tuple[np.ndarray, None]:
        X = validate_data(self, X, accept_sparse=["csr", "csc"], allow_nd=True, dtype=(np.float64, np.float32))
        self._example_shape = X.shape[1:]
        self._n_features_out = whole_number("n_components", self.n_components, least=1)
        return self._as_inputs(X), None

    def _targets(self, y: Any) -> Targets:
        return Targets("reconstruction", np.empty(0), np.empty(0))

    def _asked(self) -> Settings:
        return super()._asked().replace(network="autoencoder", code=int(self.n_components))

    def _examples_of(self, asked: Settings, X: np.ndarray, values: np.ndarray, weights: np.ndarray) -> Examples:
        self.input_shape_, self.n_outputs_ = X.shape[1:], math.prod(X.shape[1:])
        targets = X.reshape(len(X), self.n_outputs_)
        rows = split(len(X), validation_fraction=asked.validation_fraction or 0.0, test_fraction=0.0, seed=asked.seed)
        everything = host_batch(X, targets, weights)
        description = Description("reconstruction", self.input_shape_, len(rows.training), self.n_outputs_)
        settings = complete(asked, description)
        likelihood_for(settings, description).target.checked("X", targets)
        validation = taken(everything, rows.validation) if len(rows.validation) else None
        return Examples(taken(everything, rows.training), validation, description, settings)

    def _encoded(self, X: Any) -> np.ndarray:
        X = validate_data(
            self, X, accept_sparse=["csr", "csc"], allow_nd=True, dtype=(np.float64, np.float32), reset=False
        )
        inputs = self._as_inputs(X)
        if inputs.shape[1:] != self.input_shape_:
            raise ValueError(f"X must hold examples of shape {self.input_shape_}; got {inputs.shape[1:]}.")
        return inputs

    def _as_inputs(self, X: Any) -> np.ndarray:
        inputs = dense(X).astype(jnp.result_type(float))
        return inputs[..., None] if inputs.ndim == 3 else inputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.target_tags.required = False
        return tags


def _is_real(X: Any) -> bool:
    return getattr(getattr(X, "dtype", None), "kind", "") == "f"
