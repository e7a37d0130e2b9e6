"""What a release says of itself is true: version, citation, changelog, extras, and the way it is checked."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

import shinso

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?$", CHANGELOG, re.MULTILINE)


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == shinso.__version__
    assert citation["license"] == PROJECT["license"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_the_changelog_goes_version_by_version_newest_first() -> None:
    assert re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE) == [f"[{n}] - {d}" if d else f"[{n}]" for n, d in HEADINGS]
    assert HEADINGS[0] == ("Unreleased", "")
    assert all(day for _, day in HEADINGS[1:])
    versions = [Version(name) for name, _ in HEADINGS[1:]]
    assert versions == sorted(versions, reverse=True)
    assert all(version <= Version(shinso.__version__) for version in versions)


@pytest.mark.parametrize("extra", sorted(PROJECT["optional-dependencies"]))
def test_what_needs_an_extra_says_which_to_install(extra: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    said = f"pip install 'shinso[{extra}]'"
    by_name = "pip install 'shinso[{kind}]'"  # one sentence for several, each called by its own name
    assert any(said in text or (by_name in text and f'"{extra}"' in text) for text in sources), (
        f"no sentence says {said}"
    )


@pytest.mark.parametrize("extra", sorted(PROJECT["optional-dependencies"]))
def test_an_extra_brings_nothing_that_everybody_has(extra: str) -> None:
    names = {re.match(r"[\w.-]+", one)[0] for one in PROJECT["dependencies"]}
    assert not names & {re.match(r"[\w.-]+", one)[0] for one in PROJECT["optional-dependencies"][extra]}


def test_every_python_that_is_named_is_tried() -> None:
    named = {line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)}
    for workflow, job in (("ci", "check"), ("release", "installed")):
        text = (ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text(encoding="utf-8")
        assert named <= set(yaml.safe_load(text)["jobs"][job]["strategy"]["matrix"]["python"]), workflow


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_files_for_the_forge_can_be_read(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))
