"""Data that a browser may name: the sources by name, files below the start folder, and what was uploaded there."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shinso.data import SOURCES

UPLOADS = "uploads"
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".xlsx", ".parquet", ".npz")
LARGEST_UPLOAD = 25 * 2**20
MOST_UPLOADED = 500 * 2**20
_READING_SECONDS = 30
_PICTURE = re.compile(r"[/\\].*\.(png|jpe?g|bmp|gif|tiff?|webp)$", re.IGNORECASE)


def source_below(start: Path, text: str) -> str:
    """Return a source as `shinso train` takes it: a name, or the whole path of a file or folder below `start`.

    Raises:
        ValueError: it is neither.
    """
    if text in SOURCES:
        return text
    file, mark, part = text.partition("::")
    sentence = f"source must be {', '.join(SOURCES)} or a file below {start}; got {text[:200]!r}."
    try:
        path = (start / file).resolve()
        inside = path.is_relative_to(start.resolve()) and path.exists()
    except (OSError, ValueError):
        raise ValueError(sentence) from None
    if not file or not inside:
        raise ValueError(sentence)
    return f"{path}{mark}{part}"


def keep_upload(start: Path, name: str, content: bytes) -> str:
    """Keep an uploaded file below the start folder and return its path from there.

    Its name is made of letters, digits, - and _ of the one given; nothing is overwritten. What cannot be read as a table, or
    would lead to pictures elsewhere on this machine, is not kept.

    Raises:
        ValueError: it is empty, too large or of another type, there is no room for more, or it cannot be read.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"An upload must be one of {', '.join(SUFFIXES)}; got {name[:80]!r}.")
    if not 0 < len(content) <= LARGEST_UPLOAD:
        raise ValueError(f"An upload must have 1 byte to {LARGEST_UPLOAD >> 20} MiB; got {len(content):,} bytes.")
    folder = start / UPLOADS
    folder.mkdir(exist_ok=True)
    if sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) + len(content) > MOST_UPLOADED:
        raise ValueError(f"There are {MOST_UPLOADED >> 20} MiB of uploads already; take some out of {folder}.")
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:60] or "table"
    number = 1
    while True:
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
        try:
            with path.open("xb") as file:
                file.write(content)
            break
        except FileExistsError:
            number += 1
    try:
        if suffix != ".npz":
            _refuse_pictures(read_columns(path))
    except ValueError:
        path.unlink()
        raise
    return str(path.relative_to(start))


def read_columns(path: Path) -> dict[str, Any]:
    """Return how `shinso columns` reads a table, as its JSON; in a process of its own, which may take 30 s.

    Raises:
        ValueError: it cannot be read, in the command's own sentence.
    """
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        try:
            done = subprocess.run(
                [sys.executable, "-c", _READ, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=error,
                timeout=_READING_SECONDS,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"The table could not be read within {_READING_SECONDS} seconds.") from None
        out.seek(0), error.seek(0)
        if done.returncode != 0:
            told = error.read(100_000).strip().splitlines()
            raise ValueError(told[-1][:500] if told and done.returncode == 2 else "The table could not be read.")
        found: dict[str, Any] = json.load(out)
        return found


_READ = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
from shinso.data import columns_of, read_table
try:
    reading = columns_of(sys.argv[1]).to_dict()
    import warnings
    warnings.simplefilter("ignore")
    table = read_table(sys.argv[1])
    reading["first"] = {name: [str(value) for value in table[name].drop_nulls().head(2000)] for name in table.columns}
except (ValueError, TypeError, OSError, MemoryError) as error:
    print(" ".join(str(error).split()) or "There is not enough memory to read it.", file=sys.stderr)
    sys.exit(2)
json.dump(reading, sys.stdout)
"""


def _refuse_pictures(reading: dict[str, Any]) -> None:
    for name, values in reading["first"].items():
        if any(_PICTURE.search(value) for value in values):
            raise ValueError(
                f"column {name!r} holds paths of pictures; give the path of such a table instead of uploading it."
            )
