"""What builders put around affine layers: normalization, activation and noise of hidden units."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from shinso import _checks
from shinso._kinds import ACTIVATIONS
from shinso.nn import _spec
from shinso.nn._activations import Activation
from shinso.nn._batch_norm import BatchNorm
from shinso.nn._dense import Dense
from shinso.nn._drop_connect import DropConnect
from shinso.nn._dropout import Dropout
from shinso.nn._gaussian_noise import GaussianNoise
from shinso.nn._layer import Layer
from shinso.nn._layer_norm import LayerNorm
from shinso.nn._maxout import Maxout

NORMALIZATIONS: Mapping[str, Callable[[int], Layer]] = MappingProxyType({"batch": BatchNorm, "layer": LayerNorm})


def _maxout(*, pieces: int = 2) -> Maxout:
    return Maxout(pieces)


UNITS: Mapping[str, Callable[..., Any]] = MappingProxyType({**ACTIVATIONS, "maxout": _maxout})
"""Activations of hidden units by name: the elementwise ones, and maxout."""


class HiddenUnits(NamedTuple):
    """Normalization, activation and noise, as the builders' arguments of these names say."""

    activation: _spec.Spec
    normalization: str | None
    dropout: float
    drop_connect: float
    gaussian_noise: float
    mask: str

    def phi(self) -> Activation | Maxout:
        """The activation."""
        name, arguments = _spec.parse("activation", self.activation, UNITS)
        return _maxout(**arguments) if name == "maxout" else Activation(self.activation)

    def normalized(self, features: int) -> list[Layer]:
        """The layer between an affine map and φ, if there is one."""
        if self.normalization is None:
            return []
        return [NORMALIZATIONS[_checks.one_of("normalization", self.normalization, NORMALIZATIONS)](features)]

    def noise(self) -> list[Layer]:
        """The noise on what φ gives."""
        _checks.real("gaussian_noise", self.gaussian_noise, least=0.0)
        layers = (
            Dropout(_checks.real("dropout", self.dropout, least=0.0, below=1.0), self.mask),
            GaussianNoise(self.gaussian_noise),
        )
        return [layer for layer in layers if layer.uses_key]

    def connected(self, dense: Dense) -> Layer:
        """The dense layer, its connections dropped if they are to be."""
        layer = DropConnect(dense, _checks.real("drop_connect", self.drop_connect, least=0.0, below=1.0), self.mask)
        return layer if layer.uses_key else dense
