"""Pictures of how sure a network is."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from shinso.curvature import SpectralDensity
from shinso.report import band_figure, reliability_figure, spectrum_figure

BINS = SimpleNamespace(
    confidence=np.array([np.nan, 0.4, 0.9]), accuracy=np.array([np.nan, 0.5, 0.8]), counts=np.array([0, 10, 30])
)


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_reliability():
    above, below = reliability_figure({"network": BINS, "posterior": BINS}).axes
    diagonal, network, posterior = above.lines
    assert list(diagonal.get_ydata()) == [0, 1]
    assert list(network.get_xdata()) == [0.4, 0.9]  # the empty bin is not drawn
    assert list(posterior.get_ydata()) == [0.5, 0.8]
    assert labels(above) == ["network", "posterior"]
    assert list(below.patches[0].get_data().values) == [0, 0.25, 0.75]
    assert below.get_xlabel() == "confidence"
    assert above.get_title(loc="left") == "Accuracy"
    with pytest.raises(ValueError, match="at least one reliability"):
        reliability_figure({})


def test_band():
    x = np.linspace(0, 1, 5)
    axes = band_figure(x, x, x - 1, x + 1, data=(x, x**2), functions=np.stack([x, -x])).axes[0]
    assert labels(axes) == ["band", "mean", "data"]
    assert len(axes.lines) == 4  # two functions, the mean, the data
    assert axes.collections[0].get_paths()[0].get_extents().ymax == 2
    assert axes.get_xlabel() == "input"
    with pytest.raises(ValueError, match=r"one shape \[N\]; got \[5\], \[5\], \[5\], \[4\]"):
        band_figure(x, x, x, x[:4])


def test_spectrum():
    density = SpectralDensity(jnp.array([[-1.0, 0.0, 10.0]]), jnp.array([[0.1, 0.8, 0.1]]))
    axes = spectrum_figure(density).axes[0]
    x, y = axes.lines[0].get_data()
    assert x[0] < -1 < 10 < x[-1]
    assert abs(x[np.argmax(y)]) < 0.05
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "eigenvalue"
    assert spectrum_figure(SpectralDensity(jnp.ones((1, 2)), jnp.full((1, 2), 0.5))).axes
