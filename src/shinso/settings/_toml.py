"""Settings files."""

import tomllib
from pathlib import Path
from typing import Any

from shinso import _checks
from shinso.settings._settings import rows


def read_settings(path: str | Path, content: bytes | None = None) -> dict[str, Any]:
    """Return what a settings file says: TOML whose keys are fields of `Settings`, none of them obligatory.

    Args:
        path: of the file.
        content: what it holds, where somebody has read it already.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not TOML, or has a key that is not a setting (the nearest one is suggested).
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"The settings file {path} is a directory.")
    if not path.exists():
        raise FileNotFoundError(f"The settings file {path} does not exist.")
    try:
        values = tomllib.loads((path.read_bytes() if content is None else content).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The settings file {path} is not TOML: {str(error).rstrip('.')}.") from None
    for key in values:
        _checks.one_of(f"Each key of {path}", key, rows())
    return values
