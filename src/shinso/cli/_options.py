"""Options made from the table of settings."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer

from shinso.settings import default_of, rows


def option(
    panel: str, text: str, default: str | bool = True, name: str | None = None, metavar: str | None = None
) -> Any:
    """Return a Typer option in a panel of help; `default` says it in words, False shows none."""
    names = () if name is None else (name,)
    return typer.Option(*names, help=text, show_default=default, rich_help_panel=panel, metavar=metavar)


def setting_option(name: str) -> Any:
    """Return the option of a setting."""
    row = rows()[name]
    words = name.replace("_", "-")
    shown = f"{default_of(name):g}" if isinstance(default_of(name), float) else str(default_of(name))
    return option(
        row.panel,
        row.help,
        shown if row.default is None else row.default or False,
        name=f"--{words}/--no-{words}" if row.accepted.option is bool else f"--{words}",
        metavar=row.accepted.metavar,
    )


def with_settings(
    *, source: Any = None, but: Iterable[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for every setting; the command takes them as `**settings` and passes them to `given`.

    Args:
        source: default of the argument SOURCE: None, or `...` where it has to be given.
        but: settings that the command does not offer.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        made = [_parameter(name) for name in rows() if name not in {"source", *but}]
        parameters = [_source(source), *made, *own]
        command.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
        )
        return command

    return decorate


def given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that were given, as `Settings` takes them."""
    table = rows()
    return {name: table[name].accepted.read(name, value) for name, value in settings.items() if value not in (None, [])}


def _parameter(name: str) -> inspect.Parameter:
    option_type = rows()[name].accepted.option
    kind: Any = list[str] if option_type is list else option_type
    annotation: Any = Annotated[kind | None, setting_option(name)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _source(default: Any) -> inspect.Parameter:
    text = "[bold]digits[/], [bold]mnist[/], a table (CSV, Excel, Parquet, SQLite, …), an NPZ file, a folder of images."
    argument = typer.Argument(metavar="SOURCE", help=text, show_default=False)
    text_or_none: Any = str if default is ... else str | None
    annotation: Any = Annotated[text_or_none, argument]
    default = inspect.Parameter.empty if default is ... else default
    return inspect.Parameter("source", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
