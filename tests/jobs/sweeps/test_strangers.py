"""A sweep's folder from somebody else: what it says is looked at, and what it links to is left alone."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nndl.cli.app import app
from nndl.errors import UsageError
from nndl.jobs.sweeps.journal import mend
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.study import ABOUT, Study, begin_study, open_study
from nndl.jobs.sweeps.worker import Worker
from tests.jobs.sweeps.small import SWEEP, write

pytest.importorskip("optuna")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A sweep of two trials that nobody has begun."""
    sweep, text = load_sweep(write(tmp_path, SWEEP.replace("trials: 6", "trials: 2")))
    return begin_study(tmp_path / "theirs", sweep, text, tmp_path / "sweep.yaml", None, threads=1)[0]


@pytest.mark.parametrize("key", ["identity", "text", "source", "storage"])
@pytest.mark.parametrize("value", [1, 1.5, [], {}, True, {"threads": "2"}, {"threads": -1}, {"threads": 1e300}])
def test_what_it_says_of_itself_is_of_the_right_kind(study: Study, key: str, value: Any) -> None:
    path = study.folder / ABOUT
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), key: value}), encoding="utf-8")
    with pytest.raises(UsageError, match=r"sweep\.json cannot be read"):
        open_study(study.folder, None)


def test_a_line_nested_beyond_measure_is_no_record(study: Study) -> None:
    journal = study.folder / "journal.log"
    before = journal.read_bytes()
    journal.write_bytes(before + b"[" * 100_000 + b"]" * 100_000 + b"\n")
    assert "1 torn line left out" in mend(journal)[0]
    assert journal.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_trial_that_is_a_link_is_not_trained(study: Study, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (study.folder / "trial-0000").symlink_to(tmp_path / "mine")
    with pytest.raises(UsageError, match="trial-0000 is a link, which may lead to any run"):
        Worker(study).work()
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_the_best_config_is_printed_from_its_own_file_alone(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Worker(study).work()
    (tmp_path / "secret").write_text("a secret of mine", encoding="utf-8")
    for number in range(2):
        config = study.path(number) / "config.yaml"
        config.unlink()
        config.symlink_to(tmp_path / "secret")
    with pytest.raises(SystemExit):
        app(["sweep", "best", str(study.folder)])
    said = capsys.readouterr()
    assert "config.yaml is a link, not a file" in said.err
    assert "secret of mine" not in said.out + said.err
