"""The table of settings: everything a person can choose about one experiment, a row each.

A row is a field of `DataRows`, `NetworkRows` or `TrainingRows`: name, type, accepted values, default, help, where help shows
it, how a search varies it. The options of the command line, the keys of settings files and their errors, the arguments of
the estimators, the space of a search and a page of the docs are made from these rows.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import tomli_w

from shinso import _checks
from shinso.settings._data_rows import DataRows
from shinso.settings._network_rows import NetworkRows
from shinso.settings._row import Row
from shinso.settings._training_rows import TrainingRows


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(TrainingRows, NetworkRows, DataRows):
    """What to learn from, which network, which cost, how to train it.

    `None` means "by the data" (`complete` says how). Every field is checked when the settings are made. The same fields are
    keys of a settings file and, with hyphens, options of `shinso train`; `rows` describes each.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is out of range, or a name is unknown.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None or field.name == "source":
                accepted = field.metadata["row"].accepted
                object.__setattr__(self, field.name, accepted.check(field.name, value))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a plain dictionary; the inverse of `to_dict`.

        Raises:
            TypeError: A value has the wrong type, or there is no `source`.
            ValueError: A key is not a setting (the nearest one is suggested), or a value is not accepted.
        """
        for key in values:
            _checks.one_of("Each setting", key, rows())
        if "source" not in values:
            raise TypeError("source must be digits, mnist or a file; the settings name none.")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and TOML; settings left to the data (`None`) are left out."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {name: value for name, value in plain.items() if value is not None}

    def to_toml(self) -> str:
        """The text of a settings file, which `read_settings` reads back."""
        return tomli_w.dumps(self.to_dict())

    def replace(self, **changes: Any) -> Self:
        """The same settings with some changed, checked again."""
        return dataclasses.replace(self, **changes)


def rows() -> dict[str, Row]:
    """Return the rows of the table by name, in its order."""
    return {field.name: field.metadata["row"] for field in dataclasses.fields(Settings)}


def default_of(name: str) -> Any:
    """Return the default of a setting; None where the data decide."""
    return next(field.default for field in dataclasses.fields(Settings) if field.name == name)
