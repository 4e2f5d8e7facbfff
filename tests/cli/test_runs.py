"""nndl runs as people use it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, nndl
from tests.runs.made import make_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_run(tmp_path / "runs" / "first", seed=1, begun=1e9)
    make_run(tmp_path / "runs" / "second", seed=2, validation=(0.7, 0.8), test=0.75, begun=1.1e9)
    make_run(tmp_path / "runs" / "third", l2=0.5, validation=(0.3,), test=None, status="interrupted", begun=1.2e9)
    return tmp_path


def test_the_list_is_filtered_and_sorted(folder: Path) -> None:
    lines = nndl("runs", cwd=folder).stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["third", "second", "first"]
    assert lines[3].split()[1:8] == ["finished", "tiny", "2/2", "80.00", "%", "75.00", "%"]
    lines = nndl("runs", "--filter", "INTER", cwd=folder).stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["third"]
    rows = json.loads(nndl("runs", "list", "--sort", "test", "--json", cwd=folder).stdout)
    assert [row["name"] for row in rows] == ["second", "first", "third"]
    assert nndl("runs", "--filter", "fourth", cwd=folder).stdout.startswith("no run with 'fourth' under runs")
    assert nndl("runs", "--sort", "colour", cwd=folder).returncode == 2


def test_runs_in_which_something_was_noticed_are_marked(folder: Path) -> None:
    assert "signs" not in nndl("runs", cwd=folder).stdout
    with (folder / "runs" / "first" / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "noticed", "step": 1, "sign": "vanishing", "says": "s", "cure": "c"}) + "\n")
    lines = nndl("runs", cwd=folder, COLUMNS="140").stdout.splitlines()
    assert "signs" in lines[0]
    assert ["vanishing" in line for line in lines[2:]] == [False, False, True]


def test_epochs_done_are_never_more_than_wanted(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "part", epochs=0.1, validation=(0.5,))
    make_run(tmp_path / "runs" / "more", epochs=2.28, validation=(0.5, 0.6, 0.7))
    shown = nndl("runs", cwd=tmp_path).stdout
    assert " 0.1/0.1 " in shown
    assert " 2.28/2.28 " in shown


def test_without_runs_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = nndl("runs", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "no run under runs; nndl train quickstart makes one\n")


def test_seeds_of_one_config_are_averaged(folder: Path) -> None:
    groups = json.loads(nndl("runs", "--by-config", "--json", cwd=folder).stdout)
    (repeated,) = [group for group in groups if len(group["runs"]) == 2]
    assert repeated["seeds"] == [2, 1]
    assert repeated["test"]["mean"] == pytest.approx(0.65)
    assert "65.00 ± 14.14 % (2)" in nndl("runs", "--by-config", cwd=folder).stdout


def test_configs_of_one_name_say_in_what_they_differ_in_a_line_each(folder: Path) -> None:
    shown = nndl("runs", "--by-config", cwd=folder).stdout
    assert [line.split()[-1] for line in shown.splitlines()[2:4]] == ["train.l2=0.5", "train.l2=0.0"]
    groups = json.loads(nndl("runs", "--by-config", "--json", cwd=folder).stdout)
    assert [group["differs"] for group in groups] == [{"train.l2": 0.5}, {"train.l2": 0.0}]
    config = make_run(folder / "runs" / "fourth", epochs=3) / "config.yaml"
    adam = "{optimizer: {adam: {learning_rate: 0.01, beta1: 0.9, beta2: 0.999}}, epochs"
    config.write_text(config.read_text("utf-8").replace("{epochs", adam), encoding="utf-8")
    narrow = nndl("runs", "--by-config", cwd=folder, COLUMNS="100").stdout.splitlines()
    assert max(map(len, narrow)) <= 100
    assert len(narrow) == 2 + 3 + 3
    assert any("   train.optimizer={adam:" in line and line.endswith("...") for line in narrow)


def test_runs_are_compared(folder: Path) -> None:
    shown = nndl("runs", "compare", "first", "second", "third", cwd=folder).stdout
    assert "80.00 % (+20.00)" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("train.l2")]
    assert line.split()[1:] == ["0.0", "0.0", "0.5"]
    read = json.loads(nndl("runs", "compare", "first", "second", "--json", cwd=folder).stdout)
    assert read["config"] == [{"key": "seed", "values": [1, 2]}]
    assert "which other run?" in nndl("runs", "compare", "first", cwd=folder).stderr


def test_the_best_is_a_folder_for_other_commands(folder: Path) -> None:
    done = nndl("runs", "best", cwd=folder)
    assert Path(done.stdout.strip()) == Path("runs/second")
    assert "validation accuracy 80.00 %" in done.stderr
    assert nndl("runs", "best", "--config", "none", cwd=folder).returncode == 2


def test_where_nothing_was_held_out_there_is_no_best_and_a_way_on(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "ladder", name="ladder-70", validation=(None,), validation_size=0)
    for words in ((), ("--config", "ladder-70")):
        done = nndl("runs", "best", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert "all learn from every image (data.validation_size is 0)" in done.stderr
        assert "--set data.validation_size=auto" in done.stderr
        assert "nndl runs --sort test" in done.stderr
    make_run(tmp_path / "runs" / "begun", validation=())
    assert "no run has a validation accuracy yet" in nndl("runs", "best", cwd=tmp_path).stderr


def test_a_run_is_removed_when_that_is_meant(folder: Path) -> None:
    assert nndl("runs", "remove", "first", cwd=folder).returncode != 0  # nobody there to answer
    assert (folder / "runs" / "first").is_dir()
    done = nndl("runs", "remove", "first", "third", "--yes", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "runs").glob("[!.]*")) == ["second"]


def test_a_csv_file_has_results_and_configs(folder: Path) -> None:
    assert nndl("runs", "export", "all.csv", cwd=folder).returncode == 0
    rows = list(csv.DictReader((folder / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["name"] for row in rows] == ["third", "second", "first"]
    assert [row["config.train.l2"] for row in rows] == ["0.5", "0.0", "0.0"]
    assert nndl("runs", "export", "all.csv", cwd=folder).returncode == 2
    assert nndl("runs", "export", "all.csv", "--force", cwd=folder).returncode == 0


def test_a_csv_goes_to_stdout_if_that_is_named(folder: Path) -> None:
    done = nndl("runs", "export", "-", cwd=folder)
    assert nndl("runs", "export", "all.csv", cwd=folder).returncode == 0
    assert done.stdout == (folder / "all.csv").read_text(encoding="utf-8")
    assert not (folder / "-").exists()
    assert "give one of them" in nndl("runs", "export", "-", "--json", cwd=folder).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("export", "runs/first", "--to", "npz", "-o", "-"),
        ("plot", "runs/first", "-o", "-"),
        ("report", "runs/first", "-o", "-"),
        ("config", "copy", "quickstart", "-"),
    ],
    ids=" ".join,
)
def test_no_other_verb_writes_a_file_of_that_name(folder: Path, words: tuple[str, ...]) -> None:
    before = sorted(folder.rglob("*"))
    done = nndl(*words, cwd=folder)
    assert done.returncode == 2
    assert "error: - is no file to write" in done.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_csv_file_holds_names_that_are_no_text(folder: Path) -> None:
    make_run(folder / "runs" / os.fsdecode(b"caf\xe9"), begun=2e9)
    assert nndl("runs", "export", "all.csv", cwd=folder).returncode == 0
    rows = list(csv.DictReader((folder / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0]["name"] == r"caf\udce9"


def test_the_table_leaves_out_what_a_narrow_terminal_has_no_room_for(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "tiny-20260102-030405")
    heading = nndl("runs", cwd=tmp_path).stdout.splitlines()[0].split()
    assert heading == [
        "run",
        "status",
        "epochs",
        "val",
        "acc",
        "test",
        "acc",
        "time",
        "age",
    ]  # the name says the config
    for columns, left in (
        (80, heading),
        (74, [*heading[:7], "age"]),
        (64, heading[:7]),
        (50, ["run", "status", "test", "acc"]),
    ):
        narrow = nndl("runs", cwd=tmp_path, COLUMNS=str(columns)).stdout.splitlines()
        assert narrow[0].split() == left
        assert max(map(len, narrow)) <= columns
        assert len(narrow) == 3  # no word is broken


def test_generated_images_are_never_to_pass_for_others(folder: Path) -> None:
    assert "SYNTHETIC" not in nndl("runs", cwd=folder).stdout
    make_run(folder / "runs" / "made", dataset="synthetic", begun=2e9)
    for words in (("runs",), ("runs", "--by-config"), ("runs", "compare", "made", "first")):
        for columns in ("50", "80", "160"):
            told = nndl(*words, cwd=folder, COLUMNS=columns).stdout
            assert "SYNTHETIC" in told, (words, columns)
            assert "CIFAR-10" in told, (words, columns)
    assert nndl("watch", "made", cwd=folder).stdout.count("on SYNTHETIC images") == 2
    assert "SYNTHETIC" not in nndl("watch", "first", cwd=folder).stdout
    groups = json.loads(nndl("runs", "--by-config", "--json", cwd=folder).stdout)
    assert {group["images"] for group in groups} == {"CIFAR-10", "SYNTHETIC"}


def test_epochs_are_told_to_three_figures(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "timed", epochs=8.47887, validation=(0.5,) * 9)
    make_run(tmp_path / "runs" / "going", epochs=1000.25, validation=(0.5,) * 3)
    make_run(tmp_path / "runs" / "short", epochs=0.00123, validation=(0.5,))
    told = {line.split()[0]: line.split()[3] for line in nndl("runs", cwd=tmp_path).stdout.splitlines()[2:]}
    assert told == {"timed": "8.48/8.48", "going": "3/1000", "short": "0.00123/0.00123"}


def test_only_finished_runs_are_averaged_and_each_seed_once(folder: Path) -> None:
    make_run(folder / "runs" / "again", seed=1, test=0.65, begun=2e9)
    make_run(folder / "runs" / "stopped", seed=3, validation=(0.1,), test=0.1, status="interrupted")
    (made,) = [g for g in json.loads(nndl("runs", "--by-config", "--json", cwd=folder).stdout) if len(g["runs"]) > 1]
    assert sorted(made["runs"]) == ["again", "first", "second", "stopped"]
    assert sorted(made["counted"]) == ["again", "second"]
    assert (made["test"]["mean"], made["test"]["runs"]) == (pytest.approx(0.7), 2)
    assert made["best_validation"]["mean"] == pytest.approx(0.7)


def test_runs_of_a_set_have_its_name(tmp_path: Path) -> None:
    for name in ("ninety", "other"):
        make_run(tmp_path / "runs" / name / "seed-0", name=name)
    told = nndl("runs", "compare", "ninety/seed-0", "other/seed-0", cwd=tmp_path).stdout
    assert told.splitlines()[0].split() == ["result", "ninety/seed-0", "other/seed-0"]
    make_run(tmp_path / "elsewhere" / "ninety" / "seed-0", l2=0.5)
    told = nndl("runs", "compare", "ninety/seed-0", "elsewhere/ninety/seed-0", cwd=tmp_path).stdout
    assert told.splitlines()[0].split() == ["result", "runs/ninety/seed-0", "elsewhere/ninety/seed-0"]


def test_short_lists_of_layers_are_compared_by_their_kinds(tmp_path: Path) -> None:
    layers(make_run(tmp_path / "runs" / "b"), "[relu, {affine: 10}]")
    make_run(tmp_path / "runs" / "a")
    (line,) = [line for line in nndl("runs", "compare", "a", "b", cwd=tmp_path).stdout.splitlines() if "model" in line]
    assert line.split(maxsplit=1)[1].split("  ")[0] == "[affine]"
    assert line.endswith("[relu, affine]")


def test_long_lists_of_layers_are_compared_line_by_line(tmp_path: Path) -> None:
    same = "spatial_bn, relu, {max_pool: 2}, {conv: {filters: 16}}, relu"
    layers(make_run(tmp_path / "runs" / "a"), f"[{{conv: {{filters: 8}}}}, {same}, {{affine: 10}}]")
    other = same.replace("relu", "gelu", 1)
    layers(
        make_run(tmp_path / "runs" / "b"),
        f"[{{conv: {{filters: 12}}}}, {other}, {{dropout: {{keep: 0.5}}}}, {{affine: 10}}]",
    )
    layers(
        make_run(tmp_path / "runs" / "c"),
        f"[{{conv: {{filters: 8}}}}, {same.removeprefix('spatial_bn, ')}, {{affine: 10}}]",
    )
    told = nndl("runs", "compare", "a", "b", "c", cwd=tmp_path).stdout
    assert [line.split() for line in told.splitlines() if line.startswith("model") and "entry" not in line] == [
        ["model.layers[0].conv.filters", "8", "12", "8"],
        ["model.layers[1]", "spatial_bn", "spatial_bn", "-"],
        ["model.layers[2]", "relu", "gelu", "relu"],
        ["model.layers[5+1]", "-", "dropout:", "{keep:", "0.5}", "-"],
    ]
    assert "model.layers[5+1]: an entry that a has not" in told


def layers(run: Path, text: str) -> None:
    """Give a made run these layers."""
    config = run / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("[{affine: 10}]", text), encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="named pipes are POSIX")
@pytest.mark.parametrize("verb", ["runs", "runs compare first second", "plot first", "runs --json"])
def test_a_file_of_a_run_that_is_none_is_named_with_why(folder: Path, verb: str) -> None:
    config, metrics = (folder / "runs" / "first" / name for name in ("config.yaml", "metrics.jsonl"))
    metrics.unlink()
    os.mkfifo(metrics)
    config.unlink()
    config.symlink_to("/dev/zero")
    done = nndl(*verb.split(), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"warning: {Path('runs/first/metrics.jsonl')} is a named pipe" in done.stderr
    assert f"warning: {Path('runs/first/config.yaml')} is a link" in done.stderr


def test_a_file_that_cannot_be_read_is_named_with_why(folder: Path) -> None:
    (folder / "runs" / "first" / "config.yaml").write_text("a: [1", encoding="utf-8")
    (folder / "runs" / "second" / "summary.json").write_text("[]", encoding="utf-8")
    done = nndl("runs", cwd=folder)
    assert done.stdout.count("damaged") == 2
    assert f"warning: {Path('runs/first/config.yaml')} cannot be read: " in done.stderr
    assert f"warning: {Path('runs/second/summary.json')} cannot be read: it holds no names with values" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"caf\xe9", b"runs/caf\xe9\n"),
        (b"a\x1b[31mb", rb"$'runs/a\033[31mb'" + b"\n"),
        (b"two words", b"runs/two words\n"),
    ],
)
def test_the_best_runs_name_is_that_of_its_folder(tmp_path: Path, name: bytes, said: bytes) -> None:
    make_run(tmp_path / "runs" / os.fsdecode(name))
    command = [sys.executable, "-m", "nndl", "runs", "best"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert done.stdout == said
