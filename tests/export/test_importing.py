"""Weights that are imported for images of one's own know their classes and what the images are called."""

from pathlib import Path

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.build import build_network
from nndl.data.normalize import Normalize
from nndl.errors import StartError
from nndl.export.files import npz_bytes
from nndl.export.importing import import_run
from nndl.runs.folder import RUNS, find_run
from nndl.runs.inputs import read_inputs
from tests.data.sources.drawn import fill

TEXT = "data: {{dataset: folder, root: '{root}', size: 16, channels: 1}}\nmodel: {{layers: [affine: classes]}}\n"


@pytest.mark.parametrize("given", [True, False])
def test_a_run_is_made_of_weights_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: bool) -> None:
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "caches"))
    experiment = parse_config(TEXT.format(root=fill(tmp_path / "pets", {"cat": 9, "dog": 9})), "pets.yaml")
    normalize = Normalize(np.array([120.0]), np.array([60.0])) if given else None
    network = build_network(experiment, "reference")
    if normalize is None:
        arrays = {name: np.asarray(value) for name, value in network.params.items()}
        np.savez(tmp_path / "w.npz", **arrays)
    else:
        (tmp_path / "w.npz").write_bytes(npz_bytes(network, normalize, ("cat", "dog")))
    monkeypatch.setenv(RUNS, str(tmp_path / "runs"))
    inputs = read_inputs(import_run(experiment, tmp_path / "w.npz", tmp_path / "run"))
    assert find_run("run").path == tmp_path / "run"
    assert inputs is not None
    assert (inputs.data, inputs.classes, inputs.synthetic) == ("pets", ("cat", "dog"), False)
    assert inputs.normalize.mean.shape == (1,)
    assert (inputs.normalize.mean.tolist() == [120.0]) == given


def test_unfit_weights_are_whoever_names_them_to_mend(tmp_path: Path) -> None:
    experiment = parse_config("data: {dataset: synthetic}\nmodel: {layers: [affine: 10]}\n", "f.yaml")
    np.savez(tmp_path / "other.npz", **{"conv1.w": np.zeros((4, 3, 3, 3), np.float32)})
    (tmp_path / "damaged.npz").write_bytes(b"PK nothing")
    for name, words in (("other", "conv1.w"), ("damaged", "is no"), ("nowhere", "there is no file")):
        with pytest.raises(StartError, match=words) as told:
            import_run(experiment, tmp_path / f"{name}.npz", tmp_path / "run")
        assert told.value.exit_code == 2
    assert not (tmp_path / "run").exists()
