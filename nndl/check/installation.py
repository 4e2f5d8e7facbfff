"""The parts of an installation as nndl doctor sees them: JSON-able findings, and problems with their cures."""

import os
import platform
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from nndl.paths import expanded, word

FOR_DEVELOPERS = ("test", "lint", "docs", "dev")
"""Extras of the work on nndl itself, of which its users need not hear."""


class Problem(NamedTuple):
    """A fault that keeps nndl from working, and the command or deed that mends it."""

    what: str
    cure: str


def python_and_numpy() -> dict[str, Any]:
    """Report versions, BLAS with its threads, the processor and how much of it this process may use."""
    from nndl.engines.shared.threads import cores
    from nndl.runs.environment import describe_environment

    told = describe_environment()
    kept = ("nndl", "git_commit", "python", "numpy", "blas", "platform", "processor", "cores", "environment")
    return {
        **{key: told[key] for key in kept},
        "executable": sys.executable,
        "package": str(Path(__file__).parents[1]),
        "usable_cores": cores(),
    }


def engines() -> dict[str, Any]:
    """Report which there are, which one `engine: auto` takes, and the compiled one's builds or why there are none."""
    from nndl.engines import available, choices, describe_engine, get_engine
    from nndl.engines.compiled.build import library_path, variants

    built = [name for name in variants() if library_path(name).is_file()]
    missing = None if "compiled" in available() else why_not_compiled(bool(built))
    return {"available": list(choices()), **describe_engine(get_engine()), "built_for": built, "missing": missing}


def why_not_compiled(built: bool) -> dict[str, Any]:
    """Explain why the compiled engine is absent, and name the command that adds it."""
    from nndl.engines.compiled.build import find_compiler

    command, compiler = f"{_python()} -m nndl.engines.compiled", find_compiler()
    if built:
        why = "its kernels were built from other sources than these, or for another system"
    elif compiler:
        why = f"its kernels have not been built, though a C compiler is here ({' '.join(compiler)})"
    else:
        why = "its kernels have not been built, and there is no C compiler"
        system = {"darwin": "xcode-select --install", "win32": "use WSL"}.get(sys.platform, "install gcc or clang")
        command = f"{system}, then {command}"
    return {"engine": "compiled", "why": why, "command": command}


def data(root: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Report the data sets in a folder with the state of their files, as training finds them, and damaged ones.

    An archive that training would unpack stands for what is in it; its bytes are checked then.
    """
    from nndl.data.finding import archive_names, folders
    from nndl.data.installed import inspect
    from nndl.data.official import RELEASES

    found, problems = [], []
    for release, folder in [(each, folder) for each in RELEASES for folder in folders(root, each)]:
        if not any((folder / name).is_file() for name in release.files):
            continue
        condition = inspect(folder, release)
        name = f"--dataset {release.dataset} --format {release.format}"
        command = f"nndl download-cifar {name} --root {word(folder.parent)}{' --verify' if condition.damage else ''}"
        about = {"dataset": release.dataset, "format": release.format, "folder": str(folder)}
        found.append({**about, "damage": list(condition.damage), "official": condition.official, "command": command})
        if condition.damage:
            problems.append(Problem(f"{folder} is damaged: {'; '.join(condition.damage)}", command))
    unpacked = {(each["dataset"], each["format"]) for each in found}
    for release in RELEASES:
        archives = [root] if root.name in archive_names(release) else [root / name for name in archive_names(release)]
        packed = next((path for path in archives if path.is_file()), None)
        if packed and (release.dataset, release.format) not in unpacked:
            about = {"dataset": release.dataset, "format": release.format, "folder": str(packed)}
            found.append({**about, "damage": [], "official": None, "command": None})
    return found, problems


def keras_cache() -> str | None:
    """Return the folder in which Keras keeps a data set that can be trained on; None where it has none."""
    from nndl.data.finding import archive_names, folders
    from nndl.data.official import RELEASES

    root = expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets"
    for release in RELEASES:
        files = [folder / release.files[0] for folder in folders(root, release)]
        if any(path.is_file() for path in [*files, *(root / name for name in archive_names(release))]):
            return str(root)
    return None


def places(*folders: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Report of each folder the bytes it holds and those still free, and the folders that cannot be written to."""
    import shutil

    found, problems = [], []
    for folder in folders:
        there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
        writable = there.is_dir() and os.access(there, os.W_OK)
        free = shutil.disk_usage(there).free
        found.append({"folder": str(folder), "bytes": used, "free_bytes": free, "writable": writable})
        if not writable:
            problems.append(Problem(f"{there} cannot be written to", f"give yourself the right to write to {there}"))
    return found, problems


def packages() -> tuple[list[dict[str, Any]], list[Problem]]:
    """Report the optional parts of pyproject.toml with what they lack, and required packages that are missing."""
    needed: dict[str | None, list[str]] = {}
    for line in _requirements():
        package, extra = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"](\w+)['\"]", line)
        if package and package[0] != "nndl" and not (extra and extra[1] in FOR_DEVELOPERS):
            needed.setdefault(extra[1] if extra else None, []).append(package[0])
    lacking = [name for name in needed.pop(None, []) if _version(name) is None]
    install = f"{_python()} -m pip install "
    problems = [Problem(f"{name} is not installed", f"{install}{name}") for name in lacking]
    found = []
    for optional, names in needed.items():
        missing = [name for name in names if _version(name) is None]
        command = f"{install}'nndl[{optional}]'" if missing else None
        found.append({"extra": optional, "missing": missing, "command": command})
    return found, problems


def _requirements() -> list[str]:
    """Return the package's requirements: its metadata's; in a clone that is not installed, pyproject.toml's."""
    import tomllib
    from importlib import metadata

    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        optional: dict[str, list[str]] = project["optional-dependencies"]
        extra = [f"{line}; extra == '{name}'" for name, lines in optional.items() for line in lines]
        return [*project["dependencies"], *extra]
    return metadata.requires("nndl") or []


def _version(package: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _python() -> str:
    """Return how the person calls this Python."""
    return "py" if platform.system() == "Windows" else "python"
