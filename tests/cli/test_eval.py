"""nndl eval says of a run what the run said of itself."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.command import nndl
from tests.cli.test_train import CONFIG
from tests.small_run import trained


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval")
    (folder / "tiny.yaml").write_text(CONFIG + "  average: {ema: 0.9}\n", encoding="utf-8")
    done = nndl("train", "tiny.yaml", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_run_stopped_in_its_first_epoch_is_used_with_its_last_weights(tmp_path: Path) -> None:
    trained(tmp_path / "run", 2)
    said = "note: run ended no epoch yet, so none is the best; these are the last weights, of step 2\n"
    done = nndl("eval", "run", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, said)
    assert [json.loads(done.stdout)[key] for key in ("weights", "step")] == ["last", 2]
    assert nndl("eval", "run", "--last", "--json", cwd=tmp_path).stdout == done.stdout
    assert said in nndl("export", "run", "--to", "npz", cwd=tmp_path).stderr
    assert nndl("report", "run", cwd=tmp_path).returncode == 0
    assert "the last weights are scored, of step 2" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("weights", ["best", "last"])
def test_the_scores_are_those_of_the_summary(folder: Path, weights: str) -> None:
    done = nndl("eval", "latest", f"--{weights}", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (run,) = (folder / "runs").glob("[!.]*")
    kept = json.loads((run / "summary.json").read_text(encoding="utf-8"))["test"][weights]
    assert {key: report[key] for key in kept} == kept
    assert (report["split"], report["synthetic"], report["weights"]) == ("test", True, weights)


def test_the_validation_score_is_that_of_the_best_epoch(folder: Path) -> None:
    done = nndl("eval", "tiny", "--split", "val", "--json", cwd=folder)
    (run,) = (folder / "runs").glob("[!.]*")
    kept = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout)["accuracy"] == kept["best_validation_accuracy"]


def test_the_table_has_a_row_for_each_class_and_says_synthetic(folder: Path) -> None:
    done = nndl("eval", cwd=folder)
    lines = done.stdout.splitlines()
    assert "SYNTHETIC" in lines[0]
    assert "SYNTHETIC" in lines[-1]
    assert sum(line.startswith(("checkerboard", "dots", "rings", "disc")) for line in lines) == 4
    assert all(line.rstrip().endswith(tuple(")abcdefghijklmnopqrstuvwxyz")) or "%" in line for line in lines[3:13])


def test_views_of_an_image_are_averaged(folder: Path) -> None:
    plain, mirrored = (
        json.loads(nndl("eval", "tiny", "--tta", tta, "--json", cwd=folder).stdout) for tta in ("none", "mirror")
    )
    assert mirrored["tta"] == "mirror"
    assert mirrored["loss"] != plain["loss"]
    assert plain["interval95"][0] < plain["accuracy"] < plain["interval95"][1]
    assert 0 <= plain["calibration_error"] <= 1


def test_a_config_may_ask_for_views_of_the_test_images(folder: Path) -> None:
    words = ("--set", "train.tta=mirror", "--epochs", "1", "--run-dir", "mirrored")
    done = nndl("train", "tiny.yaml", *words, "--quiet", cwd=folder)
    assert "views averaged: mirror" in done.stdout
    kept = json.loads((folder / "mirrored" / "summary.json").read_text(encoding="utf-8"))["test"]["best"]
    default, mirrored, plain = (
        json.loads(nndl("eval", "mirrored", *more, "--json", cwd=folder).stdout)
        for more in ((), ("--tta", "mirror"), ("--tta", "none"))
    )
    assert {key: default[key] for key in kept} == {key: mirrored[key] for key in kept} == kept
    assert plain["loss"] != kept["loss"]
    held_out = json.loads(nndl("eval", "mirrored", "--split", "val", "--json", cwd=folder).stdout)
    assert held_out["tta"] == "none"


def test_a_config_may_ask_for_views_of_the_least_certain_alone(folder: Path) -> None:
    words = ("--set", "train.tta={views: mirror, share: 0.25}", "--epochs", "1", "--run-dir", "some")
    done = nndl("train", "tiny.yaml", *words, "--quiet", cwd=folder)
    assert "views averaged: mirror of the least certain 25 %" in done.stdout
    kept = json.loads((folder / "some" / "summary.json").read_text(encoding="utf-8"))["test"]["best"]
    default, asked, whole = (
        json.loads(nndl("eval", "some", *more, "--json", cwd=folder).stdout)
        for more in ((), ("--tta", "mirror:0.25"), ("--tta", "mirror"))
    )
    assert {key: default[key] for key in kept} == {key: asked[key] for key in kept} == kept
    assert asked["tta"] == "mirror:0.25"
    assert whole["loss"] != kept["loss"]
    assert "of the least certain 25 %" in nndl("eval", "some", cwd=folder).stdout


def test_the_confusion_matrix_is_printed_when_asked_for(folder: Path) -> None:
    lines = nndl("eval", "tiny", "--confusion", cwd=folder).stdout.splitlines()
    heading = next(index for index, line in enumerate(lines) if line.startswith("is, taken for:"))
    assert len(lines) == heading + 12
    counts = [[int(word) for word in line.split()[-10:]] for line in lines[heading + 2 :]]
    report = json.loads(nndl("eval", "tiny", "--json", cwd=folder).stdout)
    assert counts == report["confusion"]


def save_pictures(folder: Path, **arrays: Any) -> None:
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name.replace('10_1', '10.1')}.npy", array)


def test_cifar_10_1_is_scored(folder: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    save_pictures(folder / "anew", cifar10_1_v6_data=pictures, cifar10_1_v6_labels=np.arange(8))
    done = nndl("eval", "tiny", "--data", "anew", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cifar10.1_v6: accuracy ")
    assert "of 8 images" in done.stdout


def test_corruptions_are_scored_severity_by_severity(folder: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    save_pictures(folder / "corrupted", labels=np.tile([4, 0, 7, 4], 5), fog=pictures, snow=pictures[::-1])
    done = nndl("eval", "tiny", "--data", "corrupted", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == ["fog", "...", "snow", "..."]
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.startswith(("fog", "snow"))}
    report = json.loads(nndl("eval", "tiny", "--data", "corrupted", "--json", cwd=folder).stdout)
    accuracies = [row["accuracy"] for row in report["sets"]]
    assert len(accuracies) == 10
    assert [float(word) for word in rows["fog"]][:5] == [round(100 * share, 2) for share in accuracies[:5]]
    assert report["mean_accuracy"] == pytest.approx(sum(accuracies) / 10)


def test_what_is_no_five_severities_is_scored_as_one_set(folder: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    save_pictures(folder / "one", labels=np.arange(20) % 7, fog=pictures, snow=pictures[::-1])
    (folder / "one" / "._fog.npy").write_bytes(b"\0\5\x16\7Mac OS X")
    done = nndl("eval", "tiny", "--data", "one", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["fog", "snow"]
    assert all("of 20 images" in line for line in lines[:2])
    assert lines[-1].endswith("over 2 sets")


def test_a_damaged_robustness_set_is_told(folder: Path) -> None:
    save_pictures(folder / "damaged", labels=np.arange(5))
    (folder / "damaged" / "fog.npy").write_bytes(b"not an array")
    done = nndl("eval", "tiny", "--data", "damaged", cwd=folder)
    assert done.returncode == 2
    assert "fog.npy is no .npy file" in done.stderr.splitlines()[-1]


def test_other_images_than_those_learnt_from_are_noted(folder: Path, tmp_path: Path) -> None:
    (run,) = (folder / "runs").glob("[!.]*")
    assert nndl("eval", str(run), cwd=tmp_path).stderr == ""
    moved = tmp_path / "moved"
    shutil.copytree(run, moved)
    about = json.loads((moved / "environment.json").read_text(encoding="utf-8"))
    (moved / "environment.json").write_text(json.dumps({**about, "data_digest": "0"}), encoding="utf-8")
    done = nndl("eval", "moved", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert "not the one that the run learnt from" in done.stderr


def test_wrong_words_are_answered(folder: Path) -> None:
    for words, message in (
        (("nowhere",), "no run 'nowhere'"),
        (("latest", "--split", "train"), "test or val"),
        (("latest", "--tta", "x"), "mirror+translate"),
    ):
        done = nndl("eval", *words, cwd=folder)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_two_words_on_which_weights_are_one_too_many(tmp_path: Path) -> None:
    done = nndl("eval", "run", "--step", "7", "--last", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "error: --step 7 and --last both say which weights; give one of them\n",
    )
