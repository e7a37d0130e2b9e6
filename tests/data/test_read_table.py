"""Tables as people have them, of every format."""

import bz2
import gzip
import io
import json
import lzma
import re
import sqlite3
import sys
import warnings
import zipfile

import polars as pl
import pytest

import shinso
from shinso.data import columns_of, read_table

PLAIN = "a,b\n1,x\n2.5,\n"
VALUES = {"a": [1.0, 2.5], "b": ["x", None]}


def save(folder, content, name="t.csv"):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / name


def heard(source, **options):
    """Return a table, and all that was said of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = read_table(source, **options)
    return frame, " | ".join(str(warning.message) for warning in caught)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", PLAIN),
        ("t.csv", "a,b\r1,x\r2.5,\r"),
        ("t.csv", "\ufeffa , b\n1,x\n2.5,NA\n\n\n"),
        ("t.csv", "a;b\r\n1;x\r\n2.5;?\r\n"),
        ("t.csv", '"a"\t"b"\n1\tx\n2.5\tnull\n'),
        ("t.csv", "a|b\n1|x\n2.5|-\n"),
        ("t.csv", "a,b\n1,x,\n2.5,None,,\n"),
        ("t.TSV", "a\tb\n1\tx\n2.5\t\n"),
        ("t.data", "a    b\n1.0  x\n  2.5 NA\n"),
        ("t.txt", "a;b\n1,0;x\n2,5;\n"),
        ("t.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("t.csv.bz2", bz2.compress(PLAIN.encode())),
        ("t.csv.xz", lzma.compress(PLAIN.encode())),
        ("t.json", json.dumps([{"a": 1, "b": "x"}, {"a": 2.5}])),
        ("t.json", json.dumps({"a": [1, 2.5], "b": ["x", None]})),
        ("t.json", json.dumps({"a": {"0": 1, "1": 2.5}, "b": {"0": "x", "1": None}})),
        ("t.json", json.dumps({"rows": [{"a": 1, "b": "x"}, {"a": 2.5, "b": ""}], "count": 2})),
        ("t.jsonl", '{"a": 1, "b": "x"}\n{"a": 2.5, "b": "N/A"}\n'),
    ],
)
def test_one_table_in_many_forms(tmp_path, name, content):
    assert read_table(save(tmp_path, content, name)).to_dict(as_series=False) == VALUES


def test_columnar_files(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": ["1,5", "2,5"]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.feather")
    for name in ("t.parquet", "t.feather"):
        assert read_table(tmp_path / name).to_dict(as_series=False) == {"a": [1, 2], "b": [1.5, 2.5]}


def test_databases(tmp_path):
    path = tmp_path / "t.sqlite"
    connection = sqlite3.connect(path)
    connection.execute('create table "my t" (a real, b text)')
    connection.executemany('insert into "my t" values (?, ?)', [(1, "x"), (2.5, None)])
    connection.commit()
    assert read_table(path).to_dict(as_series=False) == VALUES
    connection.execute("create table other (c)")
    connection.commit()
    connection.close()
    assert read_table(f"{path}::my t").to_dict(as_series=False) == VALUES
    with pytest.raises(ValueError, match=r"must have one table, or one be named as .*::TABLE; it has my t, other"):
        read_table(path)
    with pytest.raises(ValueError, match="cannot be read as an SQLite database"):
        read_table(save(tmp_path, "no database, but long enough to be none" * 9, "x.db"))


def sheets(*pages):
    """Return a minimal .xlsx file: one list of rows a page."""
    stream = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{types}"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}">'
            f'<Relationship Id="r0" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        names = "".join(f'<sheet name="S{k}" sheetId="{k}" r:id="r{k}"/>' for k in range(1, len(pages) + 1))
        links = "".join(
            f'<Relationship Id="r{k}" Type="{office}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            for k in range(1, len(pages) + 1)
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}</Relationships>')
        for k, rows in enumerate(pages, 1):
            cells = ""
            for r, row in enumerate(rows, 1):
                fields = [
                    f'<c r="{"ABC"[c]}{r}" t="inlineStr"><is><t>{value}</t></is></c>'
                    if isinstance(value, str)
                    else f'<c r="{"ABC"[c]}{r}"><v>{value}</v></c>'
                    for c, value in enumerate(row)
                    if value is not None
                ]
                cells += f'<row r="{r}">{"".join(fields)}</row>'
            archive.writestr(
                f"xl/worksheets/sheet{k}.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
            )
    return stream.getvalue()


def test_spreadsheets(tmp_path):
    rows = [["a", "b"], [1, "x"], [2.5, None]]
    assert read_table(save(tmp_path, sheets(rows), "t.xlsx")).to_dict(as_series=False) == VALUES
    path = save(tmp_path, sheets([["c"], [1]], [["made by hand"], [None], *rows]), "u.xlsx")
    with pytest.warns(UserWarning, match=r"2 line\(s\) before the table passed over"):
        assert read_table(f"{path}::S2").to_dict(as_series=False) == VALUES
    with pytest.warns(UserWarning, match="sheet 'S1' of 2 read"):
        assert read_table(path).columns == ["c"]
    with pytest.raises(ValueError, match="has no sheet 'S3'; its sheets are 'S1', 'S2'"):
        read_table(f"{path}::S3")


def test_archives(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("folder/t.csv", PLAIN)
        archive.writestr("__MACOSX/t.csv", "x")
        archive.writestr("readme.md", "x")
    assert read_table(save(tmp_path, stream.getvalue(), "t.zip")).to_dict(as_series=False) == VALUES
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("u.csv", "c\n1\n2\n")
    path = save(tmp_path, stream.getvalue(), "t.zip")
    assert read_table(f"{path}::u.csv").columns == ["c"]
    with pytest.raises(ValueError, match="must hold one table, or one be named .*it holds folder/t.csv, u.csv"):
        read_table(path)


def test_shards_and_standard_input(tmp_path, monkeypatch):
    save(tmp_path, PLAIN, "1.csv")
    save(tmp_path, "b;a\ny;3.5\n", "2.csv")
    with pytest.warns(UserWarning, match=r"2 files together: .*1.csv \(2 rows\), .*2.csv \(1 rows\)"):
        frame = read_table(tmp_path)
    assert frame["b"].to_list() == ["x", None, "y"]
    with pytest.warns(UserWarning, match="2 files together"):
        assert read_table([tmp_path / "1.csv", tmp_path / "1.csv"]).height == 4
    save(tmp_path, "a,c\n1,2\n", "3.csv")
    with pytest.raises(ValueError, match=r"3.csv has no column 'b', as .*1.csv has"):
        read_table(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    assert shinso.read_table("-").to_dict(as_series=False) == VALUES


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        (
            "made by hand\n\na,b\n1,x\n2,y\n",
            ["a", "b"],
            "2 line.s. before the table passed over, the first 'made by hand'",
        ),
        ("name,house\n\na,b\n1,2\n2,3\n3,4\n", ["a", "b"], "2 line.s. before the table"),
        ("# remark\na,b\n1,x\n# another\n2,y\n", ["a", "b"], "1 line.s. that start with # passed over"),
        ("# a b\n1 2\n2 3\n3 4\n", ["a", "b"], "the names stand in the comment line"),
        ("a,b\n1,x\n,\n2,y\n,\n", ["a", "b"], "2 empty row.s. passed over"),
        ("a,b,c\n1,x,2\n2,y,3\n\nSource: x\n", ["a", "b", "c"], "1 line.s. below an empty line, of one field, passed"),
        ("sep=;\na;b\n1;x\n2;y\n", ["a", "b"], "the line 'sep=;' says the separator"),
        ("1,x\n2,y\n3,x\n4,y\n", ["1", "2"], "no row of names: the first row looks like data"),
        ("a,a\n1,x\n2,y\n", ["a", "a_2"], "column 2 is another 'a' and is called 'a_2'"),
        (",a\n7,x\n8,y\n", ["column 1", "a"], "column 1 has no name and is called 'column 1'"),
        (
            "b c\nr1 1 2\nr2 3 4\n",
            ["column 1", "b", "c"],
            "the first column has no name, as the header has one field less",
        ),
        ("a;;b;\n1;;x;\n2;;y;\n", ["a", "b"], "2 column.s. without name and values left out"),
        ('a,b\n1,5" wide\n2,"6" wide\n', ["a", "b"], "quotation marks are taken as they stand"),
        ("// made by X\n// units: m, s\na,b\n1,x\n2,y\n", ["a", "b"], "2 line.s. before the table passed over"),
        ("a,b\nm,kg\n1,2\n3,4\n", ["a", "b"], "row below the names is passed over, as it holds no data: 'm, kg'"),
        ("2020,2020,2021\na,b,c\n1,2,3\n4,5,6\n", ["a", "b", "c"], "the first of two rows of names is passed over"),
        ("h,,w,\nm,sd,m,sd\n1,2,3,4\n5,6,7,8\n", ["h m", "h sd", "w m", "w sd"], "names are made of two rows"),
        ("a,b\n1,x\na,b\n2,y\n", ["a", "b"], "1 row.s. that repeat the names passed over"),
        ("a,b,c\n1,x,2\n2,y,3\nSource: Office\n", ["a", "b", "c"], "1 line.s. at the end, of one field, passed over"),
        ("c,b\nN,1\nS,2\nW,3\nTotal,6\n", ["c", "b"], r"1 row.s. at the end left out, as they hold totals .'Total'"),
        (
            "地域,b\n北,1\n南,2\n東,3\n合計,6\n平均,2\n",
            ["地域", "b"],
            "2 row.s. at the end left out, as they hold totals",
        ),
        ("s: t\n\na,b,\n1,2\n3,4\n5,6\n", ["a", "b"], "2 line.s. before the table"),
        ("'a','b'\n'1','x'\n'2','y'\n", ["a", "b"], "fields stand in single quotation marks"),
        ('"a,b"\n"1,x"\n"2,y"\n', ["a", "b"], "whole lines stand in quotation marks"),
    ],
)
def test_what_is_passed_over_or_made_up_is_said(tmp_path, content, columns, said):
    frame, notes = heard(save(tmp_path, content))
    assert frame.columns == columns
    assert re.search(said, notes), notes


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("c,b\nN,1\nTotal,2\nS,3\nTotal,6\n", 4),  # a category
        ("a,b\nN/A,-\n1,2\n3,4\n", 3),  # missing values, not units
        ("a,b\nx,1\ny,2\nz,3\n", 3),
    ],
)
def test_rows_that_look_like_others_are_kept(tmp_path, content, rows):
    assert read_table(save(tmp_path, content)).height == rows


def test_totals_are_kept_when_told(tmp_path):
    path = save(tmp_path, "c,b\nN,1\nS,2\nW,3\nTotal,6\n")
    assert read_table(path, present=["Total"]).height == 4


def test_a_line_of_one_field_amid_the_rows_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"has 1 fields in data row 2 and 3 in the others; it begins 'Source'"):
        read_table(save(tmp_path, "a,b,c\n1,x,2\nSource\n2,y,3\n"))


@pytest.mark.parametrize("text", ["'a' 'b'\n1 2\n3 4\n", 'a,b\n1,"x|y"\n3,"x|y"\n'])
def test_quotes_that_mislead(tmp_path, text):
    assert read_table(save(tmp_path, text)).columns == ["a", "b"]


@pytest.mark.parametrize("mark", ["^", "~", ":"])
def test_rare_separators(tmp_path, mark):
    frame = read_table(save(tmp_path, "a,b,c\n1,x,2\n2,y,3\n".replace(",", mark)))
    assert frame.to_dict(as_series=False) == {"a": [1, 2], "b": ["x", "y"], "c": [2, 3]}


@pytest.mark.parametrize(
    ("values", "learned", "kind"),
    [
        ("0.0 1.0", "classification", "category"),
        ("-1 1", "classification", "category"),
        ("1.5 2.5 3.5", "regression", "number"),
        ("yes no", "classification", "category"),
    ],
)
def test_targets_are_described_as_they_are_learned(tmp_path, values, learned, kind):
    rows = [f"{place},{value}" for place, value in enumerate(values.split() * 6)]
    target = columns_of(save(tmp_path, "\n".join(["x,y", *rows])), "y").columns[1]
    assert (target.kind, target.role) == (kind, "target")
    assert f"learned as {learned}" in target.note


@pytest.mark.parametrize(
    "names",
    ["0,1,2", "x,2019,2020,2021", "2019,2020,2021,2022", "0,1,2,3", "country,0,1,x 2", "名前,a,b,c", "A1,B1,C1,D1"],
)
def test_names_that_look_like_numbers(tmp_path, names):
    rows = [",".join(f"{row + place}.5" for place, _ in enumerate(names.split(","))) for row in range(2)]
    assert read_table(save(tmp_path, "\n".join([names, *rows]))).columns == names.split(",")


def test_text_in_quotes_may_hold_anything(tmp_path):
    path = save(tmp_path, 'a,b\n1,"one, two\nthree ""four"""\n2,"x"\n')
    assert read_table(path)["b"].to_list() == ['one, two\nthree "four"', "x"]


def test_late_surprises_are_named(tmp_path):
    with pytest.warns(
        UserWarning, match="column 'a': 1 of 20001 values do not read as numbers .*'x' in data row 20001"
    ):
        frame = read_table(save(tmp_path, "a\n" + "1\n" * 20_000 + "x\n"))
    assert frame["a"].dtype == pl.Int64
    assert frame["a"][-1] is None


def test_options_overrule(tmp_path):
    path = save(tmp_path, "a;b\n1,5;NA\n2,5;kg\n")
    assert read_table(path, decimal=".")["a"].to_list() == ["1,5", "2,5"]
    assert read_table(path, present=["NA"])["b"].to_list() == ["NA", "kg"]
    assert read_table(path, missing=["kg"])["b"].to_list() == [None, None]
    assert read_table(path, drop=["b"]).columns == ["a"]
    assert read_table(path, kinds={"a": "category"})["a"].to_list() == ["1,5", "2,5"]
    frame, notes = heard(path, header=False)
    assert frame.height == 3
    assert "no row of names: as told" in notes
    days = save(tmp_path, "d,e\n1/2/2024,1\n3/4/2024,2\n", "d.csv")
    assert read_table(days, month_first=False)["d"].dt.month().to_list() == [2, 4]


def test_rows_of_another_length(tmp_path):
    path = save(tmp_path, "a,b\n1,x\n2\n3,y,z\n4,w\n5,v\n")
    with pytest.raises(ValueError, match=r"t.csv has 1 fields in data row 2 and 2 in the others; .*skip_ragged=True"):
        read_table(path)
    with pytest.warns(UserWarning, match=r"2 row\(s\) of another length left out: data row 2, 3"):
        assert read_table(path, skip_ragged=True)["a"].to_list() == [1, 4, 5]


def test_a_description(tmp_path):
    rows = "".join(f"{n};{n / 2:.1f};{'ab'[n % 2]};;x;{1 - n % 2}\n".replace(".", ",") for n in range(1, 21))
    path = save(tmp_path, "id;size;kind;none;same;y\n" + rows)
    reading = columns_of(path, "y")
    assert (reading.separator, reading.decimal, reading.encoding, reading.rows) == ("semicolon", ",", "utf-8", 20)
    columns = json.loads(json.dumps(reading.to_dict()))["columns"]
    assert [(c["name"], c["kind"], c["role"], c["missing"], c["values"]) for c in columns] == [
        ("id", "identifier", "dropped", 0, 20),
        ("size", "number", "input", 0, 20),
        ("kind", "category", "input", 0, 2),
        ("none", "empty", "dropped", 20, 0),
        ("same", "constant", "dropped", 0, 1),
        ("y", "category", "target", 0, 2),
    ]
    assert columns[0]["note"] == "it tells rows apart (20 different values); kinds={'id': …} uses it"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"", "t.csv is empty"),
        ("t.csv", b" \n\n", "t.csv is empty"),
        ("t.csv", b"a,b\n", "t.csv holds no row of data"),
        ("t.csv", b"a,b\n\n\n", "t.csv holds no row of data"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n1,2\n", "t.csv has 3 fields in data row 2 and 2 in the others; it begins '1,2,3'"),
        ("t.csv", b'a,b\n1,x\n2,"y, z\n3,w\n', "t.csv has a quotation mark in data row 2 that is not closed"),
        ("t.csv", bytes(range(256)) * 9, "t.csv is no table of text"),
        ("t.parquet", b"no parquet", "t.parquet cannot be read as a Parquet file: it is damaged or none"),
        (
            "t.feather",
            b"FEA1 old",
            "t.feather cannot be read as a Feather file: .*; Feather of version 1 must be stored again",
        ),
        ("t.csv.gz", b"no gzip", "t.csv.gz cannot be unpacked"),
        ("t.zip", b"no zip", "t.zip cannot be unpacked"),
        ("t.xlsx", b"no sheet", "t.xlsx cannot be read as a spreadsheet"),
        ("t.json", b"{", "t.json cannot be read as JSON: line 1 is none"),
        ("t.jsonl", b'{"a": 1}\n{"a": 1\n', "t.jsonl cannot be read as JSON: line 2 is none"),
        ("t.json", b"3", "t.json must hold an array of objects, or one object a line; it holds 3"),
        ("t.json", b"[1]", "t.json must hold objects; record 1 is 1"),
        ("t.json", b'[{"a": [1]}]', r"a column of .*t.json holds \[1\]"),
        ("none.csv", None, "none.csv does not exist; a table was expected"),
    ],
)
def test_bad_files(tmp_path, name, content, sentence):
    if content is not None:
        save(tmp_path, content, name)
    with pytest.raises(ValueError, match=sentence) as caught:
        read_table(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seperator": ";"}, "a reading option must be one of .*; got 'seperator'. Did you mean 'separator'"),
        ({"separator": "semicolons"}, "separator must be one of .*Did you mean 'semicolon'"),
        ({"decimal": "point"}, r"decimal must be one of ,, \.; got 'point'"),
        ({"kinds": {"a": "numeric"}}, "the kind of column 'a' must be one of .*; got 'numeric'"),
        (
            {"kinds": {"aa": "number"}},
            r"has no column \(kinds, drop\) 'aa'; its columns are 'a', 'b'; did you mean 'a'",
        ),
        ({"drop": ["c"]}, "'c'"),
    ],
)
def test_bad_options(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_table(save(tmp_path, PLAIN), **options)
