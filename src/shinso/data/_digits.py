"""scikit-learn's bundled handwritten digits: 1,797 images of 8×8."""

from shinso.data._dataset import Dataset


def load_digits() -> Dataset:
    """Return the 1,797 digits of scikit-learn: inputs `[N, 8, 8, 1]` from 0 to 1 (sixteenths), classes 0 to 9.

    Source:
        E. Alpaydin, C. Kaynak, *Optical recognition of handwritten digits*, UCI repository, 1998 (its test set).
    """
    from sklearn.datasets import (
        load_digits as _sklearn_digits,
    )  # a second of import, which MNIST and tables do not need

    images, labels = _sklearn_digits(return_X_y=True)
    return Dataset(
        images.reshape(-1, 8, 8, 1) / 16.0, labels, "classification", classes=tuple(range(10)), name="digits"
    )
