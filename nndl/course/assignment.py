"""An assignment: stubs with docstrings, a notebook, a README and a rubric. It holds no solution."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from nndl.errors import UsageError
from nndl.runs.atomic import write_atomically

COURSES = ("cs231n", "c147")
POINTS = {"backward": 3, "net": 6, "other": 2}
IMPORTS = {
    "layer_utils.py": ("layers",),
    "conv_layers.py": ("layers",),
    "fc_net.py": ("layers", "layer_utils"),
    "cnn.py": ("layers", "layer_utils", "conv_layers"),
}
NOTEBOOK = "assignment.ipynb"


@cache
def _table() -> dict[str, Any]:
    text = Path(__file__).with_name("assignment.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@dataclass(frozen=True)
class Task:
    """An exercise of the assignment: functions, or a class, that belong together."""

    name: str
    title: str
    file: str
    functions: Mapping[str, str]
    """By signature, the docstring."""
    tried: str = ""
    more: str = ""
    without: tuple[str, ...] = ()
    methods: Mapping[str, str] = field(default_factory=lambda: {"loss(X, y=None)": ""})
    """Those of a class, by signature without self, with their docstrings."""

    @property
    def names(self) -> list[str]:
        return [signature.partition("(")[0] for signature in self.functions]


@dataclass(frozen=True)
class Assignment:
    """All tasks of a course's assignment."""

    title: str
    package: str
    tasks: tuple[Task, ...]

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(task.file for task in self.tasks))


def assignment(course: str) -> Assignment:
    """Return a course's assignment. Raises UsageError for a course that there is none for."""
    if course not in COURSES:
        raise UsageError(f"--course is {' or '.join(COURSES)}, not {course!r}")
    table = _table()
    about, words = table["courses"][course], table["words"][course]
    tasks = [_task(name, file, words) for file, names in about["files"].items() for name in names]
    return Assignment(about["title"], about["package"], tuple(tasks))


def _task(name: str, file: str, words: Mapping[str, str]) -> Task:
    about = _table()["exercises"][name]
    functions = {_filled(key, words): _wrapped(_filled(says, words)) for key, says in about["functions"].items()}
    others = {key: about[key] for key in ("tried", "more", "methods") if key in about}
    return Task(name, about["title"], file, functions, without=tuple(about.get("without", ())), **others)


def _filled(text: str, words: Mapping[str, str]) -> str:
    """Put a course's words in the place of {name}; no other braces stand for anything."""
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _wrapped(text: str) -> str:
    """Break lines that a course's words made too long."""
    return "\n".join(
        line if len(line) <= 116 else textwrap.fill(line, 112, subsequent_indent=" " * (len(line) - len(line.lstrip())))
        for line in text.splitlines()
    )


def write_assignment(folder: Path, course: str) -> list[Path]:
    """Write an assignment into a new or empty folder; return the files. Raises UsageError for any other, OSError."""
    made = assignment(course)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there and not empty: name a new folder")
    files = dict(_files(made))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    return [folder / name for name in files]


def _files(made: Assignment) -> Iterator[tuple[str, str]]:
    packages = {parent for file in made.files for parent in PurePosixPath(made.package, file).parents}
    for package in sorted(packages - {PurePosixPath(".")}):
        yield f"{package}/__init__.py", ""
    for file in made.files:
        yield f"{made.package}/{file}", stubs(made, file)
    yield NOTEBOOK, json.dumps(notebook(made), indent=1) + "\n"
    yield "README.md", readme(made)
    yield "rubric.yaml", rubric(made)


def stubs(made: Assignment, file: str) -> str:
    """Return a file of functions that say what they should do, and do nothing."""
    imports = [name for name in IMPORTS.get(PurePosixPath(file).name, ()) if f"{name}.py" in made.files]
    head = f'"""{made.title}: write what is missing."""\n\nimport numpy as np\n'
    lines = [f"from {made.package}.{name} import *" for name in imports]
    lines += [f"from {made.package} import optim"] * (file == "solver.py")
    parts = [head + "".join(f"\n{line}" for line in lines) + "\n" * bool(lines)]
    for task in made.tasks:
        if task.file == file:
            parts += [_stub(signature, says, task.methods) for signature, says in task.functions.items()]
    return "\n\n".join(parts)


def _stub(signature: str, says: str, methods: Mapping[str, str]) -> str:
    name, _, arguments = signature.partition("(")
    if not name[0].isupper():
        return f'def {signature}:\n{_doc(says)}    raise NotImplementedError("{name} is not written yet")\n'
    arguments = textwrap.fill(f"self, {arguments[:-1]}", 100, initial_indent=" " * 8, subsequent_indent=" " * 8)
    has_params = "        self.params = {}\n" * ("loss(X, y=None)" in methods)
    return (
        f"class {name}:\n{_doc(says)}\n    def __init__(\n{arguments},\n    ):\n{has_params}"
        f'        raise NotImplementedError("{name} is not written yet")\n'
        + "".join(_method(*each) for each in methods.items())
    )


def _method(signature: str, says: str) -> str:
    head = signature.replace("(", "(self, ").replace(", )", ")")
    doc = textwrap.indent(_doc(says), "    ") if says else ""
    return f"\n    def {head}:\n{doc}        raise NotImplementedError\n"


def _doc(says: str) -> str:
    return textwrap.indent(f'"""{says.strip()}\n"""\n', "    ", lambda line: bool(line.strip()))


# The notebook -----------------------------------------------------------------------------------------------------

SETUP = '''
%load_ext autoreload
%autoreload 2
import numpy as np

random = np.random.default_rng(0)


def draw(*shape):
    """Draw an array that hides nothing: neither centred at zero nor of one size."""
    return random.standard_normal(shape) + 0.3


def compare(forward, backward, arrays, h=1e-5):
    """Print the largest relative error of each gradient; below 1e-6 is good, 1e-2 is a mistake."""
    out, cache = forward(**arrays)
    dout = random.standard_normal(np.shape(out))
    found = backward(dout, cache)
    found = found if isinstance(found, tuple) else (found,)
    for (name, x), gradient in zip(arrays.items(), found):
        numeric = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            kept, sums = x[i], []
            for step in (h, -h):
                x[i] = kept + step
                sums.append(np.sum(forward(**arrays)[0] * dout))
            x[i] = kept
            numeric[i] = (sums[0] - sums[1]) / (2 * h)
        error = np.max(np.abs(gradient - numeric) / np.maximum(1e-8, np.abs(gradient) + np.abs(numeric)))
        print(f"d{name}: {error:.1e}")
'''


def notebook(made: Assignment) -> dict[str, Any]:
    """Return the notebook, as nbformat 4 has it."""
    first = (
        f"# {made.title}\n\nWrite the functions in `{made.package}/`; this notebook tries them. Each check below says "
        "what is wrong, and where. Gradients that agree with numerical ones are necessary and not enough: the checks "
        "look at shapes, options and edges that a gradient check does not see."
    )
    cells = [_cell("markdown", first), _cell("code", SETUP.strip())]
    for task in made.tasks:
        names = ", ".join(f"`{name}`" for name in task.names)
        cells.append(_cell("markdown", f"## {task.title}\n\n{names} in `{made.package}/{task.file}`"))
        if task.tried:
            cells.append(_cell("code", _trial(made, task)))
        cells.append(_cell("code", f"!nndl gradcheck {task.name} --file {made.package}/{task.file}"))
    cells.append(_cell("markdown", "## Everything"))
    cells.append(_cell("code", f"!nndl gradcheck --file {made.package} --rubric rubric.yaml"))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _trial(made: Assignment, task: Task) -> str:
    """Return code that compares a pair's gradients with numerical ones."""
    module = f"{made.package}.{task.file[:-3].replace('/', '.')}"
    forward, backward = task.names
    arrays = [name.strip() for name in task.tried.partition("=")[0].split(",") if name.strip() not in task.without]
    given = [name if name in arrays else f"{name}={name}" for name in arrays]
    keywords = ", ".join(f"{name}={name}" for name in arrays)
    last = next(iter(task.functions)).rstrip(")").split(", ")[-1]
    fixed = [f"{name}={name}" for name in task.without] + ([f"{last}={task.more}"] if task.more else [])
    call = f"lambda {', '.join(given)}: {forward}({', '.join([f'{name}={name}' for name in arrays] + fixed)})"
    return (
        f"from {module} import {forward}, {backward}\n\n{task.tried}\n"
        f"compare({call if fixed else forward}, {backward}, dict({keywords}))"
    )


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


# The README and the rubric ----------------------------------------------------------------------------------------


def readme(made: Assignment) -> str:
    """Return what students are told."""
    rows = "".join(
        f"| {task.title} | {', '.join(f'`{name}`' for name in task.names)} | `{made.package}/{task.file}` |\n"
        for task in made.tasks
    )
    check = f"nndl gradcheck --file {made.package}"
    one = f"nndl gradcheck relu --file {made.package}/layers.py"
    return f"""# {made.title}

Write the functions of `{made.package}/` that raise `NotImplementedError`, in the order of the table: later ones call
earlier ones. Their docstrings say what they compute and in which shapes. NumPy is all you need; loops are welcome in
convolution and pooling only. Your course says how `nndl` is installed; for the notebook, `pip install jupyterlab`.

```sh
{f"jupyter lab {NOTEBOOK}":<48} # tries each function as you go
{check:<48} # checks everything, and says what is wrong
{one:<48} # checks one layer; also adam, conv, softmax_loss ...
```

Call `nndl` as a command, not as `python -m nndl`, from this folder.

| | functions | file |
|-|-|-|
{rows}
A function is `correct`, or `correct with notes` (a convention that differs and costs nothing). A `known mistake` is
named with where to look; of an `unknown mistake` you are told where it shows first, and with which options.
`not implemented` is a stub, `crashed` comes with the line that raised.

Hand in the folder `{made.package}`, as a zip file or as you are told.
"""


def rubric(made: Assignment) -> str:
    """Return points for each function, as `nndl course grade --rubric` reads them."""
    head = "# For grading: nndl course grade homework/* --rubric rubric.yaml\n"
    head += "# A function may be hidden: conv_backward_naive: {points: 3, visibility: hidden}\n"
    lines = [f"  {name}: {_points(name)}" for task in made.tasks for name in task.names]
    return head + f'title: "{made.title}"\nfunctions:\n' + "\n".join(lines) + "\n"


def _points(name: str) -> int:
    return POINTS["backward" if "backward" in name else "net" if name[0].isupper() else "other"]
