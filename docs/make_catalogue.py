"""Write docs/catalogue.md: every row of what the sources describe, with names that provide it and tests that check it.

    python docs/make_catalogue.py

`docs/catalogue.toml` has the rows. A row without a name or without a test, a name that does not exist, tests that do not
mention one of the row's names, or a claim that `shinso reproduce` does not know: each ends it with a sentence.
"""

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import shinso

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGE = DOCS / "catalogue.md"

HEAD = """# What the sources describe, and where it is

Written by `docs/make_catalogue.py` from `docs/catalogue.toml` and the code. Names are those under `shinso`; what follows the
dash is what their documentation says first.
"""


def sections() -> list[dict[str, Any]]:
    """Return the sections with their rows."""
    found: list[dict[str, Any]] = tomllib.loads((DOCS / "catalogue.toml").read_text(encoding="utf-8"))["section"]
    return found


def checked(row: dict[str, Any]) -> list[Any]:
    """Return the objects that a row names.

    Raises:
        ValueError: the row lacks a name or a test, a name or a file does not exist, or no test of the row mentions a name.
    """
    if not row.get("names") or not row.get("tests"):
        raise ValueError(f"{row['id']} must have names and tests.")
    for test in row["tests"]:
        if not (ROOT / test).is_file():
            raise ValueError(f"{row['id']} names the tests {test}, which do not exist.")
    text = "\n".join((ROOT / test).read_text(encoding="utf-8") for test in row["tests"])
    things = []
    for name in row["names"]:
        thing: Any = shinso
        for part in name.split("."):
            if not hasattr(thing, part):
                raise ValueError(f"{row['id']} names {name}, which does not exist.")
            thing = getattr(thing, part)
        things.append(thing)
        last = name.rpartition(".")[2]
        # What is chosen by name in a table, such as a likelihood, may be tested by that name.
        also = str(getattr(thing, "name", last)) if inspect.isclass(thing) else last
        if not re.search(rf"\b({re.escape(last)}|{re.escape(also)})\b", text):
            raise ValueError(f"{row['id']} names {name}, which its tests do not mention.")
    for claim in row.get("claims", []):
        if claim not in shinso.reproduce.ENTRIES:
            raise ValueError(f"{row['id']} names the claim {claim}, which does not exist.")
    return things


def sentence(thing: Any) -> str:
    """Return the first line of the documentation of a function or a class; of a table nothing."""
    if not (inspect.isclass(thing) or inspect.isroutine(thing) or inspect.ismodule(thing)):
        return ""
    first = (inspect.getdoc(thing) or "").partition("\n")[0].replace("|", "\\|")
    rest = first.removeprefix("Return ")
    return rest if rest == first or not re.match(r"[a-z]+ ", rest) else f"{rest[0].upper()}{rest[1:]}"


def shown(claim: str) -> str:
    """Return the claim's row, with a link to its section of the results where it has been run."""
    return f"[{claim}](results.md#{claim.lower()})" if (DOCS / "records" / claim).is_dir() else claim


def page() -> str:
    """Return the page."""
    lines = [HEAD]
    for section in sections():
        lines += [
            f"## {section['title']}",
            "",
            "| | what | rule | names | tests | shown by |",
            "|---|---|---|---|---|---|",
        ]
        for row in section["row"]:
            things = zip(row["names"], checked(row), strict=True)
            names = "<br>".join(
                f"`{name}`{f' — {told}' if (told := sentence(thing)) else ''}" for name, thing in things
            )
            tests = "<br>".join(f"[{Path(test).name}](../{test})" for test in row["tests"])
            rule = row["rule"].replace("|", "\\|")
            claims = ", ".join(shown(claim) for claim in row.get("claims", []))
            lines.append(f"| {row['id']} | {row['what']} | {rule} | {names} | {tests} | {claims} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
