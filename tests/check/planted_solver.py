"""Mistakes of the catalogue planted into the usual way of writing the Solver."""

from tests.check.planted import Planted

S = "Solver"
CONFIGS = "d = {k: v for k, v in self.optim_config.items()}"
KEPT = "self.optim_configs[p] = next_config"
DECAY = 'for k in self.optim_configs:\n                    self.optim_configs[k]["learning_rate"] *= self.lr_decay'
ONE_RATE = 'self.optim_config["learning_rate"] *= self.lr_decay'
END = "epoch_end = (t + 1) % iterations_per_epoch == 0"
PER_EPOCH = "max(self.X_train.shape[0] // self.batch_size, 1)"
STEPS = "num_iterations = self.num_epochs * iterations_per_epoch"
BETTER = "if val_acc > self.best_val_acc:\n                    self.best_val_acc = val_acc"
COPIES = "self.best_params = {}\n                    for k, v in self.model.params.items():"
COPIES += "\n                        self.best_params[k] = v.copy()"
REST = "if N % batch_size != 0:\n            num_batches += 1"
VAL = "val_acc = self.check_accuracy(self.X_val, self.y_val)"
WHEN = "if first_it or last_it or epoch_end:"
MASK = "mask = np.random.choice(num_train, self.batch_size)  # noqa: NPY002"
SCORES = "scores = self.model.loss(X[i * batch_size : (i + 1) * batch_size])"
LABELLED = (
    "scores = self.model.loss(X[i * batch_size : (i + 1) * batch_size], y[i * batch_size : (i + 1) * batch_size])"
)
TURNS = "start = len(self.loss_history) * self.batch_size\n        "
TURNS += "mask = np.arange(start, start + self.batch_size) % num_train"

SOLVERS = (
    Planted("O78", S, CONFIGS, "d = self.optim_config"),
    Planted(
        "O78",
        S,
        f"self.optim_configs[p]) ... {KEPT} ... {DECAY}",
        f"self.optim_config) ... self.optim_config = next_config ... {ONE_RATE}",
    ),
    Planted(
        "V1",
        S,
        f"{END}\n            if epoch_end:\n                self.epoch += 1\n                {DECAY}",
        f'{END}\n            if epoch_end:\n                self.epoch += 1\n            for k in self.optim_configs:\n                self.optim_configs[k]["learning_rate"] *= self.lr_decay',  # noqa: E501
    ),
    Planted("V2", S, "(t + 1) % iterations_per_epoch == 0", "t % iterations_per_epoch == 0"),
    Planted("V3", S, STEPS, f"{STEPS} - 1"),
    Planted("V3", S, PER_EPOCH, "self.X_train.shape[0] // self.batch_size"),
    Planted("V3", S, PER_EPOCH, "int(np.ceil(self.X_train.shape[0] / self.batch_size))"),
    Planted("V4", S, "v.copy()", "v"),
    Planted("V4", S, COPIES, "self.best_params = self.model.params"),
    Planted("V5", S, "self.model.params = self.best_params", "return"),
    Planted("V6", S, KEPT, "pass"),
    Planted("V7", S, "self.model.params[p] = next_w", "pass"),
    Planted("V8", S, "self.y_train[mask]", "self.y_train[np.random.choice(num_train, self.batch_size)]"),
    Planted("V9", S, MASK, "mask = np.arange(self.batch_size) % num_train"),
    Planted("V9", S, MASK, TURNS),
    Planted("V10", S, REST, "y = y[: num_batches * batch_size]"),
    Planted(
        "V11", S, BETTER, BETTER.replace("val_acc > self.best", "train_acc > self.best").replace("= val", "= train")
    ),
    Planted("V12", S, VAL, "val_acc = self.check_accuracy(self.X_train, self.y_train)"),
    Planted("V13", S, WHEN, "if epoch_end:"),
    Planted("V13", S, WHEN, "if first_it or last_it:"),
    Planted("V14", S, DECAY, ONE_RATE),
    Planted("V15", S, "self.loss_history.append(loss)", "self.loss_history = [loss]"),
    Planted("V16", S, "num_samples < N:", "num_samples > N:"),
    Planted("V17", S, SCORES, LABELLED),
)
