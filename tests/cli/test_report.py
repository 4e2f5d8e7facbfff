"""nndl report writes its file and says where."""

import json
from pathlib import Path

from tests.cli.command import nndl
from tests.runs.made import make_run


def test_one_run_has_its_report_in_its_folder(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "first")
    done = nndl("report", "latest", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "first" / "report.html").is_file()
    assert done.stdout.startswith(str(Path("runs/first/report.html")))
    assert "first: Its weights cannot be loaded" in done.stderr


def test_several_have_theirs_here_or_where_it_is_asked_for(tmp_path: Path) -> None:
    for name in ("first", "second"):
        make_run(tmp_path / "runs" / name)
    assert nndl("report", "first", "second", cwd=tmp_path).returncode == 0
    assert (tmp_path / "report.html").is_file()
    told = json.loads(nndl("report", "first", "-o", "other.html", "--json", cwd=tmp_path).stdout)
    assert told["file"] == "other.html"
    assert told["bytes"] == (tmp_path / "other.html").stat().st_size


def test_a_folder_of_seeds_has_its_own_with_mean_and_band(tmp_path: Path) -> None:
    for seed in range(3):
        accuracies = (0.5 + seed / 10, 0.6 + seed / 10)
        make_run(tmp_path / "runs" / "set" / f"seed-{seed}", seed=seed, validation=accuracies, test=0.5 + seed / 100)
    stopped = tmp_path / "runs" / "set" / "seed-3"
    make_run(stopped, seed=3, test=None, validation=(0.1,), status="interrupted")
    done = nndl("report", "set", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "runs" / "set" / "report.html").read_text(encoding="utf-8")
    assert "<h1>tiny, 3 seeds</h1>" in text
    assert all(f"set/seed-{seed}" in text for seed in range(4))
    assert "<th scope=row>tiny: mean</th><td>3 seeds</td>" in text
    assert "70.00 ± 10.00 %" in text
    assert "51.00 ± 1.00 %" in text
    assert 'class="band c1"' in text
    assert "Means of 3 seeds, in a band from the lowest to the highest" in text
    assert "runs/set: 1 of 4 runs left out of the mean" in text


def test_wrong_words_are_answered(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "first")
    assert "there is no run 'none'" in nndl("report", "none", cwd=tmp_path).stderr
    done = nndl("report", "first", "-o", "no/such/place.html", cwd=tmp_path)
    assert (done.returncode, "name a file in a folder that is there" in done.stderr) == (2, True)
