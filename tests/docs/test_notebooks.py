"""The notebooks run from top to bottom, and are kept as they were written: without outputs, in short cells.

They run on generated images, or on those of the folder that NNDL_DATA names, which takes some minutes.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
LONGEST_CELL = 25
"""Lines of code."""
LARGEST = 30_000
"""Bytes of a notebook."""

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["cells"])


def test_it_is_kept_without_outputs_and_without_traces_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert len(text.encode()) < LARGEST
    assert (notebook["metadata"], notebook["nbformat"], notebook["nbformat_minor"]) == (KERNEL, 4, 5)
    for number, cell in enumerate(notebook["cells"]):
        assert (cell["metadata"], cell["id"]) == ({}, f"cell-{number}")
        assert cell["cell_type"] == "markdown" or (cell["outputs"], cell["execution_count"]) == ([], None)
    assert not re.search(r"(?<![\w.])/(home|root|Users|tmp|work|mnt|opt)\b|[A-Z]:\\\\", text)


def test_every_piece_of_code_is_short_and_explained(path: Path) -> None:
    kinds = [cell["cell_type"] for cell in cells(path)]
    assert kinds[0] == kinds[-1] == "markdown"
    assert "code code" not in " ".join(kinds)
    for cell in cells(path):
        assert "".join(cell["source"]).strip()
        if cell["cell_type"] == "code":
            assert len(cell["source"]) <= LONGEST_CELL, "".join(cell["source"])
            assert all(len(line.rstrip("\n")) <= 120 for line in cell["source"])


def test_its_links_lead_somewhere(path: Path) -> None:
    prose = "".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "markdown")
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        assert (path.parent / link).exists(), link
    assert path.name in (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(3600 if "NNDL_DATA" in os.environ else 300)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning:zmq", "ignore::ResourceWarning")
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run it as a reader would, in its folder: nothing raises, nothing warns, and there is something to see."""
    pytest.importorskip("ipykernel", reason="needs the extra notebooks")
    pytest.importorskip("matplotlib", reason="needs the extra notebooks")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra notebooks")
    import nbformat

    monkeypatch.setenv("NNDL_DATA", os.environ.get("NNDL_DATA", str(tmp_path)))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    before = {each.name for each in path.parent.iterdir()}
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert {each.name for each in path.parent.iterdir()} == before
    assert "torch" not in sys.modules
