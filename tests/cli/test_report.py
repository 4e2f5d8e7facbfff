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


def test_wrong_words_are_answered(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "first")
    assert "there is no run 'none'" in nndl("report", "none", cwd=tmp_path).stderr
    done = nndl("report", "first", "-o", "no/such/place.html", cwd=tmp_path)
    assert (done.returncode, "name a file in a folder that is there" in done.stderr) == (2, True)
