"""A run keeps the code that it uses: every verb finds it there when the source is gone, and a change of it is told."""

import json
from pathlib import Path

import numpy as np
import pytest

from nndl import build, load_config, load_run, train
from nndl.config.load import parse_config
from nndl.config.own.using import again
from nndl.config.writing.show import dump
from nndl.errors import UsageError
from nndl.jobs.parallel.handing import handed_on, taken_over
from nndl.jobs.repeats import of_folds, of_seeds
from nndl.jobs.resume import Wanted, keeping, resume
from nndl.jobs.stored import stored_experiment
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.values import digest_of, experiment_of
from nndl.own import running
from nndl.own.source import copy_names
from nndl.own.trust import UntrustedError
from nndl.runs.lock import lock_run
from nndl.runs.own import changed_since, write_sources
from nndl.runs.removing import removable, remove_run
from tests.own.written import CONFIG, SWEEP, SWISH, write


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that used code, whose source is gone."""
    monkeypatch.chdir(tmp_path)
    config = write(tmp_path / "mine")
    run = train(load_config(config), tmp_path / "run", progress=False)
    config.with_name("my_layers.py").unlink()
    running._run.clear()
    return run.folder.path


def test_the_copy_is_what_is_used(trained: Path) -> None:
    listed = json.loads((trained / "use.json").read_text())["sources"][0]
    assert (listed["name"], listed["file"], listed["bytes"]) == ("my_layers.py", "1-my_layers.py", len(SWISH))
    assert (trained / "use/1-my_layers.py").read_text() == SWISH
    assert "use: [use/1-my_layers.py]" in (trained / "config.yaml").read_text()
    run = load_run(trained)
    kinds = [layer.kind for layer in run.experiment.model.layers]
    assert kinds[2:4] == ["swish", "swish"]
    images = np.zeros((2, 3, 32, 32), np.uint8)
    assert run.scores(images).shape == (2, 10)
    again = load_config(trained / "config.yaml").sources
    assert again[0].content == run.experiment.sources[0].content
    assert copy_names([each.name for each in again]) == ["1-my_layers.py"]


def test_it_goes_on_and_a_changed_source_is_said(trained: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine" / "my_layers.py"
    source.write_text(f"{SWISH}\n# changed\n", encoding="utf-8")
    folder = load_run(trained).folder
    assert changed_since(folder)[0].startswith(f"{source} has changed since the run began; the run keeps to its copy")
    with lock_run(trained):
        resumed = resume(folder, Wanted(epochs=3))
    assert any("has changed since the run began" in note for note in resumed.notes)
    assert (trained / "use/1-my_layers.py").read_text() == SWISH
    wanted = Wanted(config=str(tmp_path / "mine" / "mine.yaml"), epochs=4)
    with lock_run(trained), pytest.raises(UsageError, match=r"the code it uses \(its checksum\)"):
        resume(folder, wanted)
    with lock_run(trained):
        resume(folder, Wanted(wanted.sets, wanted.config, wanted.epochs, accept_changes=True))
    assert (trained / "use/1-my_layers.py").read_text().endswith("# changed\n")
    assert changed_since(folder) == []
    assert stored_experiment(folder).train.epochs == 4


def test_what_is_read_again_has_the_same_parts(trained: Path) -> None:
    experiment = stored_experiment(load_run(trained).folder)
    same = parse_config(dump(experiment), "again", find=again(experiment))
    assert same == experiment
    assert taken_over(handed_on(experiment)) == experiment
    assert all(each.sources == experiment.sources for each in [*of_seeds(experiment, 2), *of_folds(experiment, 2)])
    with pytest.raises(UsageError, match="a run keeps to its own code"):
        stored_experiment(load_run(trained).folder, ["use=[]"])


def test_the_weights_of_such_a_run_are_read_without_its_code(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "known-code").unlink()
    running._run.clear()
    plain = CONFIG.replace("use: [my_layers.py]\n", "").replace("swish: 2.0, swish", "relu")
    (tmp_path / "plain.yaml").write_text(plain, encoding="utf-8")
    built = build(load_config(tmp_path / "plain.yaml", [f"train.start_from.run={trained}"]))
    assert built.start is not None
    assert "params/conv1.w" in built.start.names


def test_a_run_with_its_code_is_removed_whole(trained: Path) -> None:
    remove_run(removable(str(trained)))
    assert not trained.exists()


def test_what_are_the_run_s_own_copies_is_not_written_anew(trained: Path) -> None:
    folder = load_run(trained).folder
    before = (trained / "use.json").read_text()
    write_sources(folder, stored_experiment(folder).sources)
    assert (trained / "use.json").read_text() == before


def test_a_sweep_s_file_is_its_user_s_choice_and_a_sweep_s_folder_is_not(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    sweep, _ = load_sweep(tmp_path / "sweep.yaml")
    before = digest_of(experiment_of(sweep, {}))
    (tmp_path / "my_layers.py").write_text(f"{SWISH}\n# changed\n", encoding="utf-8")
    with pytest.raises(UntrustedError, match=r"--trust then runs it"):
        experiment_of(sweep, {})
    load_config(tmp_path / "mine.yaml")
    assert digest_of(experiment_of(sweep, {})) != before


def test_keeping_says_the_code(trained: Path) -> None:
    built = build(stored_experiment(load_run(trained).folder))
    assert len(keeping(built).about["code"]) == 64
