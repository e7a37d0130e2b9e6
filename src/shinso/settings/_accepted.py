"""What a setting accepts: a check, how it is written on a command line, and what help calls it."""

import abc
import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

from shinso import _checks


@dataclasses.dataclass(frozen=True)
class Accepted(abc.ABC):
    """Values of one kind. `option` is the type a command line reads; `metavar` stands for the value in help.

    `open_ended` says whether they are more than a list of names.
    """

    option: ClassVar[type] = str
    open_ended: ClassVar[bool] = True
    metavar: str | None = dataclasses.field(default=None, kw_only=True)

    @abc.abstractmethod
    def check(self, argument: str, value: Any) -> Any:
        """Return the value in its one form.

        Raises:
            TypeError: it has the wrong type.
            ValueError: it is out of range, or a name is unknown; the nearest one is suggested.
        """

    def read(self, argument: str, value: Any) -> Any:
        """Return what a command line gave, in a form that `check` takes."""
        return value

    def for_builder(self, argument: str, value: Any) -> Any:
        """Return a checked value as the builder of a network takes it."""
        return value


class Text(Accepted):
    """A text that is not empty."""

    def check(self, argument: str, value: Any) -> str:
        """Return the text."""
        if not isinstance(value, str) or not value:
            raise TypeError(f"{argument} must be a non-empty text; got {value!r}.")
        return value


@dataclasses.dataclass(frozen=True)
class Texts(Accepted):
    """Several texts, given as a list or as one; on a command line the option is repeated."""

    option = list

    def check(self, argument: str, value: Any) -> tuple[str, ...]:
        """Return the texts."""
        values = value if isinstance(value, list | tuple) else (value,)
        if not values or not all(isinstance(one, str) and one for one in values):
            raise TypeError(f"{argument} must be non-empty texts; got {value!r}.")
        return tuple(values)


class Columns(Texts):
    """The name of a column, or several."""

    def check(self, argument: str, value: Any) -> Any:
        """Return one name as it is, several as a tuple."""
        names = super().check(argument, value)
        return names[0] if len(names) == 1 else names


class Flag(Accepted):
    """Yes or no."""

    option = bool

    def check(self, argument: str, value: Any) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise TypeError(f"{argument} must be true or false; got {value!r}.")
        return value


@dataclasses.dataclass(frozen=True)
class Whole(Accepted):
    """A whole number from `least` to `most`."""

    option = int
    least: int = 0
    most: int = _checks.LARGEST

    def check(self, argument: str, value: Any) -> int:
        """Return the number as an `int`."""
        return _checks.whole_number(argument, value, least=self.least, most=self.most)


@dataclasses.dataclass(frozen=True)
class Number(Accepted):
    """A finite number within bounds, those of `shinso._checks.real`."""

    option = float
    least: float = -float("inf")
    above: float = -float("inf")
    below: float = float("inf")
    most: float = float("inf")

    def check(self, argument: str, value: Any) -> float:
        """Return the number as a `float`."""
        return _checks.real(argument, value, least=self.least, above=self.above, below=self.below, most=self.most)


@dataclasses.dataclass(frozen=True)
class Name(Accepted):
    """One of several names."""

    open_ended = False
    names: Iterable[str] = ()
    metavar: str | None = dataclasses.field(default="NAME", kw_only=True)

    def check(self, argument: str, value: Any) -> str:
        """Return the name."""
        return _checks.one_of(argument, value, self.names)


class Kind(Name):
    """One of several names, with numbers of its own where it takes any: `elu`, `elu:alpha=0.5`."""

    open_ended = True

    def check(self, argument: str, value: Any) -> str:
        """Return the name and its numbers as text; a dictionary, `{"name": "elu", "alpha": 0.5}`, is written as such."""
        if isinstance(value, dict):
            numbers = ",".join(f"{name}={number}" for name, number in value.items() if name != "name")
            value = f"{value.get('name')}:{numbers}" if numbers else value.get("name")
        name, colon, _ = value.partition(":") if isinstance(value, str) else (value, "", "")
        super().check(argument, name)
        if colon:
            kind_of(argument, value)
        return str(value)

    def for_builder(self, argument: str, value: Any) -> str | dict[str, Any]:
        """Return the name, or a dictionary of the name and its numbers."""
        return kind_of(argument, value)


@dataclasses.dataclass(frozen=True)
class Sizes(Accepted):
    """Whole numbers ≥ 1, given as a list, as one number or, on a command line, as `100,30`."""

    metavar: str | None = dataclasses.field(default="SIZES", kw_only=True)

    def check(self, argument: str, value: Any) -> tuple[int, ...]:
        """Return the numbers."""
        if not isinstance(value, list | tuple):
            value = (value,)
        return tuple(_checks.whole_number(argument, size, least=1) for size in value)

    def read(self, argument: str, value: Any) -> tuple[int, ...]:
        """Return the numbers between commas."""
        try:
            return tuple(int(size) for size in value.split(",") if size.strip())
        except ValueError:
            raise ValueError(
                f"{argument} must be whole numbers separated by commas, such as 100,30; got {value!r}."
            ) from None


def kind_of(argument: str, value: str) -> str | dict[str, Any]:
    """Return what builders take for the text of a `Kind`: a name, or a dictionary of the name and its numbers.

    Raises:
        ValueError: something behind the colon is not `name=value`.
    """
    name, colon, rest = value.partition(":")
    if not colon:
        return name
    numbers: dict[str, Any] = {"name": name}
    for part in rest.split(","):
        key, equals, given = part.partition("=")
        if not equals or not given.strip():
            raise ValueError(
                f"{argument} must be a name, or a name and its numbers such as {name}:x=0.5; got {value!r}."
            )
        try:
            numbers[key.strip()] = float(given)
        except ValueError:
            numbers[key.strip()] = given.strip()  # the name of something, such as a link
    return numbers
