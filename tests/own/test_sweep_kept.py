"""A sweep keeps its base config and the code that this uses: it is looked at, and gone on with, when they are gone."""

import json
from pathlib import Path

import pytest

from nndl.cli.app import app
from nndl.cli.sweep import _begin
from nndl.config import load_config
from nndl.errors import CheckpointError, ConfigError, UsageError
from nndl.jobs.sweeps.base import BASE
from nndl.jobs.sweeps.load import check_sweep, load_sweep
from nndl.jobs.sweeps.study import ABOUT, begin_study, open_study
from nndl.jobs.sweeps.worker import Worker
from nndl.own import running
from nndl.own.trust import UntrustedError, trusting
from tests.own.stranger import SWEEPS, forget
from tests.own.stranger import said as asked
from tests.own.written import SWEEP, SWISH, write

pytest.importorskip("optuna")


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a sweep of two trials, which are trained."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    assert trained()
    running._run.clear()
    return tmp_path / "runs/sweep-sweep"


def trained(trials: int = 2, folder: Path | None = None) -> bool:
    """Begin or go on as the command does, with a worker in this process."""
    return Worker(_begin("sweep.yaml", trials, 1, folder, None, 1, [])).work()


def said(*words: str) -> int:
    try:
        app(["sweep", *words])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


LOOKED_AT = ["status", "status --json", "best", "report", "export trials.csv", "importance"]


@pytest.mark.parametrize("change", ["gone", "edited", "damaged copy", "unknown"])
def test_it_is_looked_at_without_its_code(begun: Path, change: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("my_layers.py", "mine.yaml"):
        if change == "gone":
            Path(name).unlink()
        elif change == "edited":
            Path(name).write_text("no: {such\n", encoding="utf-8")
    if change == "damaged copy":
        (begun / "use/1-my_layers.py").write_text("1 / 0", encoding="utf-8")
    if change == "unknown":
        Path("known-code").unlink()
    for words in LOOKED_AT:
        verb, *rest = words.split()
        code = said(verb, str(begun), *rest)
        told = capsys.readouterr().err
        assert code == 0 or (verb == "importance" and "too few complete trials" in told), told
    assert running._run == {}


@pytest.mark.parametrize("gone", [["my_layers.py"], ["my_layers.py", "mine.yaml"]])
def test_it_goes_on_with_its_copies_when_the_files_are_gone(begun: Path, gone: list[str]) -> None:
    for name in gone:
        Path(name).unlink()
    assert trained(3)
    assert (begun / "trial-0002/use/1-my_layers.py").read_text(encoding="utf-8") == SWISH
    assert json.loads((begun / "trial-0002/summary.json").read_text())["status"] == "finished"


def test_the_kept_config_is_a_config_of_its_own(begun: Path) -> None:
    """It is checked, trained and another sweep's base without the files that it was copied from."""
    for name in ("my_layers.py", "mine.yaml"):
        Path(name).unlink()
    (source,) = load_config(begun / BASE).sources
    assert (source.name, Path(source.path)) == ("my_layers.py", begun / "use/1-my_layers.py")
    Path("again.yaml").write_text(SWEEP.replace("mine.yaml", str(begun / BASE)), encoding="utf-8")
    assert check_sweep("again.yaml").trials == load_sweep("again.yaml")[0].trials == 2
    Path("known-code").unlink()
    running._run.clear()
    for look in (lambda: load_config(begun / BASE), lambda: check_sweep("again.yaml")):
        with pytest.raises(UntrustedError, match=r"this config brings Python code"):
            look()
    (begun / "use/1-my_layers.py").unlink()
    with pytest.raises(ConfigError, match=r"sweep-base\.yaml:1:7: there is no file my_layers\.py"):
        load_config(begun / BASE)


def test_code_that_has_changed_is_told_and_not_taken(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("my_layers.py").write_text(SWISH.replace("-beta * x", "-2 * beta * x"), encoding="utf-8")
    assert trained(3)
    told = " ".join(capsys.readouterr().err.split())
    assert "my_layers.py has changed since the sweep began; the sweep keeps to its copy, use/1-my_layers.py" in told
    assert "--sweep-dir begins another sweep with the changed one" in told
    assert (begun / "trial-0002/use/1-my_layers.py").read_text(encoding="utf-8") == SWISH
    assert trained(1, Path("runs/other"))
    assert "-2 * beta" in Path("runs/other/trial-0000/use/1-my_layers.py").read_text(encoding="utf-8")


@pytest.mark.usefixtures("begun")
def test_a_base_with_other_values_is_another_sweep_s() -> None:
    text = Path("mine.yaml").read_text(encoding="utf-8")
    Path("mine.yaml").write_text(text.replace("conv: 4", "conv: 5"), encoding="utf-8")
    with pytest.raises(UsageError, match="holds a sweep that is not this one"):
        trained()
    Path("mine.yaml").write_text(text.replace("my_layers.py", "other.py"), encoding="utf-8")
    Path("other.py").write_text(f"{SWISH}# other\n", encoding="utf-8")
    load_config("mine.yaml")
    with pytest.raises(UsageError, match="holds a sweep that is not this one"):
        trained()


def test_a_worker_trains_what_the_sweep_began_with(begun: Path) -> None:
    about = json.loads((begun / ABOUT).read_text())
    Path("mine.yaml").write_text("no: {such\n", encoding="utf-8")
    study, notes = open_study(begun, None)
    assert (notes, Worker(study).work()) == ([], True)
    (begun / BASE).write_text("model: {layers: [affine: 10]}\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"sweep-base\.yaml is not the config that the sweep began with"):
        open_study(begun, None)
    (begun / BASE).unlink()
    with pytest.raises(CheckpointError, match=r"sweep-base\.yaml cannot be read"):
        open_study(begun, None)
    write(begun.parents[1])
    (begun / ABOUT).write_text(json.dumps({key: about[key] for key in about if key != "base"}), encoding="utf-8")
    open_study(begun, None)  # one that was begun before sweeps kept it


def test_a_stranger_s_sweep_is_worked_on_with_trust_alone(begun: Path) -> None:
    Path("known-code").unlink()
    with pytest.raises(UntrustedError, match="sweep-sweep brings Python code"):
        open_study(begun, None)
    Path("my_layers.py").write_text(SWISH + "# mine\n", encoding="utf-8")
    with pytest.raises(UntrustedError, match="sweep-sweep brings Python code"):
        trained(3)
    with trusting():
        assert trained(3)


def test_a_sweep_s_folder_may_be_a_stranger_s(stranger: Path) -> None:
    (stranger / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    sweep, text = load_sweep(stranger / "sweep.yaml")  # which its user gives
    begin_study(stranger / "runs/sweep", sweep, text, stranger / "sweep.yaml", None, 1)
    forget(stranger)
    for verb, ends in SWEEPS.items():
        code, told = asked(f"sweep {verb} runs/sweep{' trials.csv' if verb == 'export' else ''}")
        assert code == ends, told
        assert ("my_layers.py (sha256 " in told) == (verb == "work")
        assert not (stranger / "it was run").exists()
