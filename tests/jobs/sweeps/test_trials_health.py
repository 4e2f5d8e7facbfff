"""Signs noticed in a sweep's trial are kept with its run, and said by nobody."""

from pathlib import Path

import pytest

from nndl.jobs.sweeps.training import train_run
from nndl.runs.folder import RunFolder
from nndl.runs.noticed import read_noticed
from tests.train.health.watched import experiment


def test_they_are_kept_and_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ill = experiment("affine: {out_features: 20, init: zeros}, relu, affine: 10", sets=["train.epochs=1"])
    folder = RunFolder(tmp_path / "trial")
    ended = train_run(ill, folder, lambda *_: False, "validation_accuracy", lambda _: None)
    assert ended == "finished"
    assert [(each.sign, each.step) for each in read_noticed(folder)] == [("vanishing", 0)]
    assert capfd.readouterr() == ("", "")
