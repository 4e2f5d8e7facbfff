"""The courses' Solver: histories, the best parameters with their statistics, checkpoints, the courses' random draws."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cs231n.solver import Solver
from nndl.fc_net import FullyConnectedNet, TwoLayerNet
from nndl.runs.checkpoint import read_checkpoint

Array = NDArray[Any]


def blobs(train: int = 60, val: int = 30) -> dict[str, Array]:
    """Three classes of points around three centres."""
    random = np.random.default_rng(0)
    y = random.integers(3, size=train + val)
    X = random.standard_normal((train + val, 4)) + 3 * np.eye(3, 4)[y]
    return {"X_train": X[:train], "y_train": y[:train], "X_val": X[train:], "y_val": y[train:]}


def net(**options: Any) -> FullyConnectedNet:
    return FullyConnectedNet([8], 4, 3, weight_scale=0.1, dtype=np.float64, **options)


def solver(model: Any = None, data: dict[str, Array] | None = None, **options: Any) -> Solver:
    np.random.seed(0)  # noqa: NPY002
    settings = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-2}, "verbose": False} | options
    return Solver(net() if model is None else model, data or blobs(), **settings)


@pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam", "adamw"])
def test_every_rule_learns(rule: str) -> None:
    rate = 0.1 if rule.startswith("sgd") else 1e-2
    trained = solver(update_rule=rule, optim_config={"learning_rate": rate}, batch_size=20, num_epochs=20)
    trained.train()
    assert trained.best_val_acc > 0.8
    assert trained.check_accuracy(trained.X_val, trained.y_val) == trained.best_val_acc


@pytest.mark.parametrize("batch_size", [7, 60, 1000])
def test_histories_have_a_loss_a_step_and_an_accuracy_an_epoch_and_one(batch_size: int) -> None:
    trained = solver(batch_size=batch_size, num_epochs=3)
    trained.train()
    assert len(trained.loss_history) == 3 * max(60 // batch_size, 1)
    assert len(trained.train_acc_history) == len(trained.val_acc_history) == 4
    assert trained.best_val_acc == max(trained.val_acc_history)


def test_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    solver(batch_size=20, num_epochs=2, print_every=2, verbose=True).train()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "(Iteration 1 / 6) loss",
        "(Epoch 0 / 2) train acc",
        "(Iteration 3 / 6) loss",
        "(Epoch 1 / 2) train acc",
        "(Iteration 5 / 6) loss",
        "(Epoch 2 / 2) train acc",
    ]


def test_the_best_parameters_come_back_with_their_running_statistics() -> None:
    """Trained until it diverges, so that the best parameters are not the last."""
    data, model = blobs(), net(use_batchnorm=True)
    trained = solver(model, data, optim_config={"learning_rate": 1.0}, num_epochs=15, batch_size=5)
    trained.train()
    assert trained.val_acc_history[-1] < trained.best_val_acc
    assert trained.check_accuracy(data["X_val"], data["y_val"]) == trained.best_val_acc


def test_training_again_goes_on_without_losing_the_best() -> None:
    trained = solver(num_epochs=2)
    trained.train()
    best = trained.best_val_acc
    trained.train()
    assert len(trained.val_acc_history) == 6
    assert trained.best_val_acc >= best


def test_the_learning_rate_decays_with_each_epoch_for_each_parameter() -> None:
    config = {"learning_rate": 1.0}
    trained = solver(update_rule="sgd", optim_config=config, lr_decay=0.5, num_epochs=3, batch_size=20)
    trained.train()
    assert {state["learning_rate"] for state in trained.optim_configs.values()} == {0.125}
    assert config == {"learning_rate": 1.0}


def test_the_same_seed_trains_on_the_courses_batches() -> None:
    """The first loss is that of the batch np.random.choice draws after np.random.seed."""
    model, data = TwoLayerNet(4, 5, 3, weight_scale=0.1), blobs()
    np.random.seed(0)  # noqa: NPY002
    chosen = np.random.choice(60, 10)  # noqa: NPY002
    expected, _ = model.loss(data["X_train"][chosen], data["y_train"][chosen])
    trained = solver(model, data, batch_size=10, num_epochs=1)
    trained.train()
    assert trained.loss_history[0] == expected


def test_accuracy_of_a_sample_and_of_all() -> None:
    data = blobs()
    trained = solver()
    whole = trained.check_accuracy(data["X_train"], data["y_train"], batch_size=7)
    assert whole == np.mean(trained.model.loss(data["X_train"]).argmax(axis=1) == data["y_train"])
    assert trained.check_accuracy(data["X_train"], data["y_train"], num_samples=9) * 9 % 1 == pytest.approx(0)


def test_a_checkpoint_holds_parameters_memory_statistics_and_history(tmp_path: Path) -> None:
    trained = solver(net(use_batchnorm=True), num_epochs=2, checkpoint_name=str(tmp_path / "run"))
    trained.train()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"run_epoch_{e}.safetensors" for e in range(3)]
    arrays, info = read_checkpoint(tmp_path / "run_epoch_2.safetensors")
    assert arrays["params/W1/w"].shape == (4, 8)
    assert {"optim/W1/v", "optim/gamma1/a", "bn_params/0/running_mean"} < set(arrays)
    assert info["val_acc_history"] == trained.val_acc_history
    assert info["settings"]["optim/W1/t"] == 2


@pytest.mark.parametrize("rule", ["sdg", "np", "_filled_in", ""])
def test_an_unknown_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="update_rule"):
        solver(update_rule=rule)


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="learning_rate"):
        solver(learning_rate=1)
