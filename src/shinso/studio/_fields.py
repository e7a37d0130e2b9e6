"""The columns of a table as the fields of a form."""

from dataclasses import dataclass
from typing import Any

from shinso.data import Encoder

MOST_FIELDS = 200


@dataclass(frozen=True)
class Field:
    """One field: a choice of `options`, value and words, or an input of an HTML type.

    Attributes:
        name: of the column.
        type: of the input.
        value: at first.
        options: of a choice; none for an input.
        note: what belongs there.
    """

    name: str
    type: str = "number"
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    note: str = ""


def columns_of(encoder: Encoder) -> list[dict[str, Any]]:
    """Return the columns of a table, or of a vector's numbers, as their encoders describe themselves.

    Raises:
        ValueError: there are too many, or one is free text.
    """
    inputs = encoder.inputs.to_dict()
    columns = inputs["columns"] if inputs["type"] == "table" else _of_vector(inputs)
    text = [column["name"] for column in columns if column["type"] == "text"]
    if text:
        raise ValueError(f"run must have columns that a form can ask for; {text[0]!r} is free text.")
    if len(columns) > MOST_FIELDS:
        raise ValueError(f"run must have at most {MOST_FIELDS} columns for a form; it has {len(columns)}.")
    return columns


def fields_of(columns: list[dict[str, Any]]) -> list[Field]:
    """Return a field for each column that makes features."""
    return [_FIELDS[column["type"]](column) for column in columns if column["type"] != "constant"]


def _of_vector(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    count = len(inputs["mean"])
    low, high = inputs.get("low") or [None] * count, inputs.get("high") or [None] * count
    return [
        {
            "type": "number",
            "name": f"input {k + 1}",
            "median": inputs["mean"][k],
            "mean": inputs["mean"][k],
            "std": inputs["std"][k],
            "indicator": False,
            "low": low[k],
            "high": high[k],
        }
        for k in range(count)
    ]


def _number(column: dict[str, Any]) -> Field:
    low, high = column["low"], column["high"]
    note = "" if low is None else f"in training {low:.6g} to {high:.6g}"
    return Field(column["name"], value=f"{column['median']:.6g}", note=note)


def _category(column: dict[str, Any]) -> Field:
    options = [(category, category) for category in column["categories"]]
    options += [("another value", "another")] if column["rare"] else []
    options.append(("", "not known"))
    shares = dict(zip(column["categories"], column["shares"], strict=True))
    most = max(shares, key=lambda category: shares[category], default="")
    return Field(column["name"], value=most, options=tuple(options))


def _date(column: dict[str, Any]) -> Field:
    parts = {number["name"].removeprefix(f"{column['name']} ") for number in column["numbers"]} | set(column["cycles"])
    kind = "date" if "hour" not in parts else "datetime-local" if len(parts) > 1 else "time"
    return Field(column["name"], type=kind)


_FIELDS = {"number": _number, "category": _category, "date": _date}
