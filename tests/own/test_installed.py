"""Parts of installed packages are known without a word in the config; a package that fails is told where it matters."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from nndl.config import parse_config
from nndl.config.own import installed as looking
from nndl.net.catalog.activation import Silu
from tests.cli.command import ROOT, nndl
from tests.own.written import CONFIG, SWISH

PLAIN = CONFIG.replace("use: [my_layers.py]\n", "")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an installed package that brings the layer swish, and a config that names it."""
    (tmp_path / "site" / "bringing").mkdir(parents=True)
    (tmp_path / "site" / "bringing" / "__init__.py").touch()
    (tmp_path / "site" / "bringing" / "parts.py").write_text(SWISH, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(PLAIN, encoding="utf-8")
    installed(tmp_path / "site", "1.0", "mine = bringing.parts")
    return tmp_path / "site"


def installed(site: Path, version: str, entry: str) -> None:
    info = site / "bringing.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bringing\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[nndl.parts]\n{entry}\n", encoding="utf-8")


def said(site: Path, *words: str, code: int = 0) -> str:
    path = os.pathsep.join((str(ROOT), str(site)))
    done = nndl(*words, cwd=site.parent, PYTHONPATH=path, NNDL_KNOWN_CODE=str(site / "known"))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_package_s_layer_is_checked_trained_and_remembered_with_its_version(site: Path) -> None:
    assert "all right" in said(site, "gradcheck", "swish")
    said(site, "train", "mine.yaml", "--quiet", "--run-dir", "run")
    assert not (site.parent / "run" / "use").exists()
    about = json.loads((site.parent / "run" / "environment.json").read_text())
    assert about["packages"] == {"swish": "bringing 1.0"}
    installed(site, "1.1", "mine = bringing.parts:Swish")  # a class will do, and registers once
    told = said(site, "resume", "run", "--epochs", "3", code=2)
    assert "packages.swish: bringing 1.0 -> bringing 1.1" in told
    said(site, "eval", "run")
    installed(site, "1.1", "mine = nothing.of_the_kind")
    told = said(site, "eval", "run", code=2)
    assert "no layer 'swish'" in told
    words = "the installed bringing 1.1 should bring parts, and fails: ModuleNotFoundError: No module named 'nothing'"
    assert words in told


def test_what_lies_in_the_folder_one_is_in_is_not_installed(site: Path) -> None:
    mark = f"from pathlib import Path\nPath({str(site / 'it was run')!r}).touch()\n"
    (site / "bringing" / "parts.py").write_text(mark, encoding="utf-8")
    (site / "mine.yaml").write_text(PLAIN, encoding="utf-8")
    done = nndl("config", "check", "mine.yaml", cwd=site)  # python -m nndl looks for modules there
    assert "no layer 'swish'" in done.stderr
    assert not (site / "it was run").exists()


def test_a_package_that_takes_one_of_our_names_is_told_where_it_matters(site: Path) -> None:
    (site / "bringing" / "parts.py").write_text(SWISH.replace('kind = "swish"', 'kind = "relu"'), encoding="utf-8")
    assert "nndl's own layer is called so" in said(site, "config", "check", "mine.yaml", code=2)
    said(site, "config", "check", "quickstart")


@pytest.mark.parametrize(
    "block",
    [
        "residual: [conv: 3, silu]",
        "residual: [conv: 3]",
        "residual: {layers: [conv: 3], shortcut: [silu]}",
        "sum: {a: [], b: [residual: [silu]]}",
        "concat: {a: [conv: 4], b: [silu]}",
    ],
)
def test_a_package_s_layer_is_found_in_any_branch(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        looking, "part_of", lambda kind: SimpleNamespace(package="bringing 1.0") if kind is Silu else None
    )
    experiment = parse_config(f"model: {{layers: [{block}, affine: classes]}}", "mine.yaml")
    assert looking.packages_of(experiment) == ({"silu": "bringing 1.0"} if "silu" in block else {})
