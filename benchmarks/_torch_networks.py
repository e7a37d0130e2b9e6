"""The same network in PyTorch: weights in shinso's layout become PyTorch's, and numbers of its flat vector find their place.

Networks here are convolutions, each max-pooled by 2 and followed by tanh, then dense layers with tanh between them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def weights_of(arrays: Arrays) -> list[np.ndarray]:
    """Return the weights and biases among some arrays: those named `0.weight`, `0.bias`, `1.weight` …, in order."""
    return [array for name, array in arrays.items() if name[0].isdigit()]


def named(weights: Sequence[np.ndarray]) -> Arrays:
    """Return weights and biases, which alternate, by those names."""
    return {f"{place // 2}.{'bias' if place % 2 else 'weight'}": array for place, array in enumerate(weights)}


def torch_layout(weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return weights and biases as PyTorch has them: [out, in], [out, in, h, w], images flattened with channels first."""
    found, maps = [], None
    for array in weights:
        if array.ndim == 4:
            maps = array.shape[-1]
            array = array.transpose(3, 2, 0, 1)
        elif array.ndim == 2:
            array = _dense_layout(array, maps)
            maps = None
        found.append(np.ascontiguousarray(array))
    return found


def _dense_layout(weight: np.ndarray, maps: int | None) -> np.ndarray:
    """Return `[in, out]` as `[out, in]`; `maps` are those of the images it flattens, channels last here."""
    if maps is None:
        return weight.T
    side = round((len(weight) / maps) ** 0.5)
    return weight.reshape(side, side, maps, -1).transpose(3, 2, 0, 1).reshape(weight.shape[1], -1)


def places(weights: Sequence[np.ndarray]) -> np.ndarray:
    """Return where the numbers of PyTorch's flat vector stand in shinso's."""
    start, numbered = 0, []
    for array in weights:
        numbered.append(np.arange(start, start + array.size).reshape(array.shape))
        start += array.size
    return np.concatenate([array.ravel() for array in torch_layout(numbered)])


def torch_inputs(inputs: np.ndarray) -> Any:
    """Return inputs as a tensor, images with channels first."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(inputs.transpose(0, 3, 1, 2) if inputs.ndim == 4 else inputs))


def torch_network(weights: Sequence[np.ndarray], one: bool = False) -> Any:
    """Return the network; with `one`, a constant input of every dense layer has the bias as its weight.

    laplace-torch's Kronecker factors treat a bias apart from its weights: with `one` they mean what shinso's do.
    """
    import torch

    class One(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.cat([x, torch.ones_like(x[:, :1])], dim=1)

    modules: list[Any] = []
    values = [torch.from_numpy(array) for array in torch_layout(weights)]
    for weight, bias in zip(values[::2], values[1::2], strict=True):
        if weight.ndim == 4:
            layer: Any = torch.nn.Conv2d(*weight.shape[1::-1], weight.shape[2])
            modules += [layer, torch.nn.MaxPool2d(2), torch.nn.Tanh()]
        else:
            layer = torch.nn.Linear(weight.shape[1] + one, len(weight), bias=not one)
            flatten = [torch.nn.Flatten()] if modules and isinstance(modules[-2], torch.nn.MaxPool2d) else []
            modules += [*flatten, *([One()] if one else []), layer, torch.nn.Tanh()]
        with torch.no_grad():
            layer.weight.copy_(torch.cat([weight, bias[:, None]], dim=1) if one else weight)
            if not one:
                layer.bias.copy_(bias)
    return torch.nn.Sequential(*modules[:-1])
