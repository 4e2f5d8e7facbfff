"""The size budget of the design: small files, small functions, no circle of imports."""

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import yaml
from grimp import build_graph

from nndl import __version__

ROOT = Path(__file__).parents[1]
QUESTIONS = ("What", "Whether", "Where", "How", "When", "Which", "Why", "Who", "Whose")
NOUNS = ("The", "A", "An", "Those", "All", "Every", "One", "Within")
"""No word that a function begins with."""
SOURCES = sorted([*(ROOT / "nndl").rglob("*.py"), *(ROOT / "cs231n").rglob("*.py")])
BESIDE = [path for folder in ("tests", "benchmarks", "docs") for path in sorted((ROOT / folder).rglob("*.py"))]


def lines(paths: list[Path]) -> dict[str, int]:
    """Return how many lines each file has."""
    return {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def functions(path: Path) -> list[tuple[str, int]]:
    """Return every function of a file with its length in lines, docstring and comments counted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for node in found
    ]


def test_files_are_small() -> None:
    assert {name: length for name, length in lines(SOURCES + BESIDE).items() if length > 400} == {}
    assert median(lines(SOURCES).values()) <= 120


def test_functions_fit_a_screen() -> None:
    lengths = dict(pair for path in SOURCES for pair in functions(path))
    assert {name: length for name, length in lengths.items() if length > 50} == {}
    assert median(lengths.values()) <= 8
    assert sorted(lengths.values())[int(0.9 * len(lengths))] < 25


def test_no_file_imports_itself_however_far_around() -> None:
    graph = build_graph("nndl", "cs231n", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) >= len(SOURCES)
    TopologicalSorter(imports).prepare()  # CycleError names the circle


def loads_by_name(path: Path) -> bool:
    """Tell whether a file loads a module by its name as text, which is an import that no contract sees."""
    names = {"import_module", "__import__"}
    return any(
        isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in names
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def test_the_package_alone_loads_a_module_by_its_name() -> None:
    known = {"nndl/__init__.py", "nndl/check/running/loading.py"}  # the one docs/architecture.md names; students' files
    assert {path.relative_to(ROOT).as_posix() for path in SOURCES if loads_by_name(path)} == known


def docstrings(path: Path) -> Iterator[tuple[str, ast.AST | None, str]]:
    """Yield place, owner (None: an attribute) and first word of every docstring of a file."""
    for owner in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(owner, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for number, node in enumerate(owner.body):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    place = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
                    yield place, None if number else owner, f"{node.value.value} ".split()[0].strip(":,")


def is_computed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is read as an attribute, whose docstring is a noun."""
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_docstrings_open_with_no_question() -> None:
    found = [f"{place} {word}" for path in SOURCES + BESIDE for place, _, word in docstrings(path) if word in QUESTIONS]
    assert found == []


def test_functions_say_what_they_do() -> None:
    courses = [*(ROOT / "nndl").glob("*.py"), *(ROOT / "cs231n").rglob("*.py")]  # formulas, as the courses write them
    found = [
        f"{place} {word}"
        for path in sorted({*SOURCES, *BESIDE} - {*courses, *(ROOT / "tests").rglob("*.py")})
        for place, owner, word in docstrings(path)
        if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef) and not is_computed(owner) and word in NOUNS
    ]
    assert found == []


def test_the_version_is_the_same_in_every_place() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    released = re.findall(
        r"^## ([\d.]+) - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M
    )
    assert package == __version__
    assert released[0] == (package, yaml.safe_load(cited)["date-released"].isoformat())
    assert yaml.safe_load(cited)["version"] == package


def unpickles(path: Path) -> bool:
    """Tell whether a file imports pickle, or lets NumPy use it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None)]
            if "pickle" in names:
                return True
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True):
            return True
    return False


def test_nothing_unpickles_outside_the_one_restricted_reader() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in SOURCES if unpickles(path)] == ["nndl/data/pickled.py"]


def test_what_is_optional_is_tested_with_it() -> None:
    """.ci/run installs what is optional but PyTorch, and repeats the tests that were skipped without."""
    there = {"PIL", "PIL.Image", "PIL.ImageOps", "onnx", "onnxruntime", "torch", "torch.nn.functional"}  # or never
    repeated = re.search(r'extras="([^"]+)"', (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert repeated
    named = [ROOT / word for word in repeated[1].split()]
    wanting = [
        path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if {*re.findall(r'importorskip\("([\w.]+)"', text := path.read_text(encoding="utf-8"))} - there
        or re.search("^from .* import .*needs_mpi", text, re.MULTILINE)
    ]
    assert len(wanting) > 20
    forgotten = [path.relative_to(ROOT).as_posix() for path in wanting if not {path, *path.parents} & {*named}]
    assert forgotten == [], ".ci/run's list of extras lacks them"
    assert [path for path in named if not path.exists()] == []
