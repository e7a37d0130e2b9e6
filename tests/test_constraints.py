"""constraints.txt pins everything that a fresh installation brings, once for every supported Python."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")


def pins(python: str) -> dict[str, str]:
    """Name → version of the lines that hold for a Python version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}
    for requirement in (Requirement(line) for line in lines if line and not line.startswith("#")):
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            assert requirement.url is None
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
            assert requirement.name not in found, f"{requirement.name} is pinned twice"
            found[canonicalize_name(requirement.name)] = str(requirement.specifier)[2:]
    return found


def roots() -> list[Requirement]:
    """What pyproject.toml asks for: to build, to run, to develop, and for extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["build-system"]["requires"] + project["project"]["dependencies"]
    groups = [*project["dependency-groups"].values(), *project["project"]["optional-dependencies"].values()]
    return [Requirement(text) for text in sum(groups, asked)]


def closure() -> set[str]:
    """Names of everything installed that `roots` bring with them."""
    reached: set[str] = set()
    waiting = [(root, "") for root in roots()]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in reached or (requirement.marker is not None and not requirement.marker.evaluate({"extra": extra})):
            continue
        try:
            needed = requires(name) or []
        except PackageNotFoundError:  # the build backend lives in an environment of its own
            continue
        reached.add(name)
        waiting += [(Requirement(text), each) for text in needed for each in ("", *requirement.extras)]
    return reached


@pytest.mark.parametrize("python", PYTHONS)
def test_pins_meet_the_ranges_of_pyproject(python: str) -> None:
    pinned = pins(python)
    for root in roots():
        assert root.specifier.contains(pinned[canonicalize_name(root.name)]), root


def test_everything_installed_is_pinned() -> None:
    python = "{}.{}".format(*sys.version_info)
    assert closure() <= set(pins(python))


@pytest.mark.parametrize("python", PYTHONS)
def test_torch_is_not_among_them(python: str) -> None:
    assert "torch" not in pins(python)
