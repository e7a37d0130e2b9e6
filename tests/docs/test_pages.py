"""The code blocks of the README and of the pages in docs/ run, a page at a time; what they show is what they print."""

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from unittest import SkipTest

import pytest
from _pytest.doctest import _get_checker
from sybil import Document, Example
from sybil.example import SybilFailure
from sybil.parsers.markdown import CodeBlockParser, SkipParser
from typer.testing import CliRunner

import shinso
from shinso.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# Pages whose blocks compile much; `make test-slow` runs them.
SLOW = {
    "from_laplace_torch.md",
    "how_sure.md",
    "images.md",
    "autoencoders.md",
    "belief_nets.md",
    "optimizers.md",
    "strategies.md",
    "textbook.md",
    "uncertainty.md",
}
SLOW_FOLDERS = {"guides", "sources"}
JAPANESE = {
    "README.ja.md": "README.md",
    **{f"docs/ja/start/{path.name}": f"docs/start/{path.name}" for path in sorted((DOCS / "start").glob("*.md"))},
}
"""Pages that say others again in Japanese, with the same blocks, which run there."""
PAGES = [
    pytest.param(name, marks=[pytest.mark.slow] if path.name in SLOW or path.parent.name in SLOW_FOLDERS else [])
    for path in sorted([*ROOT.glob("README*.md"), *DOCS.rglob("*.md")])
    if (name := path.relative_to(ROOT).as_posix()) not in JAPANESE and path.parent != DOCS / "reference"
]
RUN = {"python", "console", "output"}
SHOWN = {"", "toml", "csv", "json", "yaml", "html", "text"}
"""Languages that are shown and not run."""
AS_SHOWN = (
    doctest.ELLIPSIS
    | doctest.NORMALIZE_WHITESPACE
    | doctest.DONT_ACCEPT_BLANKLINE
    | doctest.OPTIONFLAGS_BY_NAME["NUMBER"]
)


def differs(shown: str, printed: str) -> str:
    """Return how what was printed differs from what a page shows; nothing if it does not.

    Numbers are compared to the digits shown, `...` and `…` stand for anything.
    """
    checker, wanted = _get_checker(), shown.replace("…", "...")
    if checker.check_output(wanted, printed, AS_SHOWN):
        return ""
    return checker.output_difference(doctest.Example("", wanted), printed, AS_SHOWN)


class Page:
    """Runs the blocks of one page; remembers what the last one printed."""

    def __init__(self) -> None:
        self.printed = ""

    def python(self, example: Example) -> str | None:
        """Run a block in the names of its page."""
        lines = "\n" * (example.line + example.parsed.line_offset)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(lines + example.parsed, example.path, "exec"), example.namespace)
        self.printed = out.getvalue()
        return None

    def console(self, example: Example) -> str | None:
        """Run each line after `$ `, and compare the lines below it, if there are any."""
        if not example.parsed.startswith("$ "):
            return f"a console block begins with `$ `; got {example.parsed!r}"
        for part in re.split(r"^\$ ", example.parsed.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            program, *arguments = shlex.split(command, comments=True)
            if program != "shinso":
                return f'only `shinso` is run; mark the block: <!-- skip: next "why {program} is not run" -->'
            result = CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})
            self.printed = result.output
            if result.exit_code != 0:
                return f"{command}\nended with {result.exit_code}:\n{result.output}"
            if shown.strip() and (difference := differs(shown, result.output)):
                return f"{command}\n{difference}"
        return None

    def output(self, example: Example) -> str | None:
        """Compare what the block above has printed."""
        return differs(example.parsed, self.printed) or None


def evaluate(path: Path) -> list[str]:
    """Run a page, and return the reasons of the blocks that it skips."""
    page, skipped = Page(), []
    blocks = [CodeBlockParser(language, getattr(page, language)) for language in sorted(RUN)]
    for example in Document.parse(str(path), *blocks, SkipParser()).examples():
        try:
            example.evaluate()
        except SkipTest as reason:
            skipped.append(str(reason))
    return skipped


def languages(text: str) -> list[str]:
    """The words after the fences that open a block."""
    return re.findall(r"^ *```(.*)\n(?:.*\n)*?^ *```$", text, re.MULTILINE)


def blocks(text: str) -> list[str]:
    """The blocks of a page with their languages, and what is said of those left out; comments in commands do not count."""
    found = re.findall(r"^```(.*\n(?:.*\n)*?)^```$|^(<!-- skip: .*-->)$", text, re.MULTILINE)
    return [re.sub(r" +# .*", "", block) if block.startswith("\n") else block + skip for block, skip in found]


def faults_of_form(text: str) -> list[str]:
    """What the conventions for authors forbid: a language nobody knows, a block left out without a reason."""
    unknown = sorted({language.split(" ")[0] for language in languages(text)} - RUN - SHOWN)
    found = [f"a block of {name}: write python, console or output, or one of {sorted(SHOWN)}" for name in unknown]
    skips = re.findall(r"<!--+ *skip: *(?:next|start)(.*?)--+>", text)
    return found + ["a skip without its reason" for reason in skips if not re.fullmatch(r' "[^"]{8,}" *', reason)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", PAGES)
def test_the_blocks_of_a_page_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not faults_of_form((ROOT / name).read_text(encoding="utf-8"))
    evaluate(ROOT / name)


@pytest.mark.parametrize("name", JAPANESE)
def test_a_page_in_japanese_has_the_blocks_of_its_original(name: str) -> None:
    japanese, original = ((ROOT / path).read_text(encoding="utf-8") for path in (name, JAPANESE[name]))
    assert blocks(japanese) == blocks(original)
    assert sorted(path.name for path in (DOCS / "ja" / "start").glob("*.md")) == sorted(
        path.name for path in (DOCS / "start").glob("*.md")
    )


def test_blocks_that_differ_are_found() -> None:
    page = '```python\nx = 1  # one\n```\n\n<!-- skip: next "it needs two devices" -->\n\n```\nmake  # all\n```\n'
    assert blocks(page) == blocks(page.replace("# all", "# 全部"))
    for other in (
        page.replace("x = 1", "x = 2"),
        page.replace("two devices", "one device"),
        page.replace("make", "ls"),
    ):
        assert blocks(page) != blocks(other)


def test_there_are_pages() -> None:
    names = {page.values[0] for page in PAGES}
    assert {"README.md", "docs/index.md", "docs/start/index.md"} <= names
    assert {path.name for folder in (DOCS, DOCS / "start") for path in folder.glob("*.md")} >= SLOW


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes a page, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "page.md"
    return lambda text: [path, path.write_text(text, encoding="utf-8")][0]


def test_a_page_is_one_namespace_and_its_output_is_compared(written: Callable[[str], Path]) -> None:
    page = "```python\nx = 2 / 3\n```\n\n```python\nprint('x', x)\nprint('two lines')\n```\n\n```output\n{}\n```\n"
    assert evaluate(written(page.format("x 0.667\ntwo lines"))) == []
    assert evaluate(written(page.format("x …\ntwo lines"))) == []
    for wrong in ("x 0.668\ntwo lines", "x 0.667", "x 0.667\ntwo lines\nthree"):
        with pytest.raises(SybilFailure, match=r"page\.md, line 10"):
            evaluate(written(page.format(wrong)))


def test_what_a_block_raises_comes_with_its_line(written: Callable[[str], Path]) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        evaluate(written("# A page\n\n```python\nx = 1\nx / 0\n```\n"))
    assert raised.traceback[-1].lineno + 1 == 5
    assert str(raised.traceback[-1].path).endswith("page.md")


def test_commands_run_and_their_output_is_compared(written: Callable[[str], Path]) -> None:
    version = f"shinso {shinso.__version__}"
    assert evaluate(written(f"```console\n$ shinso \\\n  --version\n{version}\n$ shinso --help\n```\n")) == []
    for block, fault in (
        ("$ shinso --version\nshinso 9.9\n", "shinso 9.9"),
        ("$ shinso show nowhere\n", "ended with 2"),
        ("$ make demo\n", "why make is not run"),
        ("shinso --version\n", "begins with"),
    ):
        with pytest.raises(SybilFailure, match=re.escape(fault)):
            evaluate(written(f"```console\n{block}```\n"))


def test_a_block_that_is_left_out_says_why(written: Callable[[str], Path]) -> None:
    page = '<!-- skip: next "it needs two devices" -->\n\n```python\n1 / 0\n```\n'
    assert evaluate(written(page)) == ["it needs two devices"]
    assert not faults_of_form(page)
    assert faults_of_form("<!-- skip: next -->\n") == ["a skip without its reason"]
    assert faults_of_form("```sh\nls\n```\n")
    assert languages("```python\n1\n```\n\n```\nx\n```\n\n1. item\n\n   ```console\n   $ x\n   ```\n") == [
        "python",
        "",
        "console",
    ]
