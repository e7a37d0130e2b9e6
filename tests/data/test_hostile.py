"""Files that are made to do harm: one sentence, before anything of them is made."""

import bz2
import gzip
import io
import json
import lzma
import resource
import sqlite3
import struct
import zipfile

import numpy as np
import polars as pl
import pytest
from PIL import Image

from shinso.data import _records as records
from shinso.data import _unpacking, columns_of, read_npz, read_pictures

LARGEST = 1 << 22
TABLE = b"a,y\n1,2\n3,4\n"
LONG = b"a,y\n" + b"1,2\n" * (LARGEST // 4)
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
OPEN = "<office:spreadsheet><table:table>{}</table:table></office:spreadsheet>"
FILLED = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="{}"/>'


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def marked(*places):
    """An archive in which bytes behind the names of its two headers are others: locked, or packed in an unknown way."""
    content = bytearray(zipped({"a.csv": TABLE}, zipfile.ZIP_STORED))
    central = content.find(b"PK\x01\x02")
    for local, value in places:
        content[local], content[central + local + 2] = value, value
    return bytes(content)


def array(shape, body=b""):
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode()
    head += b" " * (63 - (10 + len(head)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body


def columnar(frame, write, **settings):
    content = io.BytesIO()
    getattr(frame, write)(content, **settings)
    return content.getvalue()


def constant():
    return pl.DataFrame({"a": pl.zeros(2_000_000, dtype=pl.Int8, eager=True)})


MUCH = "would come to more than 4 MiB in memory"
HOSTILE = {
    "gzip bomb": ("a.csv.gz", lambda: gzip.compress(LONG, 1), MUCH),
    "bzip2 bomb": ("a.csv.bz2", lambda: bz2.compress(LONG, 1), MUCH),
    "xz bomb": ("a.csv.xz", lambda: lzma.compress(LONG, preset=0), MUCH),
    "zip bomb": ("a.zip", lambda: zipped({"a.csv": LONG}), MUCH),
    "rows that are one byte": ("a.parquet", lambda: columnar(constant(), "write_parquet"), MUCH),
    "the same in Arrow": ("a.arrow", lambda: columnar(constant(), "write_ipc", compression="zstd"), MUCH),
    "the last cell of a sheet": (
        "a.xlsx",
        lambda: zipped({"xl/worksheets/sheet1.xml": SHEET.format('<row r="9"><c r="XFD1048576"><v>1</v></c></row>')}),
        MUCH,
    ),
    "cells without a place": (
        "a.xlsx",
        lambda: zipped({"xl/worksheets/sheet1.xml": SHEET.format('<row r="99999999"><c><v>1</v></c></row>')}),
        "cannot be read as a spreadsheet|" + MUCH,
    ),
    "repeated rows": (
        "a.ods",
        lambda: zipped(
            {
                "content.xml": OPEN.format(
                    f'<table:table-row table:number-rows-repeated="1048576">{FILLED.format(999)}</table:table-row>'
                )
            }
        ),
        MUCH,
    ),
    "locked": ("a.zip", lambda: marked((6, 1)), "is damaged, locked or no ZIP archive"),
    "unknown packing": ("a.zip", lambda: marked((8, 97)), "is damaged, locked or no ZIP archive"),
    "another packing": ("a.zip", lambda: marked((8, 12)), "is damaged, locked or no ZIP archive"),
    "half a gzip file": ("a.csv.gz", lambda: gzip.compress(TABLE)[:-9], "cannot be unpacked"),
    "a gzip file of nonsense": ("a.csv.gz", lambda: gzip.compress(TABLE)[:12] + b"\xff" * 20, "cannot be unpacked"),
    "lists": ("a.parquet", lambda: columnar(pl.DataFrame({"a": [[1], [2]]}), "write_parquet"), "holds List"),
    "bytes": ("a.parquet", lambda: columnar(pl.DataFrame({"a": [b"1"]}), "write_parquet"), "holds Binary"),
    "deep JSON": ("a.json", lambda: b"[" * 100_000, "is nested too deeply"),
    "deep objects": ("a.json", lambda: b'{"a":' * 900 + b"1" + b"}" * 900, None),
    "many digits": ("a.json", lambda: b'[{"a":' + b"9" * 9999 + b"}]", "Exceeds the limit"),
    "half a character": ("a.json", lambda: rb'[{"a":"\ud800"}]', "holds half a character"),
    "half a character in a name": ("a.json", lambda: rb'[{"\ud800":1},{"\ud800":2}]', None),
    "a name twice": ("a.json", lambda: b'[{"a.b":1,"a":{"b":2}},{"a.b":3}]', None),
    "a column for each row": (
        "a.json",
        lambda: json.dumps([{f"k{row}": row} for row in range(1000)]).encode(),
        MUCH,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A thirty-second of what files may come to, so that less has to be made."""
    monkeypatch.setattr(_unpacking, "LARGEST", LARGEST)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_table_gets_one_sentence(what, tmp_path, capfd):
    name, make, sentence = HOSTILE[what]
    path = tmp_path / name
    path.write_bytes(make())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sentence is None:
        assert columns_of(path).columns
    else:
        with pytest.raises(ValueError, match=sentence) as caught:
            columns_of(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB: a GiB
    assert capfd.readouterr().err == ""


def sentence(path):
    """What is said of a file; nothing if it is read."""
    try:
        columns_of(path)
    except ValueError as error:
        return str(error)
    return ""


def test_changed_columnar_files_get_one_sentence(tmp_path, capfd):
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"a": [1.0, 2.0], "y": ["x", "y"]})
    said = 0
    for write, name in (("write_parquet", "a.parquet"), ("write_ipc", "a.arrow")):
        plain = columnar(frame, write)
        for _ in range(4):
            spoiled = bytearray(plain)
            for _ in range(random.integers(1, 6)):
                spoiled[random.integers(len(spoiled))] = random.integers(256)
            (tmp_path / name).write_bytes(spoiled)
            said += len(sentence(tmp_path / name).splitlines())
    assert 1 < said <= 8
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("create view v as with recursive c(x) as (select 1 union all select x+1 from c) select x from c", MUCH),
        ("create view v as with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c", None),
        ("create view v as select zeroblob(900000000) a", None),
        ("create table v as select cast(x'ff' as text) a", None),
    ],
    ids=["endless", "never a row", "a large value", "no text"],
)
def test_a_database_that_never_ends(tmp_path, monkeypatch, statement, sentence):
    monkeypatch.setattr(records, "_PATIENCE", 0.5)
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(ValueError, match=sentence or "cannot be read as an SQLite database"):
        columns_of(path)


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (array((10**9, 10**3)), "X.npy says to be of shape"),
        (array((-1, 3)), "X.npy says to be of shape"),
        (array((2, LARGEST // 8), bytes(2 * LARGEST)), MUCH),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000, "cannot be read as an NPZ archive"),
        (b"hello", "cannot be read as an NPZ archive"),
    ],
    ids=["huge", "negative", "bomb", "deep head", "no array"],
)
def test_a_hostile_archive_of_arrays(tmp_path, member, sentence):
    path = tmp_path / "a.npz"
    path.write_bytes(zipped({"X.npy": member}))
    with pytest.raises(ValueError, match=sentence) as caught:
        read_npz(path)
    assert "\n" not in str(caught.value)


def test_arrays_in_any_layout_are_read(tmp_path):
    plain = np.arange(12.0).reshape(3, 4)
    arrays = {
        "c": plain,
        "f": np.asfortranarray(plain),
        "big": plain.astype(">f8"),
        "none": plain[:0],
        "one": plain[0, 0],
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz")
    assert found.keys() == arrays.keys()
    for name, expected in arrays.items():
        np.testing.assert_array_equal(found[name], expected)


def test_an_image_of_too_many_pixels_is_left_out(tmp_path):
    def chunk(kind, content):
        import zlib

        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0))
    (tmp_path / "large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IEND", b""))
    Image.new("L", (8, 8)).save(tmp_path / "small.png")
    found = read_pictures([tmp_path / "large.png", tmp_path / "small.png"])
    assert found.kept.tolist() == [1]
    assert "1 image files cannot be read and are left out" in found.notes[-1]
