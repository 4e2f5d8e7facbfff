"""The fuzzer of benchmarks/fuzz.py: a few files of each kind every time, and that it would see what is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PIL")

from benchmarks.fuzz import Tally, configs, files
from nndl.errors import DataError
from tests.cli.command import ROOT, environment


@pytest.mark.filterwarnings("default")
def test_damaged_files_and_configs_are_refused_in_words_or_read_right() -> None:
    tallies = [configs(20, seed=1), *files(6, seed=1)]
    assert {tally.kind: tally.tried for tally in tallies}["config"] == 20
    assert [
        (tally.kind, tally.wrongly, tally.tracebacks) for tally in tallies if tally.wrongly + tally.tracebacks
    ] == []
    assert sum(tally.refused for tally in tallies) > 30


def test_each_answer_is_counted_for_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def refuses() -> bool:
        raise DataError("no")

    def breaks() -> bool:
        raise KeyError("oh")

    tally = Tally("any")
    for read in (refuses, breaks, lambda: True, lambda: False):
        tally.take(read)
    assert (tally.tried, tally.refused, tally.accepted, tally.wrongly, tally.tracebacks) == (4, 1, 2, 1, 1)
    assert "KeyError" in capsys.readouterr().err


def fuzz_runs(code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """The fuzzer, in a process that has computed nothing, after `code`; on what `words` ask for alone."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nfrom benchmarks.fuzz import main\nsys.exit(main())"]
    return subprocess.run(
        [*command, "--configs", "0", "--files", "0", "--runs", "0", "--places", "0", *words],
        cwd=ROOT,
        env=environment(OPENBLAS_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_every_verb_takes_damaged_run_folders_or_refuses_them_in_words() -> None:
    done = fuzz_runs("", "--runs", "40", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\nall +40 +\d+ +\d+ +0 +0\n", done.stdout)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs that are damaged, made once."""
    folder = tmp_path_factory.mktemp("fuzz") / "template"
    folder.mkdir()
    make = "import sys\nfrom pathlib import Path\nfrom benchmarks import fuzz_runs\n"
    make += "fuzz_runs.import_all()\nfuzz_runs.make_template(Path(sys.argv[1]))"
    words = [sys.executable, "-c", make, str(folder)]
    subprocess.run(words, cwd=ROOT, env=environment(OPENBLAS_NUM_THREADS="1"), check=True)
    return folder


def within(template: Path) -> str:
    """Code after which the fuzzer takes these runs, and imports what it needs when it needs it."""
    return (
        "import shutil\nfrom benchmarks import fuzz_runs\nfuzz_runs.import_all = lambda: None\n"
        f"fuzz_runs.make_template = lambda to: shutil.copytree({str(template)!r}, to, dirs_exist_ok=True)\n"
    )


OPEN = "import nndl.runs.files as files; files._SAFE, files._refuse = 0, lambda path: None"
LINK, PIPE = "(theirs / 'log.txt').symlink_to(mine)", "os.mkfifo(theirs / 'log.txt')"
BROKEN = "import nndl.runs.listing as listing; listing.read_config = None"
GREEDY = "import nndl.runs.listing as listing; listing.read_config = lambda *_: {} if b'x' * (1000 << 20) else None"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize(
    ("planted", "verb", "words"),
    [
        ((OPEN, LINK), "resume stopped --quiet", "it wrote to a file elsewhere"),
        ((OPEN, PIPE), "resume stopped --quiet", "it ended with -9, it took 3 s"),
        ((BROKEN,), "runs", "it broke inside"),
        ((GREEDY,), "runs", r"it took \d{3,4} MB"),
    ],
)
def test_what_a_damaged_run_folder_does_is_seen(
    template: Path, planted: tuple[str, ...], verb: str, words: str
) -> None:
    """Files opened as anybody opens them, and faults in a verb; planted once the folders are made."""
    lines = ["(theirs / 'log.txt').unlink()", *planted, "return 'planted'"]
    code = f"import os\n{within(template)}def damage(theirs, mine, _):\n"
    code += "".join(f"    {line}\n" for line in lines)
    seconds, megabytes = 3 if PIPE in planted else 60, 200 if GREEDY in planted else 700
    code += "fuzz_runs.damage, fuzz_runs.SECONDS, fuzz_runs.MEGABYTES, fuzz_runs.VERBS = "
    code += f"damage, {seconds}, {megabytes}, ({verb!r},)"
    done = fuzz_runs(code, "--runs", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(f"planted: {words}\n", done.stderr), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_odd_values_in_a_run_s_files_break_nothing_and_what_they_break_is_seen(template: Path) -> None:
    done = fuzz_runs(within(template), "--places", "12", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\nall +12 +0 +12 +0 +0\n", done.stdout)
    one = f"{within(template)}{BROKEN}\nfrom benchmarks import fuzz_places\nfuzz_places.VERBS = ('runs',)"
    broken = fuzz_runs(one, "--places", "1")
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "internal error" in broken.stderr
