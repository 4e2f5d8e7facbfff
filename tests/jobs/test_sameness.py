"""The sameness of a run is decided in one place, and the kernels of NumPy's BLAS belong to it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import threadpoolctl

from nndl.config.build import build
from nndl.errors import CheckpointError
from nndl.jobs.sameness import Change, as_told, changes_between, provenance, recorded
from nndl.runs.environment import blas_kernels
from tests.cli.command import environment, nndl
from tests.small_run import config, experiment


def kernels(coretype: str) -> Any:
    """Return the kernels of a process whose OpenBLAS is told to choose them for this processor."""
    code = "import json, numpy\nfrom nndl.runs.environment import blas_kernels\nprint(json.dumps(blas_kernels()))"
    variables = environment(OPENBLAS_CORETYPE=coretype)
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_provenance_says_all_that_the_numbers_depend_on() -> None:
    made_of = provenance(build(experiment()))
    assert {"config", "data", "start", "nndl", "numpy", "blas", "engine", "threads", "instructions", "compiler"} == {
        *made_of
    }
    assert made_of == json.loads(json.dumps(made_of))
    assert made_of["blas"] == blas_kernels()


def test_only_what_matters_is_a_change() -> None:
    before = {"config": {"name": "a", "seed": 0, "train": {"epochs": 3, "l2": 0.0}, "threads": 1}, "numpy": "1"}
    now = {"config": {"name": "b", "seed": 0, "train": {"epochs": 4, "l2": 0.1}, "threads": 2}, "numpy": "2", "new": 1}
    assert [each.key for each in changes_between(before, now)] == [
        *("config.train.epochs", "config.train.l2", "numpy"),
    ]
    assert [each.key for each in changes_between(before, now, extended=True)] == ["config.train.l2", "numpy"]
    assert str(as_told(changes_between(before, now)[1])) == "train.l2: 0.0 -> 0.1"


def test_an_option_that_an_older_config_could_not_know_was_at_its_default() -> None:
    now = provenance(build(experiment()))
    before = json.loads(json.dumps(now))
    del before["config"]["data"]["mix"]
    before["config"]["data"]["augment"] = ["flip"]
    assert changes_between(before, now) == []
    now["config"]["data"]["mix"] = [{"mixup": {"alpha": 0.2, "probability": 1.0}}]
    assert [each.key for each in changes_between(before, now)] == ["config.data.mix"]


def test_another_kernel_of_the_blas_is_a_change_and_of_an_older_state_none() -> None:
    one, other = ({"blas": [{"internal_api": "openblas", "architecture": kind}]} for kind in ("SkylakeX", "Haswell"))
    assert [str(each) for each in changes_between(one, other)] == ["blas[0].architecture: SkylakeX -> Haswell"]
    assert changes_between({}, other) == []


def test_of_several_libraries_numpy_s_own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    def pool(path: Path, name: str) -> dict[str, Any]:
        return {"user_api": "blas", "internal_api": name, "version": "1", "filepath": str(path), "num_threads": 2}

    site = Path(np.__file__).parents[1]
    own = pool(site / "numpy.libs" / "libopenblas.so", "openblas")
    others = [pool(site / "torch" / "lib" / "libmkl.so", "mkl"), pool(Path("/usr/lib/libblas.so"), "blis")]
    openmp = {"user_api": "openmp", "internal_api": "openmp", "filepath": str(site / "numpy.libs" / "x.so")}

    def told(*pools: dict[str, Any]) -> list[Any]:
        monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: list(pools))
        return [each["internal_api"] for each in blas_kernels()]

    assert told(openmp, others[0], own) == ["openblas"]
    assert told(*others) == ["mkl", "blis"]
    assert told(openmp) == []


def test_what_was_changed_on_the_way_is_read_from_a_state_or_refused() -> None:
    said = {"step": 5, "epochs_done": 1, "epochs": [3, 4.5], "what": ["train.l2: 0 -> 1"]}
    assert recorded({"about": {"changes": [said]}})[1] == [Change(5, 1, (3, 4.5), ("train.l2: 0 -> 1",))]
    assert recorded({}) == ({}, [])
    wrong = ({"epochs": [1]}, {"epochs": [1e999, 1]}, {"step": None}, {"what": 3})
    for changes in (3, "x", [3], [{}], *([said | each] for each in wrong)):
        with pytest.raises(CheckpointError, match="the state is damaged: what it says of changes"):
            recorded({"about": {"changes": changes}})


@pytest.mark.skipif(kernels("Haswell") == kernels("Nehalem"), reason="this BLAS does not choose its kernels so")
def test_a_run_that_goes_on_by_other_kernels_says_so(tmp_path: Path) -> None:
    """Other kernels form other sums: between a kill and the resume the bits changed, and nobody said a word."""
    (tmp_path / "small.yaml").write_text(config(), encoding="utf-8")
    one, other = ({"OPENBLAS_CORETYPE": kind} for kind in ("Haswell", "Nehalem"))
    begun = nndl("train", "small.yaml", "--epochs", "2", "--run-dir", "run", "--quiet", cwd=tmp_path, **one)
    assert begun.returncode == 0, begun.stderr
    words = "blas[0].architecture: Haswell -> Nehalem"
    refused = nndl("resume", "run", "--epochs", "3", cwd=tmp_path, **other)
    assert refused.returncode == 2
    assert f"the run would not go on as it began:\n  {words}\n" in refused.stderr
    assert f"not as it was: {words}\n" in nndl("reproduce", "run", "--quiet", cwd=tmp_path, **other).stdout
    accepted = nndl("resume", "run", "--epochs", "3", "--accept-changes", cwd=tmp_path, **other)
    assert accepted.returncode == 0, accepted.stderr
    assert f"changed: {words}\n" in accepted.stderr
