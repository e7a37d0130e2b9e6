"""What examples tell of themselves."""

from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from shinso.diagnose._evidence import DataFacts

ROWS = 1000
"""Examples that dear looks take."""
_PIXELS = 40
_FAR = 1.0
"""Widths of the range seen in training by which a value lies outside it."""


def some(n: int, most: int = ROWS) -> np.ndarray:
    """Return indices of examples, evenly spaced."""
    return np.arange(min(n, most)) * n // min(n, most)


def data_facts(inputs: np.ndarray, targets: np.ndarray, held: np.ndarray | None, *, image: bool) -> DataFacts:
    """Return what there is to know of training inputs `[N, D]`, targets `[N]` or `[N, K]` and held-out inputs `[M, D]`."""
    x = inputs.astype(np.float64)
    scales = x.std(axis=0)
    low, high = x.min(axis=0), x.max(axis=0)
    varies = high > low
    image = image or _pixels(x, varies)
    column, answer = _answer(x, targets, varies)
    rows = _rows(x)
    far = 0.0
    if held is not None and len(held):
        width = np.where(varies, high - low, np.maximum(np.abs(high), 1e-6))
        outside = (held < low - _FAR * width) | (held > high + _FAR * width)
        far = float(np.mean(outside.any(axis=1)))
    return DataFacts(
        examples=len(x),
        image=image,
        largest=float(np.abs(x).max()),
        scales=scales,
        offset=float(np.max(np.abs(x.mean(axis=0))[varies] / scales[varies], initial=0.0)),
        constant=tuple(np.flatnonzero(~varies).tolist()),
        copied=_copied(x, varies),
        repeated=1 - len(np.unique(rows)) / len(rows) if _continuous(x) else 0.0,
        seen=float(np.isin(_rows(held.astype(np.float64)), rows).mean())
        if held is not None and len(held) and _continuous(x)
        else 0.0,
        far=far,
        condition=_condition(x, varies),
        answer=answer,
        answer_column=column,
        runs=_runs(targets),
        **_target_facts(targets),
    )


def _pixels(x: np.ndarray, varies: np.ndarray) -> bool:
    """Return whether many columns of one common range from 0 on are pixels laid out in a row."""
    if x.shape[1] < _PIXELS or x.min() < 0:
        return False
    tops = x.max(axis=0)[varies]
    return bool(np.mean(tops >= 0.5 * x.max()) > 0.5)


def _continuous(x: np.ndarray) -> bool:
    """Return whether examples are as unlike one another as measurements are, so that equal ones are the same."""
    possible = np.sum(np.log([len(np.unique(x[:ROWS, column])) for column in range(min(x.shape[1], 50))]))
    return bool(possible > 2 * np.log(len(x)) + 3)


def _rows(x: np.ndarray) -> np.ndarray:
    """Return the examples as one value each."""
    flat = np.ascontiguousarray(x)
    return flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()


def _copied(x: np.ndarray, varies: np.ndarray) -> tuple[int, ...]:
    columns = np.flatnonzero(varies)
    if not 2 <= len(columns) <= 500:
        return ()
    with np.errstate(all="ignore"):
        correlation = np.abs(np.corrcoef(x[some(len(x))][:, columns], rowvar=False))
    later = np.triu(np.nan_to_num(correlation), 1) > 1 - 1e-6
    return tuple(columns[later.any(axis=0)].tolist())


def _condition(x: np.ndarray, varies: np.ndarray) -> float:
    columns = np.flatnonzero(varies)
    if not 2 <= len(columns) <= 500 or len(x) <= len(columns):
        return 1.0
    with np.errstate(all="ignore"):
        values = np.linalg.eigvalsh(np.nan_to_num(np.corrcoef(x[:, columns], rowvar=False)))
    return float(values[-1] / max(values[0], 1e-12))


def _answer(x: np.ndarray, targets: np.ndarray, varies: np.ndarray) -> tuple[int, float]:
    """Return the column that alone tells the target best on every second example, and how well."""
    columns = np.flatnonzero(varies)
    if len(columns) < 2 or len(x) < 40:
        return 0, 0.0
    chosen = some(len(x))
    learned, asked = chosen[::2], chosen[1::2]
    kind = targets.dtype.kind in "iu" and targets.ndim == 1
    y = targets if kind else targets.reshape(len(targets), -1)[:, 0].astype(float)
    if len(np.unique(y[learned])) < 2:
        return 0, 0.0
    tree = DecisionTreeClassifier(max_leaf_nodes=32) if kind else DecisionTreeRegressor(max_leaf_nodes=64)
    # A forest of one-column trees is quick up to some hundred columns; the likeliest are tried.
    likely = columns if len(columns) <= 30 else columns[np.argsort(-_relation(x[learned][:, columns], y[learned]))[:30]]
    scores = [tree.fit(x[learned][:, [c]], y[learned]).score(x[asked][:, [c]], y[asked]) for c in likely]
    best = int(np.argmax(scores))
    return int(likely[best]), float(scores[best])


def _relation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=0)
    spread = np.sqrt(np.sum(centred**2, axis=0)) + 1e-12
    related: np.ndarray = np.abs(centred.T @ (y - y.mean())) / spread
    return related


def _runs(targets: np.ndarray) -> float:
    y = targets.reshape(len(targets), -1)[:, 0].astype(float)
    if len(y) < 20 or y.std() == 0:
        return 1.0
    shuffled = np.random.default_rng(0).permutation(y)
    usual = float(np.mean(np.abs(np.diff(shuffled))))
    return float(np.mean(np.abs(np.diff(y)))) / max(usual, 1e-12)


def _target_facts(targets: np.ndarray) -> dict[str, Any]:
    if targets.dtype.kind in "iu" and targets.ndim == 1:
        counts = np.bincount(targets)
        shares = counts[counts > 0] / len(targets)
        return {"majority": float(shares.max()), "rarest": float(shares.min())}
    y = targets.reshape(len(targets), -1).astype(float)
    widest = int(np.argmax(y.std(axis=0)))
    return {
        "target_mean": float(y[:, widest].mean()),
        "target_deviation": float(y[:, widest].std()),
        "whole": bool(np.all(y == np.round(y))),
        "distinct": len(np.unique(y)),
        "least": float(y.min()),
    }
