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


@pytest.mark.parametrize(
    ("package", "file", "imports"),
    [
        ("nndl", "cnn.py", "nndl.conv_layers import conv_forward_naive"),
        ("nndl", "cnn.py", "nndl.conv_layer_utils import conv_relu_pool_forward"),
        ("nndl", "fc_net.py", "nndl.optim import adam"),
        ("cs231n", "classifiers/cnn.py", "cs231n.optim import adam"),
        ("", "cnn.py", "nndl.conv_layers import *"),
    ],
)
def test_ours_stand_in_whole_for_what_is_left_out(tmp_path: Path, package: str, file: str, imports: str) -> None:
    """The student's layers.py has not all that our own modules import from ours."""
    path = tmp_path / package / file
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / package / "layers.py").write_text("def affine_forward(x, w, b):\n    return 'the student'\n")
    beside = f"from {package or 'nndl'}.layers import affine_forward\n"
    path.write_text(f"from {imports}\n{beside}\ndef relu_forward(x):\n    return affine_forward(x, x, x)\n")
    words = [str(path), str(ROOT), str(ROOT / "nndl" / "check" / "running" / "loading.py")]
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOAD, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{path} the student\n", done.stderr
