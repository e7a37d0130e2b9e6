"""`Autoencoder`."""

import contextlib
import math
import warnings
from typing import Any, ClassVar, Self

import jax
import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from shinso import nn
from shinso._checks import whole_number
from shinso.estimators import _parameters
from shinso.estimators._computing import computing
from shinso.estimators._network import NetworkEstimator, Prepared, with_channels
from shinso.estimators._rows import dense, predicted_means
from shinso.objectives import Gaussian, Likelihood, Reconstruction


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkEstimator):  # type: ignore[misc]
    """Autoencoder as a transformer: examples to codes z = f(x) and back, x̃ = g(z), trained to rebuild its inputs.

    The cost of an example is L(x, x̃) + Ω(z). The linear one (``hidden=()``, ``activation`` unused) finds the space of
    the first principal components. Inputs on different scales weigh differently in L: standardize them first.

    Args:
        n_components: C, numbers of the code. Where C ≥ D the identity can be learned and the code need not mean anything;
            that is warned of unless `corruption`, `variational` or `code_penalty` stands against it.
        hidden: units of the encoder's hidden layers; the decoder has them in reverse.
        activation: φ of hidden layers, a name of `shinso.nn.ACTIVATIONS`.
        code_activation: φ of the code; ``"sigmoid"`` for codes between 0 and 1.
        output_activation: φ of the reconstruction; ``"sigmoid"`` for squared errors of values in [0, 1].
        reconstruction: L: ``"gaussian"``, ½‖x − x̃‖², or ``"bernoulli"``, the cross-entropy of values in [0, 1].
        tied: the decoder's weights are the encoder's transposed.
        corruption: noise on the inputs in training: ``{"name": "masking", "rate": 0.3}`` or
            ``{"name": "gaussian", "standard_deviation": 0.5}``; None for none.
        code_penalty: Ω: ``{"name": "l1", "strength": 0.1}``, or ``{"name": "sparsity", "strength": 0.1, "target": 0.05}``
            for codes in [0, 1]; None for none (`shinso.objectives.Reconstruction`).
        variational: a random code z ~ N(μ(x), σ²(x)) and Ω = β KL(N(μ, σ²) ‖ N(0, I)); `transform` returns μ.
        beta: β ≥ 0 of a variational autoencoder.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name; None is its default.
        epochs: most passes over the examples, ≥ 1 (``lbfgs``: iterations).
        batch_size: examples in a mini-batch, at most N; ``"auto"`` is min(128, N).
        l2: strength λ ≥ 0 of ½ λ Σ w², biases excluded.
        l1: strength λ ≥ 0 of λ Σ |w|, biases excluded.
        early_stopping: hold out examples, stop when their loss stalls, and keep the best epoch's parameters.
        validation_fraction: share held out, in (0, 1).
        patience: epochs without improvement that are accepted, ≥ 1 or infinite.
        shuffle: draw a new order each epoch.
        warm_start: `fit` goes on from the present parameters.
        random_state: seed of first weights, split, order and noise.
        verbose: print the history as it comes.
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, …; None is JAX's default.

    Attributes:
        network_: the trained `shinso.nn.AutoencoderModel`, its arrays NumPy's.
        history_: one dictionary of metrics for each epoch (`shinso.training.History`).
        loss_curve_: cost of each epoch, penalties included.
        n_iter_: epochs made.
        stop_reason_: how training ended (`shinso.training.Stop`).
        input_shape_: shape of one example.
        n_features_in_: length of the first axis of an example.
        feature_names_in_: names of a table's columns, if X had names.

    Source: S0 §2.4.3; S1 (autoencoders).
    """

    _checks: ClassVar[dict[str, _parameters.Check]] = {
        **{name: check for name, check in NetworkEstimator._checks.items() if name != "network_arguments"},
        "n_components": _parameters.whole(1),
        "hidden": _parameters.sizes,
        "activation": _parameters.activation,
        "code_activation": _parameters.activation,
        "output_activation": _parameters.activation,
        "reconstruction": _parameters.name("gaussian", "bernoulli"),
        "tied": _parameters.flag,
        "variational": _parameters.flag,
        "beta": _parameters.number(least=0),
    }

    def __init__(
        self,
        n_components: int = 2,
        hidden: Any = (100,),
        *,
        activation: str = "relu",
        code_activation: str = "identity",
        output_activation: str = "identity",
        reconstruction: str = "gaussian",
        tied: bool = False,
        corruption: dict[str, Any] | None = None,
        code_penalty: dict[str, Any] | None = None,
        variational: bool = False,
        beta: float = 1.0,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        epochs: int = 100,
        batch_size: int | str = "auto",
        l2: float = 0.0,
        l1: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: float = 20,
        shuffle: bool = True,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool | int = False,
        device: str | None = None,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.activation = activation
        self.code_activation = code_activation
        self.output_activation = output_activation
        self.reconstruction = reconstruction
        self.tied = tied
        self.corruption = corruption
        self.code_penalty = code_penalty
        self.variational = variational
        self.beta = beta
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.l1 = l1
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train the autoencoder to rebuild X.

        Args:
            X: tables `[N, D]` (array, DataFrame, sparse matrix, which is densified whole) or images `[N, H, W]` or
                `[N, H, W, C]`. float32 is computed in float32, everything else in float64, which takes about twice the
                time.
            y: ignored.
            sample_weight: weight ≥ 0 of each example, `[N]`; None is 1 for each.

        Raises:
            TypeError: an argument of the constructor has the wrong type.
            ValueError: an argument out of range, or X outside [0, 1] with ``reconstruction="bernoulli"``.
        """
        return super().fit(X, y, sample_weight)

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes `[N, C]`, without noise; those of a variational autoencoder are the means μ."""
        check_is_fitted(self)
        X = self._new(X)
        return self._computed(self.network_.encode, Gaussian(), X)

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Return what the codes `[N, C]` stand for, in the shape that X had in `fit`."""
        check_is_fitted(self)
        Z = check_array(Z, dtype=(np.float64, np.float32), input_name="Z")
        if Z.shape[1] != self._n_features_out:
            raise ValueError(f"Z must have {self._n_features_out} columns, the numbers of the code; got {Z.shape[1]}.")
        rebuilt = self._computed(self.network_.decode, self._likelihood(), Z)
        return rebuilt.reshape(len(rebuilt), *self._example_shape)

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the mean squared error of the reconstruction, over all numbers of X; `y` is ignored."""
        rebuilt = self._predict_mean(X)
        X = self._new(X)
        return -float(np.mean(np.square(rebuilt - X.reshape(rebuilt.shape), dtype=float)))

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

    def _prepared(self, X: Any, y: Any) -> Prepared:
        X = validate_data(self, X, accept_sparse=["csr", "csc"], allow_nd=True, dtype=(np.float64, np.float32))
        self._example_shape = X.shape[1:]
        X = with_channels(dense(X))
        self.input_shape_ = X.shape[1:]
        self.n_outputs_ = math.prod(self.input_shape_)
        self._n_features_out = whole_number("n_components", self.n_components, least=1)
        targets = X.reshape(len(X), self.n_outputs_)
        likelihood = self._likelihood()
        likelihood.check_targets("X", targets)
        return Prepared(X, targets, targets)

    def _likelihood(self) -> Reconstruction:
        if self.variational and self.code_penalty is not None:
            raise ValueError(f"code_penalty goes without variational, which has its own; got {self.code_penalty!r}.")
        code = {"name": "variational", "strength": self.beta} if self.variational else self.code_penalty
        return Reconstruction(self.n_outputs_, self.reconstruction, code)

    def _built(self, key: jax.Array) -> nn.AutoencoderModel:
        with contextlib.ExitStack() as stack:
            if self.code_penalty is not None:  # stands against the identity, which the builder cannot know
                stack.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", "code has .* identity can be learned")
            return nn.autoencoder(
                self.input_shape_,
                self.n_components,
                _parameters.sizes("hidden", self.hidden),
                activation=_parameters.activation("activation", self.activation),
                code_activation=_parameters.activation("code_activation", self.code_activation),
                output_activation=_parameters.activation("output_activation", self.output_activation),
                tied=self.tied,
                variational=self.variational,
                corruption=self.corruption,
                key=key,
            )

    def _computed(self, function: Any, likelihood: Likelihood, rows: np.ndarray) -> np.ndarray:
        dtype = jax.tree.leaves(self.network_)[0].dtype
        with computing(dtype, self.device):
            return predicted_means(function, likelihood, rows.astype(dtype, copy=False))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
