"""What the estimators of any network have in common."""

import contextlib
import sys
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, validate_data

from shinso import optim
from shinso._numbers import placed
from shinso.data import Dataset, Prepared, frame_of, split
from shinso.estimators import _parameters
from shinso.estimators._arguments import checked_settings, is_object
from shinso.estimators._posterior import PosteriorMixin
from shinso.estimators._rows import (
    as_numpy,
    bucket,
    class_weights,
    dense,
    example_weights,
    host_batch,
    padded,
)
from shinso.estimators._tables import is_table
from shinso.experiment import (
    describe,
    first_keys,
    network_of,
    prepare_experiment,
    train_by_settings,
    training_arguments,
)
from shinso.objectives import Batch, FunctionLoss, Likelihood
from shinso.settings import NETWORK, Description, Settings, complete, rows
from shinso.training import Ensemble, Event, device_named, metrics_in_words

VALIDATION_FRACTION = 0.1
"""Share held out where `patience` asks for a validation loss and nobody says how much."""


class Targets(NamedTuple):
    """What y is: of which kind, in the form that is learned, and the classes that weights are given to."""

    kind: str
    values: np.ndarray
    labels: np.ndarray


class Examples(NamedTuple):
    """Encoded examples, those held out for early stopping, what they are, and the settings completed for them."""

    training: Batch
    validation: Batch | None
    description: Description
    settings: Settings


class NetworkEstimator(PosteriorMixin, BaseEstimator):  # type: ignore[misc]
    """Any network, any likelihood, behind scikit-learn's interface: the examples and the settings of `shinso train`.

    Inputs and targets are encoded as `shinso train` encodes them (`encoder_`), settings that are None are chosen by the
    same policy (`settings_`), and the training is the same; so are the numbers, JAX's default type (float32).

    Subclasses say what targets are: `_targets`, and make of the network's means what people want.
    """

    _own_checks: ClassVar[Mapping[str, _parameters.Check]] = {
        **PosteriorMixin._posterior_checks,
        "network_arguments": _parameters.arguments,
        "warm_start": _parameters.flag,
        "verbose": _parameters.verbosity,
    }
    _settings_names: ClassVar[tuple[str, ...]]
    _likelihood_: Likelihood
    _table: bool = False
    network: Any = None
    network_arguments: Any = None
    likelihood: Any = None
    optimizer: Any = "adam"
    learning_rate: Any = None
    warm_start: bool = False
    random_state: Any = 0
    device: str | None = None

    @abstractmethod
    def _targets(self, y: Any) -> Targets:
        """Return what y is; set what the estimator knows of its targets."""

    def _check_targets(self, targets: Targets, weights: np.ndarray) -> None:
        """Refuse targets of the examples that count from which nothing can be learned."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network on examples X and targets y.

        Args:
            X: tables `[N, D]` (array, sparse matrix, which is densified whole, or a DataFrame, also with text, categories,
                dates and missing values, read as `shinso train` reads a file), images `[N, H, W, C]` or
                `[N, H, W]` (one channel).
            y: classes or numbers, `[N]` or `[N, K]`.
            sample_weight: weight ≥ 0 of each example, `[N]`; None is 1 for each.

        Raises:
            TypeError: an argument of the constructor has the wrong type.
            ValueError: an argument out of range, or data that do not fit the network.
        """
        _parameters.check_all(self, self._own_checks)
        asked = self._asked()
        self._forget_posterior()
        X, y = self._validated(X, y)
        if _count(X) < 2:
            raise ValueError("X must hold at least two examples; got one sample.")
        targets = self._targets(y)
        self._learned_as = targets.kind
        weights = example_weights(sample_weight, _count(X), np.dtype(np.float32))
        self._check_targets(targets, weights)
        weights = class_weights(getattr(self, "class_weight", None), targets.labels, weights)
        examples = self._examples_of(asked.replace(kind=targets.kind), X, targets.values, weights)
        arguments = training_arguments(
            examples.settings,
            examples.description,
            examples.training,
            examples.validation,
            model=self._first_model(examples),
            optimizer=self._given_optimizer(),
            likelihood=self._given_likelihood(),
        )
        named = None if callable(self.network) else examples.settings.network
        cost = None if is_object("likelihood", self.likelihood) else examples.settings.likelihood
        self.settings_ = examples.settings.replace(kind=None, network=named, likelihood=cost)
        self._likelihood_ = arguments["objective"].likelihood
        self._refuse_without_posterior()
        if self.posterior is not None:
            if self.settings_.members:
                raise ValueError(f"posterior is that of one network; got {self.settings_.members} members.")
            self._refuse_posterior(arguments["model"], examples.training)
        arguments = arguments if self.settings_.strategy else _in_bucket(arguments)
        found = train_by_settings(examples.settings, arguments, progress=_print if self.verbose else False)
        runs = found.runs if isinstance(found, Ensemble) else (found,)
        self.networks_ = [as_numpy(run.model) for run in runs]
        self.network_ = self.networks_[0]
        run = found.summary() if isinstance(found, Ensemble) else found
        if not (self.warm_start and hasattr(self, "_network_asked")):
            self._network_asked = self._describes_network()
        self._learn_posterior(run.model, run.objective, examples.training)
        self.history_ = run.history.rows
        self.loss_curve_ = [row["cost"] for row in self.history_]
        self.n_iter_ = len(self.history_)
        self.stop_reason_ = run.stop.reason
        return self

    def _asked(self) -> Settings:
        """Return the settings as they were given, with what stands for objects: a module, an optimizer."""
        given = checked_settings(self)
        held_out = given.get("validation_fraction")
        if held_out is None:
            held_out = VALIDATION_FRACTION if given.get("patience") else 0.0
        if is_object("network", self.network):
            given["network"] = "linear"  # the policy gives it no argument of a network
        if is_object("optimizer", self.optimizer):
            given["optimizer"] = "lbfgs" if optim.as_optimizer(self.optimizer).full_batch else "adam"
        given |= {"validation_fraction": held_out, "test_fraction": 0.0, "seed": _seed(self.random_state)}
        return Settings(source="arrays", probes="off", **given)

    def _validated(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return X dense and y, after scikit-learn's checks; a table of more than complete numbers stays a DataFrame."""
        self._table = is_table(X)
        if self._table:
            X = frame_of(X)
            self.feature_names_in_, self.n_features_in_ = np.asarray(X.columns, dtype=object), X.width
            y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
            check_consistent_length(X, y)
            return X, y
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], allow_nd=True, multi_output=True, dtype="numeric"
        )
        return dense(X), y

    def _examples_of(self, asked: Settings, X: Any, values: np.ndarray, weights: np.ndarray) -> Examples:
        """Return examples as `shinso train` would have them, by the encoder of the fit before on a warm start."""
        if self.warm_start and hasattr(self, "encoder_"):
            prepared, settings = self._prepared_again(asked, X, values)
        else:
            prepared, settings = prepare_experiment(asked, source=(X, values), weights=weights)
        self.encoder_ = prepared.encoder
        if self._table:
            for note in prepared.notes:
                if note.startswith("column "):
                    warnings.warn(note, UserWarning, stacklevel=3)
        self.input_shape_ = prepared.training.input_shape
        description = describe(prepared.training)
        self.n_outputs_ = description.outputs
        rows = prepared.rows
        training = _batch(prepared.training, weights if rows is None else weights[rows.training])
        validation = None
        if prepared.validation is not None and rows is not None:
            validation = _batch(prepared.validation, weights[rows.validation])
        return Examples(training, validation, description, settings)

    def _prepared_again(self, asked: Settings, X: Any, values: np.ndarray) -> tuple[Prepared, Settings]:
        everything = self.encoder_.dataset(X, values)
        labels = everything.targets if everything.kind == "classification" else None
        held_out = asked.validation_fraction or 0.0
        rows = split(len(everything), validation_fraction=held_out, test_fraction=0.0, labels=labels, seed=asked.seed)
        validation = everything.take(rows.validation) if len(rows.validation) else None
        prepared = Prepared(everything.take(rows.training), validation, None, self.encoder_, (), rows)
        return prepared, complete(asked, describe(prepared.training))

    def _first_model(self, examples: Examples) -> Any:
        """Return the network, or a list of the members, before training; None where the settings name it."""
        models: list[Any] = []
        if self.warm_start and hasattr(self, "networks_"):
            self._say_what_stays()
            models = [placed(one) for one in self.networks_]
        elif self.network_arguments or is_object("network", self.network):
            models = [self._built(examples, key) for key in first_keys(examples.settings)]
        return models if examples.settings.members and models else models[0] if models else None

    def _say_what_stays(self) -> None:
        """Warn of arguments that describe another network than that of the fit before, from which a warm start goes on."""
        before = self._network_asked
        for name, value in self._describes_network().items():
            if value is not before[name] and value != before[name]:
                warnings.warn(
                    f"warm_start goes on from the network of the fit before: {name}={value!r} is not heeded, it was "
                    f"{before[name]!r} then",
                    UserWarning,
                    stacklevel=4,
                )

    def _describes_network(self) -> dict[str, Any]:
        """Return the arguments that a network is built from."""
        names = ["network_arguments", *(name for name in self._settings_names if rows()[name].panel == NETWORK)]
        return {name: getattr(self, name) for name in names}

    def _built(self, examples: Examples, key: jax.Array) -> Any:
        """Return the network that was given, or made by what was given."""
        arguments = dict(self.network_arguments or {})
        shape, outputs = examples.description.input_shape, examples.description.outputs
        if isinstance(self.network, eqx.Module):
            if arguments:
                raise ValueError(f"network_arguments go with a builder, not with a module; got {arguments!r}.")
            if examples.settings.members:
                raise ValueError(
                    "members start from different weights, not from a module; give a callable that builds one."
                )
            return self.network
        if callable(self.network):
            model = self.network(shape, outputs, key=key, **arguments)
            if not isinstance(model, eqx.Module):
                raise TypeError(f"network must build an Equinox module; got {type(model).__name__}.")
            return model
        return network_of(examples.settings, examples.description, examples.training.inputs, key, **arguments)

    def _given_optimizer(self) -> optim.Optimizer | None:
        """Return the optimizer where it, or its learning rate, was given as an object."""
        if is_object("learning_rate", self.learning_rate):
            return optim.as_optimizer(self.optimizer, learning_rate=self.learning_rate)
        return optim.as_optimizer(self.optimizer) if is_object("optimizer", self.optimizer) else None

    def _given_likelihood(self) -> Likelihood | None:
        """Return the likelihood where no setting can name it: a function is one of targets as they are learned."""
        return FunctionLoss(self.likelihood, self._learned_as) if is_object("likelihood", self.likelihood) else None

    def _likelihood(self) -> Likelihood:
        return self._likelihood_

    def _models(self) -> list[Any]:
        return self.networks_

    @contextlib.contextmanager
    def _examples(self, X: Any) -> Iterator[PyTree]:
        """Encode new X and enter the device of the network."""
        check_is_fitted(self)
        inputs = self._encoded(X)
        device = device_named(self.device)
        with contextlib.nullcontext() if device is None else jax.default_device(device):
            yield inputs

    def _encoded(self, X: Any) -> PyTree:
        """Return new X as the network reads it."""
        if self._table:
            return self.encoder_.encode(X)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], allow_nd=True, dtype="numeric", reset=False)
        X = dense(X)
        X = X[..., None] if X.ndim == 3 else X
        if X.shape[1:] != self.input_shape_:
            raise ValueError(f"X must hold examples of shape {self.input_shape_}; got {X.shape[1:]}.")
        return self.encoder_.encode(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        return tags


def _batch(dataset: Dataset, weights: np.ndarray) -> Batch:
    return host_batch(dataset.inputs, dataset.targets, weights)


def _in_bucket(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `train` with a single mini-batch, whose order means nothing, filled up to a power of two.

    Data sets of similar size then share one compiled program.
    """
    training, validation = arguments["data"], arguments["validation"]
    n, changed = len(training.weights), dict(arguments)
    if validation is not None:
        changed["validation"] = padded(validation, bucket(len(validation.weights)))
    if n in (arguments["batch_size"], 1) or arguments["optimizer"].full_batch:
        changed |= {"data": padded(training, bucket(n)), "batch_size": bucket(n), "shuffle": "none"}
    return changed


def _count(X: Any) -> int:
    return len(jax.tree.leaves(X)[0])


def _seed(random_state: Any) -> int:
    """Return a whole number for settings: `random_state` itself, or one drawn from it."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _print(event: Event) -> None:
    for row in event.rows:
        sys.stdout.write(f"Epoch {row['epoch']}  {metrics_in_words(row)}\n")
