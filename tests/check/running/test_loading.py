"""Importing a student's file beside an installed package of the same name."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOAD = """
import importlib.util, sys
from pathlib import Path
sys.path.append(sys.argv[2])  # as if nndl and cs231n were installed
spec = importlib.util.spec_from_file_location("loading", sys.argv[3])
loading = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loading)
module = loading.load(Path(sys.argv[1]), Path(sys.argv[2]))
print(module.__file__, module.relu_forward(1))
"""


@pytest.mark.parametrize("package", ["nndl", "cs231n", "utils", "classifiers", "cs231n/classifiers", ""])
@pytest.mark.parametrize("init", [True, False])
def test_the_students_file_is_imported_and_not_an_installed_one(tmp_path: Path, package: str, init: bool) -> None:
    folder = tmp_path / package
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "layers.py").write_text("def relu_forward(x):\n    return 'the student'\n")
    dotted = package.replace("/", ".")
    beside = f"from {dotted}.layers import relu_forward\n" if dotted else "from layers import relu_forward\n"
    (folder / "layer_utils.py").write_text(beside)
    for place in (folder, folder.parent) if init and package else ():
        if place != tmp_path:
            (place / "__init__.py").touch()
    for name in ("layers.py", "layer_utils.py"):
        words = [str(folder / name), str(ROOT), str(ROOT / "nndl" / "check" / "running" / "loading.py")]
        done = subprocess.run(
            [sys.executable, "-P", "-c", LOAD, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.stdout == f"{folder / name} the student\n", done.stderr
