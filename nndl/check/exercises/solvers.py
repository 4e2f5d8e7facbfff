"""The courses' Solver: a model whose gradients and accuracies are known tells how it is trained, whatever is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Exercise, Observed, Raised, Situation, Source, Step, get, put
from nndl.check.running.executor import Ref
from nndl.check.running.probe import images as drawn

SOLVER = "Solver"
COUNT = 10
OF_TRAINING = [1.0, 0.2, 0.2, 0.4, 0.4, 0.4, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9, 0.8]
OF_VALIDATION = [0.6, 0.3, 0.3, 0.5, 0.5, 0.5, 0.8, 0.8, 0.8, 0.6, 0.6, 0.6, 0.7]
"""Shares that are right after 0, 1, 2 ... steps: on the validation images the second epoch is the best."""
STATISTICS = (
    "the starter code gives the best parameters back without the running statistics that belong to them; not your fault"
)
LATE = "set on the Solver"
"""The dialect of Solvers that find their update rule elsewhere than in a module called optim."""


def _inputs(count: int, **options: Any) -> dict[str, Any]:
    (X, y), (X_val, y_val) = drawn(count, 0), drawn(COUNT, 1)
    config = {"learning_rate": 0.5}
    given = {"update_rule": "sgd", "optim_config": config, "verbose": False, "print_every": 1000, **options}
    data = {"X_train": X, "y_train": y, "X_val": X_val, "y_val": y_val}
    return {"data": data, "options": given, "shares": [OF_TRAINING, OF_VALIDATION], "sizes": [count, COUNT]}


def _call(path: Sequence[str], args: Sequence[Any], function: str = "", names: Sequence[str] = (), **does: Any) -> Step:
    return Step({"call": list(path), "args": list(args), **does}, function, tuple(names))


def _made(late: bool = False) -> list[Step]:
    """Make a model and its Solver, which trains by the model's own rule; late: set on the Solver."""
    made = [
        _call(["$model"], [Ref("shares"), Ref("sizes")], keep="model", report=[]),
        _call(["model", "lend"], [Ref("optim")]),
        _call([SOLVER], [Ref("model"), Ref("data")], SOLVER, kwargs=Ref("options"), keep="solver", report=[]),
    ]
    return made + [put(Ref("model", "rule"), "solver", "update_rule")] * late


def _train(names: Mapping[str, Sequence[str | int]]) -> list[Step]:
    """Train, and look at what is left, by name."""
    train = _call(["solver", "train"], [], SOLVER, report=[])
    return [train, *(get(SOLVER, name, *path) for name, path in names.items())]


def _accuracy(name: str, of: str, **options: Any) -> Step:
    images = Ref("data", f"X_{of}"), Ref("data", f"y_{of}")
    return _call(["solver", "check_accuracy"], images, SOLVER, [name], kwargs=options)


LEFT = {
    "number of steps": ("model", "steps"),
    "batches": ("model", "seen"),
    "learning rates of W1": ("model", "rates", "W1"),
    "learning rates of b1": ("model", "rates", "b1"),
    "config['t'] of W1": ("solver", "optim_configs", "W1", "t"),
    "loss_history": ("solver", "loss_history"),
    "train_acc_history": ("solver", "train_acc_history"),
    "val_acc_history": ("solver", "val_acc_history"),
    "best_val_acc": ("solver", "best_val_acc"),
    "epoch": ("solver", "epoch"),
    "W1, at the end": ("model", "params", "W1"),
    "b1, at the end": ("model", "params", "b1"),
}
FEW_IMAGES = {name: LEFT[name] for name in ("number of steps",)}
BY_MOMENTUM: dict[str, tuple[str, ...]] = {"steps by sgd_momentum": ("model", "by_momentum")}
BY_MOMENTUM |= {name: LEFT[name] for name in ("learning rates of W1", "W1, at the end")}
BY_RULE = (
    "steps by sgd_momentum",
    "learning rates of W1",
    "learning rates of b1",
    "config['t'] of W1",
    "W1, at the end",
    "b1, at the end",
)
"""All that the model's own rule makes: of a Solver that finds its rules elsewhere it says nothing."""


def _in_words(found: Observed, _inputs: Mapping[str, Any]) -> Observed:
    """Make histories arrays, and of what is to be said of the batches a result each."""
    digest: Observed = {}
    for key, value in found.items():
        if key.name == "batches" and isinstance(value, Mapping):
            digest |= {key._replace(name=f"batches: {name}"): each for name, each in value.items()}
        elif isinstance(value, list | tuple) and all(isinstance(each, float | int | np.ndarray) for each in value):
            digest[key] = np.array([float(each) for each in value if np.ndim(each) == 0])
        else:
            digest[key] = value
    own = _by_another_rule({key.name: value for key, value in digest.items()})
    return {key: value for key, value in digest.items() if not (own and key.name in BY_RULE)}


def _of_rule(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Say by which rule was trained; nothing of a Solver whose own list of rules has none of that name."""
    return {} if any(isinstance(value, Raised) for value in found.values()) else _in_words(found, inputs)


def _by_another_rule(found: Mapping[str, Any]) -> bool:
    """Tell whether parameters have moved, and not by the model's rule."""
    rates, W1 = found.get("learning rates of W1"), found.get("W1, at the end")
    return isinstance(rates, np.ndarray) and not rates.size and isinstance(W1, np.ndarray) and bool(np.any(W1 != 1))


def _situations(source: Source) -> list[Situation]:
    epochs = {"num_epochs": 4, "batch_size": 3, "lr_decay": 0.5}

    def situation(label: str, inputs: Mapping[str, Any], steps: Sequence[Step], **others: Any) -> Situation:
        steps = [*_made(source.dialect == LATE), *steps, _call(["model", "give_back"], [])]
        return Situation(label, inputs, steps, digest=_in_words, **others)

    labelled = get(SOLVER, "calls of loss with labels in check_accuracy", "model", "steps")
    statistics: dict[str, tuple[str | int, ...]] = {
        "running statistics, at the end": ("model", "bn_params", 0, "running_mean")
    }
    return [
        situation("10 images in batches of 3, 4 epochs", _inputs(COUNT, **epochs), _train(LEFT)),
        situation(
            "5 images in batches of 8, 3 epochs",
            _inputs(5, num_epochs=3, batch_size=8, lr_decay=0.5),
            _train(FEW_IMAGES),
            tags=frozenset({"fewer images than a batch"}),
        ),
        situation(
            "check_accuracy of 10 images in batches of 4",
            _inputs(COUNT),
            [_accuracy("accuracy", "val", batch_size=4), labelled],
        ),
        situation(
            "check_accuracy of 6 of 10 images",
            _inputs(COUNT),
            [
                _accuracy("accuracy", "train", num_samples=6, batch_size=4),
                get(SOLVER, "images scored", "model", "scored"),
            ],
        ),
        Situation(
            "update_rule = sgd_momentum",
            _inputs(COUNT, **epochs, update_rule="sgd_momentum"),
            [*_made(), *_train(BY_MOMENTUM), _call(["model", "give_back"], [])],
            digest=_of_rule,
        ),
        situation("batch norm in the model", _inputs(COUNT, **epochs), _train(statistics), convention=STATISTICS),
    ]


def _dialects(source: Source) -> tuple[str, ...]:
    del source
    return "", LATE


EXERCISES = (Exercise(SOLVER, (SOLVER,), _situations, dialects=_dialects),)
