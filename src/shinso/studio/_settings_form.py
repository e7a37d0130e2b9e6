"""The form of a training, made from the table of settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from shinso.settings import PANELS, Settings, default_of, rows

LEFT_OUT = ("source", "data_dir", "device")
"""Settings that a browser does not choose: the source has a field of its own, and the others are paths and machines."""
_SEPARATOR = ";"


@dataclass(frozen=True)
class SettingField:
    """A field for a setting.

    Attributes:
        name: of the setting.
        label: the same in words.
        help: what it is.
        default: its default in words.
        kind: "choice", "flag", "number", "whole" or "text".
        options: of a choice, and suggestions for a text.
        several: whether it takes several values, separated by semicolons.
    """

    name: str
    label: str
    help: str
    default: str
    kind: str
    options: tuple[str, ...]
    several: bool


def setting_fields() -> dict[str, list[SettingField]]:
    """Return the fields by panel, in the order of the table."""
    panels: dict[str, list[SettingField]] = {panel: [] for panel in PANELS}
    for name, row in rows().items():
        if name in LEFT_OUT:
            continue
        kinds = {bool: "flag", int: "whole", float: "number"}
        names = tuple(getattr(row.accepted, "names", ()))
        kind = kinds.get(row.accepted.option, "text" if row.accepted.open_ended else "choice")
        default = f"{default_of(name)}" if row.default is None else row.default or "none"
        several = row.accepted.option is list
        panels[row.panel].append(SettingField(name, name.replace("_", " "), row.help, default, kind, names, several))
    return panels


def settings_of(source: str, texts: Mapping[str, str]) -> Settings:
    """Return the settings that a form says; what is left empty is left to the data.

    Raises:
        TypeError, ValueError: a setting is not one of the form's, or a value is not accepted; the sentence names it.
    """
    table = rows()
    values: dict[str, object] = {"source": source}
    for name, text in texts.items():
        if name not in table or name in LEFT_OUT:
            raise ValueError(f"{name[:80]!r} is not a setting of the form.")
        if text.strip():
            values[name] = _value(name, text.strip())
    return Settings.from_dict(values)


def _value(name: str, text: str) -> object:
    accepted = rows()[name].accepted
    kind = accepted.option
    if kind is bool:
        if text not in ("yes", "no"):
            raise ValueError(f"{name} must be yes or no; got {text[:80]!r}.")
        return text == "yes"
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"{name} must be a {'whole ' if kind is int else ''}number; got {text[:80]!r}.") from None
    if kind is list:
        return accepted.read(name, [part.strip() for part in text.split(_SEPARATOR) if part.strip()])
    return accepted.read(name, text)
