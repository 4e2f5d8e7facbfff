"""The update that is measured is the one that the solver makes."""

from pathlib import Path

import numpy as np
import pytest

from nndl.bench.contenders import make_contenders, with_memory
from nndl.config import parse_config
from nndl.config.build import build_learner, build_network
from nndl.engines import set_threads

MODEL = "model: {layers: [conv: 4, spatial_bn, relu, affine: 10]}\n"
TRAINING = """
train:
  optimizer: muon
  weight_decay: 0.1
  clip_norm: 1.0
  average: {ema: 0.9}
  groups: [{match: "*.b", learning_rate: 0}]
"""


@pytest.fixture(autouse=True)
def _threads_as_before() -> object:
    yield
    set_threads()


def test_a_contenders_update_is_the_solvers() -> None:
    made = parse_config(MODEL + TRAINING, "small.yaml")
    (contender,) = make_contenders(made, ["vectorized"], [1])
    network = build_network(made, "vectorized")
    learner = build_learner(made, network)
    learner.freeze(0)
    assert contender.network.frozen == network.frozen == {"conv1.b", "affine1.b"}
    random = np.random.default_rng(0)
    for step in (1, 2, 3):
        gradients = random.standard_normal(network.grads.vector.size).astype(np.float32)
        contender.network.grads.vector[:], network.grads.vector[:] = gradients, gradients
        contender._update(contender.network.grads)
        learner.update(network.grads, 1e-3, step, 2 * step)
        assert contender.network.params.vector.tobytes() == network.params.vector.tobytes()


def test_memory_is_measured_without_modules_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.chdir(tmp_path)
    Path("struct.py").write_text("open('ran', 'w'); raise SystemExit(3)", encoding="utf-8")
    Path("small.yaml").write_text("data: {dataset: synthetic}\n" + MODEL, encoding="utf-8")
    result = {"contenders": [{"engine": "vectorized", "threads": 1}]}
    with_memory(result, str(tmp_path / "small.yaml"), [])
    assert not Path("ran").exists()
    assert set(result["contenders"][0]["memory"]) == {"peak_bytes", "before_bytes"}
