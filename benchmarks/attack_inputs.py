"""Attacks on what reads files: tables and archives with a few bytes changed.

    python benchmarks/attack_inputs.py --mutations 3000 --seed 0

Each changed file is read once. It may be read, or refused in one sentence; anything else ends the attack with the file that
did it. Prints how many came to what, the slowest, and how much memory the process has taken.
"""

import argparse
import bz2
import gzip
import io
import json
import lzma
import resource
import sqlite3
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from shinso.data import columns_of, read_image, read_npz


def seeds(within: Path) -> dict[str, bytes]:
    """Return small files that are as they should be, by name."""
    frame = pl.DataFrame({"a": [1.5, 2.0, 3.25], "b": ["x", "y", "z"], "y": [1, 2, 3]})
    text = frame.write_csv().encode()
    database = within / "seed.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("create table t(a, b, y)")
    connection.executemany("insert into t values (?, ?, ?)", frame.rows())
    connection.commit()
    connection.close()
    files = {
        "a.csv": text,
        "a.json": json.dumps(frame.to_dicts()).encode(),
        "a.csv.gz": gzip.compress(text),
        "a.csv.bz2": bz2.compress(text),
        "a.csv.xz": lzma.compress(text),
        "a.sqlite": database.read_bytes(),
    }
    for name, write in {"a.parquet": frame.write_parquet, "a.arrow": frame.write_ipc}.items():
        content = io.BytesIO()
        write(content)
        files[name] = content.getvalue()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", text)
    files["a.zip"] = archive.getvalue()
    arrays = io.BytesIO()
    np.savez_compressed(arrays, X=np.arange(12.0).reshape(3, 4), y=np.arange(3))
    files["a.npz"] = arrays.getvalue()
    from PIL import Image

    for suffix in ("png", "jpeg", "gif", "tiff", "webp", "bmp"):
        picture = io.BytesIO()
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(picture, suffix)
        files[f"a.{suffix}"] = picture.getvalue()
    return files


def use(path: Path) -> None:
    """Read a file as its kind is read."""
    if path.suffix == ".npz":
        read_npz(path)
    elif path.suffix in (".png", ".jpeg", ".gif", ".tiff", ".webp", ".bmp"):
        read_image(path, (8, 8, 1), resize=True)
    else:
        columns_of(path)


def spoiled(content: bytes, random: np.random.Generator) -> bytes:
    """Return a file with up to five bytes changed, or cut short."""
    if random.random() < 0.1:
        return content[: random.integers(len(content))]
    changed = bytearray(content)
    for _ in range(random.integers(1, 6)):
        changed[random.integers(len(changed))] = random.integers(256)
    return bytes(changed)


def main() -> None:
    """Make the attack and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mutations", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    found: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        files = seeds(Path(name))
        for number in range(options.mutations):
            kind = str(random.choice(list(files)))
            path = Path(name) / kind
            path.write_bytes(spoiled(files[kind], random))
            began = time.process_time()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    use(path)
            except ValueError as error:
                if "\n" in str(error):
                    raise AssertionError(f"more than a sentence of {kind}, number {number}: {error}") from error
                found["one sentence"] += 1
            except BaseException:
                print(f"{kind}, number {number}: neither read nor refused", file=sys.stderr)
                raise
            else:
                found["read"] += 1
            slowest = max(slowest, time.process_time() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(found.items()))
    print(f"changed inputs: {counts}; the slowest took {slowest:.1f} s of processor time; {memory} MiB")


if __name__ == "__main__":
    main()
