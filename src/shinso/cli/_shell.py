"""What happens when a command fails: one sentence on standard error and an exit code."""

import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from shinso._interrupt import INTERRUPTED, asked_to_end
from shinso.cli._terminal import show_anything
from shinso.cli._wording import in_options


class Shell(TyperGroup):
    """Turns what went wrong into one sentence and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit: 0, 2 for bad input, 1 for what failed at work, 130 after Ctrl-C or SIGTERM."""
        show_anything()
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("default", category=UserWarning, module=r"shinso\.")
                warnings.showwarning = _say_warning
                code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except TyperException as error:
            code = _say(error.format_message(), error.exit_code)
        except typer.Abort:
            code = INTERRUPTED
        except Exception as error:
            sentence = sentence_of(error)
            if sentence is None:
                raise
            code = _say(sentence, 1 if _failed_at_work(error) else 2)
        if asked_to_end() or code == INTERRUPTED:
            code = _say("Interrupted; what was stored is kept.", INTERRUPTED)
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)


def sentence_of(error: Exception) -> str | None:
    """Return the sentence for the user, or None where the error is a fault of the program.

    A `ValueError` or `TypeError` raised by the package's own code says what was wrong with the input; the same types
    out of a library's depths are faults, and so is everything else, except what the operating system refuses and
    memory that is not there.
    """
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return "There is not enough memory; a smaller batch_size, network or table needs less"
    if isinstance(error, OSError):
        if error.strerror is None:
            return str(error)
        where = "the file could not be written" if error.filename is None else error.filename
        return f"{where}: {error.strerror[:1].lower()}{error.strerror[1:]}; what was saved before is untouched"
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    ours = frame is not None and str(frame.tb_frame.f_globals.get("__name__", "")).startswith("shinso")
    return str(error) if ours and isinstance(error, ValueError | TypeError) else None


def _failed_at_work(error: Exception) -> bool:
    """Return whether the machine refused, such as a full disk, and not what was asked for: other input changes nothing."""
    named = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)
    if isinstance(error, OSError):
        return error.strerror is not None and not isinstance(error, named)
    return not isinstance(error, ValueError | TypeError) or "RESOURCE_EXHAUSTED" in str(error)


def _say_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(str(message), 0)


def _say(message: str, code: int) -> int:
    text = in_options(" ".join(message.split()).rstrip())
    if text:
        typer.echo(text if text.endswith((".", "?", "!")) else f"{text}.", err=True)
    return code
