"""The courses' Solver: stochastic gradient descent with a train/validation history. (nndl.train has the trainer's own.)

Batches and the images accuracy is measured on are drawn from NumPy's global state, which notebooks seed, in the
courses' order: the same seed trains on the same batches.
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl import optim
from nndl.layers import as_labels

Array = NDArray[Any]

PARTS = ("train", "val")


class Solver:
    """Trains a model on data = {"X_train", "y_train", "X_val", "y_val"}.

    The model has .params, .loss(X) -> scores, .loss(X, y) -> (loss, grads), and .bn_params where it normalises batches.
    After train(): loss_history (one a step), train_acc_history and val_acc_history (one after the first step and one
    after each epoch), best_val_acc, best_params; and the model has the parameters, and the running statistics, that did
    best on the validation images.
    """

    def __init__(
        self,
        model: Any,
        data: dict[str, Array],
        *,
        update_rule: str = "sgd",
        optim_config: dict[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int | None = 1000,
        num_val_samples: int | None = None,
        checkpoint_name: str | None = None,
        print_every: int = 10,
        verbose: bool = True,
    ) -> None:
        """Take update_rule, a function's name in nndl.optim, and optim_config, its config, given to each parameter.

        lr_decay: multiplies the learning rate after each epoch. num_train_samples, num_val_samples: how many images
        accuracy is measured on, None for all. checkpoint_name: the state is written to NAME_epoch_E.safetensors after
        each epoch (see save_checkpoint). Raises ValueError for a rule that is not there, and for labels that are no
        whole numbers from 0 on, one for each image.
        """
        if not callable(getattr(optim, update_rule, None)) or update_rule.startswith("_"):
            raise ValueError(f"update_rule {update_rule!r} is not in nndl.optim: sgd, sgd_momentum, rmsprop, adam, ...")
        self.model = model
        self.X_train, self.X_val = data["X_train"], data["X_val"]
        self.y_train, self.y_val = (as_labels(data[f"y_{part}"], data[f"X_{part}"].shape[:1]) for part in PARTS)
        self.update_rule = getattr(optim, update_rule)
        self.optim_config = dict(optim_config or {})
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.num_train_samples = num_train_samples
        self.num_val_samples = num_val_samples
        self.checkpoint_name = checkpoint_name
        self.print_every = print_every
        self.verbose = verbose
        self._reset()

    def _reset(self) -> None:
        self.epoch = 0
        self.best_val_acc = 0.0
        self.best_params: dict[str, Array] = {}
        self.best_bn_params: list[dict[str, Any]] = []
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.optim_configs = {name: dict(self.optim_config) for name in self.model.params}

    def _step(self) -> None:
        """Draw a batch with replacement (it may be larger than the data), and update every parameter once."""
        chosen = np.random.choice(len(self.X_train), self.batch_size)  # noqa: NPY002
        loss, grads = self.model.loss(self.X_train[chosen], self.y_train[chosen])
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            next_w, self.optim_configs[name] = self.update_rule(w, grads[name], self.optim_configs[name])
            self.model.params[name] = next_w

    def check_accuracy(self, X: Array, y: Array, num_samples: int | None = None, batch_size: int = 100) -> float:
        """Return the share of images, or of num_samples random ones, whose largest score is at their label."""
        if num_samples is not None and len(X) > num_samples:
            chosen = np.random.choice(len(X), num_samples)  # noqa: NPY002
            X, y = X[chosen], y[chosen]
        batches = (X[first : first + batch_size] for first in range(0, len(X), batch_size))
        predicted = np.concatenate([self.model.loss(batch).argmax(axis=1) for batch in batches])
        return float(np.mean(predicted == y))

    def train(self) -> None:
        """Run all epochs, then give the model its best parameters."""
        steps_per_epoch = max(len(self.X_train) // self.batch_size, 1)
        num_steps = self.num_epochs * steps_per_epoch
        for step in range(num_steps):
            self._step()
            if self.verbose and step % self.print_every == 0:
                print(f"(Iteration {step + 1} / {num_steps}) loss: {self.loss_history[-1]:f}")
            if step == 0:
                self._measure()
            if (step + 1) % steps_per_epoch == 0:
                self.epoch += 1
                self._decay_learning_rate()
                self._measure()
        if self.best_params:
            self.model.params = self.best_params
            self._restore_statistics()

    def _decay_learning_rate(self) -> None:
        for config in self.optim_configs.values():
            config["learning_rate"] *= self.lr_decay

    def _measure(self) -> None:
        """Add accuracies to the history; keep the parameters if none did better on the validation images."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if self.checkpoint_name is not None:
            self.save_checkpoint()
        if self.verbose:
            print(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train_acc:f}; val_acc: {val_acc:f}")
        if val_acc > self.best_val_acc:
            self.best_val_acc = val_acc
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}
            self.best_bn_params = copy.deepcopy(getattr(self.model, "bn_params", []))

    def _restore_statistics(self) -> None:
        """Put the running statistics of the best parameters back: the last ones would not fit them."""
        for bn_param, best in zip(getattr(self.model, "bn_params", []), self.best_bn_params, strict=True):
            bn_param.update(best)

    def save_checkpoint(self) -> Path:
        """Write parameters, running statistics, the update rule's memory and the history; return the file's path.

        The format is nndl's (safetensors, written whole or not at all), never a pickle: open it with
        nndl.runs.checkpoint.read_checkpoint, which gives arrays by name and the rest as a dict.
        """
        from nndl.runs.checkpoint import write_checkpoint

        arrays: dict[str, Array] = {}
        settings: dict[str, Any] = {}
        states = {f"params/{name}": {"w": w} for name, w in self.model.params.items()}
        states |= {f"optim/{name}": config for name, config in self.optim_configs.items()}
        states |= {f"bn_params/{i}": state for i, state in enumerate(getattr(self.model, "bn_params", []))}
        for place, state in states.items():
            for key, value in state.items():
                (arrays if isinstance(value, np.ndarray) else settings)[f"{place}/{key}"] = value
        histories = ("epoch", "best_val_acc", "loss_history", "train_acc_history", "val_acc_history")
        path = Path(f"{self.checkpoint_name}_epoch_{self.epoch}.safetensors")
        write_checkpoint(path, arrays, {"settings": settings} | {name: getattr(self, name) for name in histories})
        return path
