"""Numbers as a person writes them."""

import math
from collections.abc import Sequence

SPACE = "\N{NO-BREAK SPACE}"


def count(number: float, noun: str = "", plural: str = "") -> str:
    """Return a whole number with its thousands marked, and `noun` in the number that fits it."""
    text = f"{round(number):,}"
    if not noun:
        return text
    return f"{text}{SPACE}{noun if round(number) == 1 else plural or noun + 's'}"


def decimals(n: int) -> int:
    """Return how many decimals of a percentage mean something when it was counted over `n` examples."""
    return 1 if n < 5000 else 2


def percent(share: float, n: int = 0) -> str:
    """Return a share 0–1 as a percentage; never "100 %" for less than all, nor "0 %" for more than none."""
    if not math.isfinite(share):
        return "–"
    places = decimals(n)
    smallest = 10.0**-places
    value = 100.0 * share
    if share in (0.0, 1.0):
        return f"{value:.0f}{SPACE}%"
    shown = min(max(value, smallest), 100.0 - smallest) if 0.0 < share < 1.0 else value
    return f"{shown:.{places}f}{SPACE}%"


def percent_range(low: float, high: float, n: int = 0) -> str:
    """Return two shares 0–1 as `97.7–99.2 %`."""
    return f"{percent(low, n).split(SPACE)[0]}–{percent(high, n)}"


def number(value: float, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits; a long power of ten is written as `1.2 × 10⁻⁷`."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite" if value > 0 else "−infinite"
    if value == 0.0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < 6:
        places = max(0, digits - 1 - size)
        return f"{value:,.{places}f}".replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}{SPACE}×{SPACE}10{raised}".replace("-", "−")


_CALLED = {
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "mse": "MSE",
    "deviance": "mean deviance",
    "d2_pinball": "D² (pinball)",
    "f1_micro": "F₁, micro",
    "f1_macro": "F₁, macro",
}


def called(name: str) -> str:
    """Return what the field calls a column, a score or a metric: `r2` → R², `validation_loss` → validation loss."""
    return _CALLED.get(name, phrase(name))


def scored(name: str, value: float, n: int = 0) -> str:
    """Return the value of a score or metric over `n` examples: a percentage where it is a share of them, else a number."""
    return percent(value, n) if name.endswith("accuracy") else number(value)


def interval(name: str, ends: Sequence[float], n: int = 0) -> str:
    """Return the interval of a score over `n` examples, rounded as the score is: `97.7–99.2 %`, `0.281 to 0.854`."""
    low, high = ends
    return percent_range(low, high, n) if name.endswith("accuracy") else f"{number(low)} to {number(high)}"


def plain(value: float) -> str:
    """Return a number that somebody chose, or a mark on an axis, without needless zeros: `0.01`, `12,500`, `10⁸`."""
    if value == 0.0 or 1e-4 <= abs(value) < 1e6:
        return f"{value:,.6g}".replace("-", "−")
    mantissa, _, power = number(value, 7).partition(f"{SPACE}×{SPACE}")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return power if mantissa == "1" else f"{mantissa}{SPACE}×{SPACE}{power}" if power else mantissa


def seconds(duration: float) -> str:
    """Return a duration in the unit that suits it."""
    if not math.isfinite(duration):
        return "–"
    if duration < 1e-3:
        return f"{1e6 * duration:.0f}{SPACE}µs"
    if duration < 1.0:
        return f"{1000.0 * duration:.3g}{SPACE}ms"
    if duration < 100.0:
        return f"{duration:.1f}{SPACE}s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{SPACE}h {minutes}{SPACE}min"
    return f"{minutes}{SPACE}min {rest}{SPACE}s"


def listing(names: Sequence[str], most: int = 12) -> str:
    """Return names separated by commas; beyond `most`, the first ones and how many follow."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 2])} and {count(len(names) - most + 2)} more"


def shortened(text: str, most: int) -> str:
    """Return `text`, cut to `most` characters with an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def phrase(name: str) -> str:
    """Return a field's name as words: `validation_loss` → `validation loss`."""
    return name.replace("_", " ")
