"""`shinso columns`: JSON for programs, sentences in options."""

import json

from typer.testing import CliRunner

from shinso.cli import app


def test_json_says_what_was_found_and_how_to_overrule_it(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(f"{k + 1},{k % 2}.5,{'ab'[k % 2]}" for k in range(30)))
    result = CliRunner().invoke(app, ["columns", str(path), "--target", "3", "--json"])
    found = json.loads(result.stdout)
    assert (found["rows"], found["separator"], found["decimal"], found["header"]) == (30, "comma", ".", False)
    assert [(one["name"], one["kind"], one["role"]) for one in found["columns"]] == [
        ("1", "identifier", "dropped"),
        ("2", "number", "input"),
        ("3", "category", "target"),
    ]
    assert "--column '1=KIND' uses it" in found["columns"][0]["note"]
    assert "--header overrides it" in found["notes"][0]
