"""Every kind that is chosen by name: the one list of names, readable without importing what makes them.

A row is a name and the place of what it stands for, `module:attribute`, imported when the name is first looked up. So the
command line can check and explain names in no time, and a new kind is one file and one row here.
"""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any


class Kinds(Mapping[str, Any]):
    """Names and what they stand for, in the order of the rows.

    Args:
        places: name → `module:attribute`; a place that begins with `:` is in the module of the row before it.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        module, self._places = "", {}
        for name, place in places.items():
            own, _, attribute = place.partition(":")
            module = own or module
            self._places[name] = (f"shinso.{module}", attribute)

    def __getitem__(self, name: str) -> Any:
        module, attribute = self._places[name]
        return getattr(importlib.import_module(module), attribute)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


ACTIVATIONS = Kinds(
    {
        "identity": "nn._activation_functions:identity",
        "sigmoid": ":sigmoid",
        "tanh": ":tanh",
        "gaussian_cdf": ":gaussian_cdf",
        "erf": ":erf",
        "relu": ":relu",
        "elu": ":elu",
        "step": ":step",
        "softplus": ":softplus",
        "gelu": ":gelu",
        "silu": ":silu",
    }
)
"""Functions of every element."""

INITIALIZERS = Kinds(
    {
        "standard_normal": "nn._initializers:standard_normal",
        "fan_in_normal": ":fan_in_normal",
        "fan_out_normal": ":fan_out_normal",
        "glorot_normal": ":glorot_normal",
        "glorot_uniform": ":glorot_uniform",
        "he_normal": ":he_normal",
        "he_uniform": ":he_uniform",
        "random_walk": ":random_walk",
        "orthogonal": ":orthogonal",
        "zeros": ":zeros",
        "constant": ":constant",
    }
)
"""Distributions of first parameters."""

BASES = Kinds({"polynomial": "nn._basis:polynomial", "gaussian": ":gaussian", "sigmoid": ":sigmoid"})
"""Fixed functions of the inputs, of which a linear model is made."""

CELLS = Kinds({"lstm": "nn._lstm:LSTM", "gru": "nn._gru:GRU", "elman": "nn._elman:Elman"})
"""Units of recurrent networks."""

NETWORKS = Kinds(
    {
        "linear": "nn._linear:linear",
        "basis_model": "nn._basis_model:basis_model",
        "mlp": "nn._mlp:mlp",
        "cnn": "nn._cnn:cnn",
        "recurrent": "nn._recurrent_network:recurrent",
        "conv1d": "nn._conv1d:conv1d",
        "multi_head": "nn._multi_head:multi_head",
        "nielsen": "textbook._networks:nielsen",
        "lenet5": "nn._lenet:lenet5",
        "alexnet": "nn._alexnet:alexnet",
        "resnet": "nn._resnet:resnet",
        "autoencoder": "nn._autoencoder_network:autoencoder",
        "language_model": "nn._language_model:language_model",
    }
)
"""Builders of models that have outputs for targets; those of an autoencoder are its inputs."""

IMAGE_NETWORKS = ("cnn", "lenet5", "alexnet", "resnet")
"""Of these, the ones that take images only."""

GENERATIVE_NETWORKS = Kinds(
    {
        "boltzmann": "nn._boltzmann:boltzmann",
        "contrastive_divergence": "nn._contrastive_divergence:contrastive_divergence",
        "belief_net": "nn._belief_net:belief_net",
        "augmented": "nn._augmented:augmented_again",
    }
)
"""Builders of models of the inputs alone, and of models around others."""

LIKELIHOODS = Kinds(
    {
        "gaussian": "objectives._gaussian:Gaussian",
        "bernoulli": "objectives._bernoulli:Bernoulli",
        "categorical": "objectives._categorical:Categorical",
        "ordinal": "objectives._ordinal:Ordinal",
        "poisson": "objectives._poisson:Poisson",
        "negative_binomial": "objectives._negative_binomial:NegativeBinomial",
        "huber": "objectives._huber:Huber",
        "quantile": "objectives._quantile:Quantile",
        "sigmoid_quadratic": "objectives._book:SigmoidQuadratic",
        "sigmoid_cross_entropy": ":SigmoidCrossEntropy",
    }
)
"""Likelihoods that a name alone determines, their numbers at their defaults."""

OF_SEQUENCES = ("recurrent", "conv1d")
"""Networks of sequences, to which one number is what a step has, not an example."""

CODE_PENALTIES = Kinds(
    {
        "l1": "objectives._code_penalties:CodeL1",
        "sparsity": ":CodeSparsity",
        "variational": ":CodeDivergence",
    }
)
"""Penalties of an autoencoder's code."""

CORRUPTIONS = Kinds({"masking": "nn._corruption:MaskingNoise", "gaussian": ":additive_noise"})
"""Noise on the inputs of an autoencoder in training."""

STRUCTURES = Kinds(
    {
        "full": "bayes._full:Full",
        "kronecker": "bayes._kronecker:Kronecker",
        "low_rank": "bayes._low_rank:LowRank",
        "diagonal": "bayes._diagonal:Diagonal",
    }
)
"""Structures of a posterior's curvature: each is made by its class method `of`."""

RULES = Kinds(
    {
        "sgd": "optim._rules:sgd",
        "momentum": ":momentum",
        "nesterov": ":nesterov",
        "nesterov_interim": ":nesterov_interim",
        "adagrad": ":adagrad",
        "adadelta": ":adadelta",
        "rmsprop": ":rmsprop",
        "rmsprop_momentum": ":rmsprop_momentum",
        "rmsprop_nesterov": ":rmsprop_nesterov",
        "adam": ":adam",
        "adam_uncorrected": ":adam_uncorrected",
        "adamw": ":adamw",
    }
)
"""Mini-batch rules that Optax transformations make."""

MINIMISERS = Kinds(
    {
        "gradient_descent": "optim._gradient_descent:GradientDescent",
        "conjugate_gradient": ":ConjugateGradient",
        "fletcher_reeves": ":fletcher_reeves",
        "hestenes_stiefel": ":hestenes_stiefel",
        "bfgs": "optim._quasi_newton:BFGS",
        "lbfgs": ":LBFGS",
        "newton": "optim._newton:Newton",
        "trust_region": "optim._trust_region:TrustRegion",
        "saddle_free_newton": "optim._newton:SaddleFreeNewton",
        "gauss_newton": ":GaussNewton",
        "levenberg_marquardt": "optim._levenberg_marquardt:LevenbergMarquardt",
        "hessian_free": "optim._hessian_free:HessianFree",
    }
)
"""Full-batch methods: each is made with keyword arguments and has Optimistix's interface."""

OPTIMIZERS = (*RULES, "kfac", *MINIMISERS)
"""The names of all optimizers."""

SCHEDULES = Kinds(
    {
        "constant": "optim._named_schedules:constant",
        "robbins_monro": ":robbins_monro",
        "linear": ":linear",
        "exponential": ":exponential",
        "cosine": ":cosine",
        "one_cycle": ":one_cycle",
    }
)
"""Learning rates as functions of the step: each is made from the first or largest rate and the number of steps."""

TRAINING_STRATEGIES = Kinds(
    {
        "autoencoder_pretraining": "training._strategies:autoencoder_pretraining",
        "supervised_pretraining": ":supervised_pretraining",
        "distillation": ":distillation",
        "curriculum": "training._curriculum:curriculum",
        "continuation": "training._continuation:continuation",
    }
)
"""Trainings of several stages: each takes (model, objective, data, …) and the arguments of `shinso.train`."""
