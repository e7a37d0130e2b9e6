"""The order of the rooms, read from the imports of every module; each rule also meets a source that breaks it."""

import ast
import functools
import graphlib
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "shinso"
MODULES = sorted(SOURCE.rglob("*.py"))

# What each room names as its neighbours below; whatever those may import is open to it too.
BELOW = {
    "data": (),
    "nn": (),
    "objectives": ("nn",),
    "curvature": ("objectives",),
    "optim": ("curvature",),
    "settings": (),
    "training": ("optim", "data"),
    "experiment": ("training", "data", "settings"),
    "tuning": ("experiment",),
    "bayes": ("curvature", "training", "experiment"),
    "diagnose": ("curvature", "training", "experiment"),
    "textbook": ("training",),
    "estimators": ("experiment", "bayes"),
    "report": ("diagnose", "experiment", "tuning"),
    "deploy": ("experiment", "bayes"),
    "reproduce": ("experiment", "textbook", "bayes"),
    "studio": ("report", "reproduce", "deploy"),
}
FOUNDATION = (
    "_version",
    "_lazy",
    "_checks",
    "_files",
    "_manifest",
    "_safetensors",
    "_interrupt",
    "_stretches",
    "_reductions",
    "_threefry",
    "_programs",
    "_fork",
    "_kinds",
    "_numbers",
    "_paths",
    "_words",
    "_sequences",
)  # open to everybody; each may import those before it
SPEAKING = {"cli", "__main__"}  # may print
FACES = {*SPEAKING, "__init__"}  # see every room

NEVER_IMPORTED = {"pickle", "cloudpickle", "dill", "shelve", "marshal", "torch"}


def open_to(room: str) -> set[str]:
    """Names directly under `shinso` that the modules of `room` may import."""
    if room in FACES:
        return {*BELOW, *FOUNDATION, *FACES}
    if room in FOUNDATION:
        return {*FOUNDATION[: FOUNDATION.index(room)]}
    reached: set[str] = set()
    waiting = [room]
    while waiting:
        for below in BELOW[waiting.pop()]:
            if below not in reached:
                reached.add(below)
                waiting.append(below)
    return {*reached, *FOUNDATION, room}


def room_of(path: Path) -> str:
    """The room a module lives in: the first name under `shinso`."""
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def misplaced_imports(source: str, room: str) -> list[str]:
    """Imports that go up the table, past a room's `__init__`, or are relative."""
    found = []
    for line, name in imported(ast.parse(source)):
        top, *rest = name.split(".")
        if not top:
            found.append(f"line {line}: relative import {name}")
        if top != "shinso":
            continue
        target, inside = (rest[0], rest[1:]) if rest else ("", [])
        public_face = room in FACES and not target.startswith("_")  # `import shinso`, `from shinso import load`
        if target not in open_to(room) and not public_face:
            found.append(f"line {line}: {room} may not import {name}")
        elif target not in {room, *FOUNDATION} and (len(inside) > 1 or any(part.startswith("_") for part in inside)):
            found.append(f"line {line}: {name} is private to {target}")
    return found


def banned_imports(source: str) -> list[str]:
    """Imports of modules that execute what they load, and of PyTorch."""
    names = imported(ast.parse(source))
    return [f"line {line}: {name} is never imported" for line, name in names if name.split(".")[0] in NEVER_IMPORTED]


def undeclared_imports(source: str, declared: set[str]) -> list[str]:
    """Imports of installed distributions that pyproject.toml does not name."""
    found = []
    for line, name in imported(ast.parse(source)):
        top = name.split(".")[0]
        if top in {"", "shinso"} or top in sys.stdlib_module_names:
            continue
        if declared.isdisjoint(normalized(owner) for owner in installed_packages().get(top, [top])):
            found.append(f"line {line}: {top} is not among the dependencies in pyproject.toml")
    return found


def printing_calls(source: str) -> list[str]:
    """Calls of `print` and `jax.debug.print`."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    called = ((call.lineno, ast.unparse(call.func)) for call in calls)
    return [
        f"line {line}: {name} in a library" for line, name in called if re.fullmatch(r"print|.*\bdebug\.print", name)
    ]


def executing_calls(source: str) -> list[str]:
    """Calls that can execute the contents of a file: `eval`, `exec`, and loading with `allow_pickle`."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        unpickles = any(
            word.arg == "allow_pickle" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
            for word in call.keywords
        )
        if unpickles or ast.unparse(call.func) in {"eval", "exec"}:
            found.append(f"line {call.lineno}: {ast.unparse(call.func)} executes what it is given")
    return found


def neighbours(source: str, room: str, modules: set[str]) -> set[str]:
    """Modules of its own room that a module imports, at the top or inside of a function."""
    found = set()
    for _, name in imported(ast.parse(source)):
        parts = name.split(".")
        if parts[:2] == ["shinso", room] and len(parts) > 2:
            found.add(parts[2] if parts[2] in modules else "__init__")
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; none if there is no circle."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def imports_within(room: str) -> dict[str, set[str]]:
    """The modules of a room, and what each imports of the others."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in (SOURCE / room).glob("*.py")}
    return {name: neighbours(source, room, set(sources)) for name, source in sources.items()}


@functools.cache
def concrete_kinds() -> frozenset[str]:
    """The likelihoods and penalties: classes of `objectives` below `Likelihood` or `Penalty` that have a name."""
    classes = [
        node
        for path in (SOURCE / "objectives").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    kinds = {"Likelihood", "Penalty"}
    for _ in classes:  # as deep as there are classes at most
        kinds |= {one.name for one in classes if kinds & {ast.unparse(base) for base in one.bases}}
    named = {
        one.name
        for one in classes
        for line in one.body
        if isinstance(line, ast.Assign | ast.AnnAssign)
        and line.value is not None
        and "name" in {ast.unparse(to) for to in (line.targets if isinstance(line, ast.Assign) else [line.target])}
    }
    return frozenset(kinds & named)


def questions_of_kind(source: str) -> list[str]:
    """Questions which likelihood or penalty there is: by its class, in tuples of classes, or by its name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"isinstance", "issubclass"} and len(node.args) > 1:
            asked = [node.args[1]]
        elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
            asked = [node] if all(isinstance(one, ast.Name | ast.Attribute) for one in node.elts) else []
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        names = {ast.unparse(one).removeprefix("objectives.") for top in asked for one in ast.walk(top)}
        by_name = isinstance(node, ast.Compare) and re.search(
            r"(likelihood|penalty)(\(\))?\.name$", ast.unparse(node.left)
        )
        if names & concrete_kinds() or by_name:
            found.append(f"line {node.lineno}: {ast.unparse(node)} asks which likelihood or penalty it is")
    return found


def clashing_names(contents: Mapping[str, str]) -> list[str]:
    """Public names that the tables of contents of two rooms share; `contents` are the sources of their `__init__`."""
    homes: dict[str, list[str]] = {}
    for room, source in contents.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.asname is not None:
                        homes.setdefault(alias.asname, []).append(room)
    return [f"{name} is in {', '.join(rooms)}" for name, rooms in homes.items() if len(rooms) > 1]


def shapeless_files(names: list[str]) -> list[str]:
    """Files named for no idea in particular."""
    return [name for name in names if Path(name).stem.strip("_") in {"util", "utils", "helper", "helpers", "misc"}]


@functools.cache
def installed_packages() -> Mapping[str, list[str]]:
    """Importable names and the distributions they come from."""
    return packages_distributions()


MODULE_LINES, BODY_LINES, PARAMETERS = 400, 60, 20
# Whose signatures are scikit-learn's.
SIGNATURES_OF_OTHERS = {"estimators/_mlp_classifier.py", "estimators/_mlp_regressor.py"}


def oversized(source: str, *, any_signature: bool = False) -> list[str]:
    """What of a module is too large: its lines, a function's body without its docstring, or a signature."""
    found = [f"{lines} lines" for lines in [len(source.splitlines())] if lines > MODULE_LINES]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            parameters = sum(argument.arg not in ("self", "cls") for argument in arguments)
            if lines > BODY_LINES:
                found.append(f"{node.name}: a body of {lines} lines")
            if parameters > PARAMETERS and not any_signature:
                found.append(f"{node.name}: {parameters} parameters")
    return found


def normalized(distribution: str) -> str:
    """A distribution's name as package indices compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def declared_dependencies() -> set[str]:
    """Normalized names of the runtime dependencies in pyproject.toml, those of extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return {normalized(re.match(r"[\w.-]+", requirement)[0]) for requirement in named}


def test_every_room_is_in_the_table() -> None:
    rooms = {room_of(path) for path in MODULES}
    assert rooms <= {*BELOW, *FOUNDATION, *FACES}
    assert {"data", "nn", "objectives", "optim", "training"} <= rooms


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_module_keeps_the_rules(path: Path) -> None:
    source, room = path.read_text(encoding="utf-8"), room_of(path)
    found = misplaced_imports(source, room) + banned_imports(source) + executing_calls(source)
    found += undeclared_imports(source, declared_dependencies())
    if room not in SPEAKING:
        found += printing_calls(source)
    if room != "objectives":
        found += questions_of_kind(source)
    assert not found


@pytest.mark.parametrize("room", sorted({path.parent.name for path in MODULES} - {SOURCE.name}))
def test_no_modules_import_each_other_in_a_circle(room: str) -> None:
    assert not circle(imports_within(room))


def test_circles_are_found() -> None:
    modules = {"_a", "_b", "_c", "__init__"}
    late = "def late():\n    from shinso.nn._a import x"
    graph = {
        "_a": neighbours("from shinso.nn import _b", "nn", modules),
        "_b": neighbours("import shinso.nn._c\nfrom shinso.objectives import _a", "nn", modules),
        "_c": neighbours("from shinso.nn import Dense", "nn", modules),
        "__init__": neighbours("from shinso.nn._b import y", "nn", modules),
    }
    assert graph == {"_a": {"_b"}, "_b": {"_c"}, "_c": {"__init__"}, "__init__": {"_b"}}
    assert set(circle(graph)) == {"_b", "_c", "__init__"}
    assert set(circle({"_a": {"_b"}, "_b": neighbours(late, "nn", modules)})) == {"_a", "_b"}
    assert circle({"_a": {"_b"}, "_b": {"_c"}, "_c": set()}) == []


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_modules_functions_and_signatures_are_small(path: Path) -> None:
    name = path.relative_to(SOURCE).as_posix()
    assert not oversized(path.read_text(encoding="utf-8"), any_signature=name in SIGNATURES_OF_OTHERS)


def test_no_file_is_named_for_nothing() -> None:
    assert not shapeless_files([path.name for path in MODULES])


def test_table_reaches_what_the_rooms_below_reach() -> None:
    assert open_to("training") == {"training", "optim", "curvature", "objectives", "nn", "data", *FOUNDATION}
    assert open_to("report") >= {"diagnose", "training", "data"}
    assert "bayes" not in open_to("report")
    assert open_to("nn") == {"nn", *FOUNDATION}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("nn", "from shinso.training import train"),
        ("nn", "from shinso import data"),
        ("data", "import shinso.nn"),
        ("optim", "def late():\n    from shinso.training import Run"),
        ("objectives", "import shinso"),
        ("training", "from shinso import cli"),
        ("objectives", "from shinso import MLPClassifier"),
        ("report", "from shinso.estimators import MLPClassifier"),
        ("bayes", "from shinso.diagnose import findings"),
        ("_checks", "from shinso._numbers import number_leaf"),
        ("_checks", "from shinso import nn"),
        ("training", "from shinso.nn._dense import Dense"),
        ("training", "from shinso.nn import _dense"),
        ("training", "import shinso.nn._dense as dense"),
        ("cli", "from shinso.data._tables import read"),
        ("cli", "from shinso import _secret"),
        ("__init__", "from shinso.nn._dense import Dense"),
        ("training", "from shinso.nn.dense import Dense"),
        ("nn", "from ._dense import Dense"),
        ("nn", "from .. import training"),
    ],
)
def test_misplaced_imports_are_found(room: str, source: str) -> None:
    assert len(misplaced_imports(source, room)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("nn", "from shinso.nn._dense import Dense as Dense"),
        ("nn", "from shinso import _checks"),
        ("nn", "from shinso._checks import one_of"),
        ("training", "from shinso import data, nn, objectives"),
        ("training", "from shinso.nn import Dense"),
        ("studio", "from shinso.training import load"),
        ("cli", "import shinso\nfrom shinso.studio import serve"),
        ("cli", "from shinso import load, train"),
        ("_numbers", "from shinso._checks import real"),
        ("_checks", "from shinso._version import __version__"),
        ("__init__", "from shinso.estimators import MLPClassifier as MLPClassifier"),
    ],
)
def test_proper_imports_pass(room: str, source: str) -> None:
    assert not misplaced_imports(source, room)


@pytest.mark.parametrize("source", ["import pickle", "from torch.nn import Linear", "import numpy, cloudpickle.compat"])
def test_banned_imports_are_found(source: str) -> None:
    assert len(banned_imports(source)) == 1
    assert not banned_imports("import numpy\nfrom shinso.nn import pickle")


@pytest.mark.parametrize("source", ["import pytest", "from nowhere import x", "import hypothesis.strategies"])
def test_undeclared_imports_are_found(source: str) -> None:
    assert len(undeclared_imports(source, declared_dependencies())) == 1
    assert not undeclared_imports("import jax.numpy\nfrom PIL import Image\nimport tomllib", {"jax", "pillow"})


@pytest.mark.parametrize("source", ["print(1)", "def f():\n    jax.debug.print('x')", "import rich\nprint(2)"])
def test_printing_is_found(source: str) -> None:
    assert len(printing_calls(source)) == 1
    assert not printing_calls("console.print(1)\n'print(1)'\ndebug = print")


@pytest.mark.parametrize(
    "source", ["eval(text)", "exec(text)", "load(f, allow_pickle=True)", "load(f, allow_pickle=x)"]
)
def test_executing_calls_are_found(source: str) -> None:
    assert len(executing_calls(source)) == 1
    assert not executing_calls("np.load(f, allow_pickle=False)\nmodel.eval()")


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(likelihood, Gaussian)",
        "isinstance(run.likelihood, objectives.Categorical | objectives.Poisson)",
        "KNOWN = (Gaussian, Bernoulli)",
        "issubclass(kind, Quantile)",
        "if isinstance(penalty, (L2, ARD)): pass",
        "likelihood.name == 'poisson'",
        "self.likelihood.name in ('bernoulli', 'categorical')",
        "match likelihood:\n    case Gaussian(): pass",
    ],
)
def test_questions_of_kind_are_found(source: str) -> None:
    assert questions_of_kind(source)


def test_proper_questions_pass() -> None:
    assert {"Gaussian", "Huber", "SmoothedCategorical", "GeneralizedLinear", "Joint", "L1", "ARD"} <= concrete_kinds()
    assert concrete_kinds().isdisjoint({"Likelihood", "Predictive", "Elementwise", "Penalty", "Objective", "Part"})
    proper = "likelihood.target.name == 'count'\nisinstance(x, Likelihood)\nObjective(Gaussian(), [L2(0.1), L1(0.1)])"
    assert not questions_of_kind(proper + "\nisinstance(values, pl.Enum)\nlikelihood.convex\nf(Gaussian, 3)")


def test_a_public_name_is_in_one_room() -> None:
    rooms = {room: SOURCE / room / "__init__.py" for room in BELOW}
    assert not clashing_names({room: path.read_text(encoding="utf-8") for room, path in rooms.items() if path.exists()})
    assert clashing_names({"a": "from shinso.a._x import KINDS as KINDS", "b": "from shinso.b._y import Z as KINDS"})


def test_what_is_too_large_is_found() -> None:
    body = "    x = 1\n" * BODY_LINES
    names = ", ".join(f"a{i}" for i in range(PARAMETERS))
    assert not oversized(f'def f(self, {names}):\n    """Says much.\n\n    More."""\n{body}')
    assert oversized(f"def f():\n{body}    x = 2\n") == ["f: a body of 61 lines"]
    assert oversized(f"class A:\n    def f(self, {names}, *, b): ...") == ["f: 21 parameters"]
    assert not oversized(f"def f({names}, b): ...", any_signature=True)
    assert oversized("x = 1\n" * (MODULE_LINES + 1)) == ["401 lines"]


def test_files_named_for_nothing_are_found() -> None:
    assert shapeless_files(["_dense.py", "utils.py", "_helpers.py"]) == ["utils.py", "_helpers.py"]
