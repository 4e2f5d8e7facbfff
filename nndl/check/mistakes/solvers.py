"""Mistakes in the courses' Solver."""

from nndl.check.mistakes.entry import Lines, Mistake, mistake

SOLVER = "Solver"
CHOSEN = "chosen = np.random.choice(len(self.X_train), self.batch_size)"
LABELS = "self.y_train[chosen]"
HISTORY = "self.loss_history.append(float(loss))"
UPDATE = "next_w, self.optim_configs[name] = self.update_rule(w, grads[name], self.optim_configs[name])"
STORE = "self.model.params[name] = next_w"
CONFIGS = "{name: dict(self.optim_config) for name in self.model.params}"
STEP = "self._step()\n            if self.verbose"
PER_EPOCH = "steps_per_epoch = max(len(self.X_train) // self.batch_size, 1)"
STEPS = "num_steps = self.num_epochs * steps_per_epoch"
FIRST = "if step == 0:"
EPOCH_END = "if (step + 1) % steps_per_epoch == 0:"
WHOLE = """if step == 0:
                self._measure()
            if (step + 1) % steps_per_epoch == 0:
                self.epoch += 1
                self._decay_learning_rate()
                self._measure()"""
DECAY = "self._decay_learning_rate()\n"
ONE_RATE = 'self.optim_config["learning_rate"] *= self.lr_decay'
RATE = 'config["learning_rate"] *= self.lr_decay'
BEST = "self.best_val_acc = val_acc"
IN_ORDER = """chosen = np.arange(self.batch_size) + self.batch_size * len(self.loss_history)
        chosen %= len(self.X_train)"""
IN_ORDER_AGAIN = """per_epoch = max(len(self.X_train) // self.batch_size, 1)
        chosen = np.arange(self.batch_size) + self.batch_size * (len(self.loss_history) % per_epoch)
        chosen %= len(self.X_train)"""
BETTER = "if val_acc > self.best_val_acc:"
COPIED = "self.best_params = {name: w.copy() for name, w in self.model.params.items()}"
GIVEN_BACK = "self.model.params = self.best_params"
TRAIN_ACC = "train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)"
VAL_ACC = "val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)"
BATCHES = "(X[first : first + batch_size] for first in range(0, len(X), batch_size))"
SCORED = "self.model.loss(batch).argmax(axis=1)"
SHARE = "return float(np.mean(predicted == y))"
FEWER = "if num_samples is not None and len(X) > num_samples:"
PARTIAL = BATCHES.replace("range(0, len(X), batch_size)", "range(0, len(X) - batch_size + 1, batch_size)")


def _measured(when: str, end: str = "(step + 1) % steps_per_epoch == 0") -> Lines:
    """Return the lines of a Solver that decides apart from each other what ends an epoch and when it measures."""
    return {
        WHOLE: f"""end, first, last = {end}, step == 0, step == num_steps - 1
            if end:
                self.epoch += 1
                self._decay_learning_rate()
            if {when}:
                self._measure()"""
    }


def _solver(id: str, title: str, says: str, *variants: Lines, **others: object) -> Mistake:
    return mistake(id, SOLVER, title, says, *variants, **others)


MISTAKES = (
    _solver(
        "O78",
        "one config is shared by all parameters",
        """Each parameter has a config of its own: velocity and step count are its memory. Yours all remember in the
        same dictionary, where one overwrites what another left. Look at how optim_configs is made.""",
        {CONFIGS: "dict.fromkeys(self.model.params, self.optim_config)"},
        {UPDATE: UPDATE.replace("self.optim_configs[name]", "self.optim_config"), DECAY: f"{ONE_RATE}\n"},
        {UPDATE: UPDATE.replace("self.optim_configs[name]", "self.optim_config")},
    ),
    _solver(
        "V1",
        "the learning rate decays at every step",
        """lr_decay multiplies the learning rate once an epoch. Yours does at every step, so that after a few
        hundred nothing is learnt any more: look at what the decay is indented under.""",
        {STEP: STEP.replace("if self", f"{DECAY}            if self"), f"{DECAY}                self": "self"},
    ),
    _solver(
        "V2",
        "the end of an epoch is off by one",
        """Steps are counted from 0, so an epoch ends with the step whose number plus one is a multiple of the steps in
        an epoch. Yours decays and measures a step early or late.""",
        {EPOCH_END: "if step % steps_per_epoch == 0:"},
        {EPOCH_END: "if step > 0 and step % steps_per_epoch == 0:"},
        {EPOCH_END: "if step % steps_per_epoch == 0:", f"{FIRST}\n                self._measure()\n": "pass\n"},
        {EPOCH_END: "if (step + 2) % steps_per_epoch == 0:"},
        *(
            _measured(when, end)
            for when in ("first or end", "first or last or end")
            for end in ("step % steps_per_epoch == 0", "step > 0 and step % steps_per_epoch == 0")
        ),
    ),
    _solver(
        "V3",
        "the number of steps is off",
        """Training takes num_epochs times the steps of an epoch, which are the whole batches that the images make, and
        at least one. Count yours, with fewer images than a batch too.""",
        {STEPS: f"{STEPS} + 1"},
        {STEPS: f"{STEPS} - 1"},
        {STEPS: f"{STEPS} + 1", **_measured("first or last or end")},
        {STEPS: f"{STEPS} - 1", **_measured("first or last or end")},
        {PER_EPOCH: "steps_per_epoch = len(self.X_train) // self.batch_size"},
        {PER_EPOCH: "steps_per_epoch = -(-len(self.X_train) // self.batch_size)"},
        {PER_EPOCH: "steps_per_epoch = len(self.X_train) // self.batch_size + 1"},
        {STEPS: "num_steps = self.num_epochs"},
        {STEPS: "num_steps = steps_per_epoch"},
        {PER_EPOCH: "steps_per_epoch = len(self.X_train)"},
    ),
    _solver(
        "V4",
        "the best parameters are not copied",
        """What you keep as the best are other names for the arrays that training goes on with. An update rule that
        writes into them, as the course's sgd does, changes what you kept: copy each.""",
        {COPIED: "self.best_params = dict(self.model.params)"},
        {COPIED: "self.best_params = self.model.params"},
    ),
    _solver(
        "V5",
        "the best parameters are not given back",
        """After the last epoch the model should have the parameters that did best on the validation images; yours
        keeps the last ones.""",
        {GIVEN_BACK: "pass"},
        {COPIED: "pass"},
    ),
    _solver(
        "V6",
        "what the update rule remembers is lost",
        """An update rule returns the parameter and its config; both belong to the next step. Yours keeps the first
        only, so that a rule that makes a new config begins anew at every step.""",
        {UPDATE: UPDATE.replace("next_w, self.optim_configs[name]", "next_w, _")},
    ),
    _solver(
        "V7",
        "the updated parameters are not stored",
        """An update rule may return new arrays: what it returns has to become the model's parameter, or nothing is
        learnt.""",
        {STORE: "pass"},
    ),
    _solver(
        "V8",
        "labels are not those of the images",
        """Images and labels of a batch have to be picked by the same random numbers; yours are picked apart, so the
        labels are another's.""",
        {LABELS: "self.y_train[np.random.choice(len(self.X_train), self.batch_size)]"},
        {LABELS: "self.y_train[: self.batch_size]"},
    ),
    _solver(
        "V9",
        "batches are not drawn at random",
        """Images of a batch follow each other as they lie in the training set, or are the same at every step. Sorted by
        class, as many data sets are, each batch then pulls towards one class.""",
        {CHOSEN: "chosen = np.arange(self.batch_size) % len(self.X_train)"},
        {CHOSEN: IN_ORDER},
        {CHOSEN: IN_ORDER_AGAIN},
    ),
    _solver(
        "V10",
        "the last images are left out of the accuracy",
        """Where the number of images is no multiple of the batch, a part of a batch remains, and counts like the
        rest. Look at how many batches check_accuracy makes.""",
        {BATCHES: PARTIAL},
        {BATCHES: PARTIAL, SHARE: "return float(np.mean(predicted == y[: len(predicted)]))"},
        {BATCHES: PARTIAL, SHARE: "return float(np.sum(predicted == y[: len(predicted)]) / len(y))"},
    ),
    _solver(
        "V11",
        "the best is chosen by the training images",
        """Which parameters are best is decided by images that training did not see; yours are chosen by the accuracy
        on the training images, which rises with learning by heart too.""",
        {BETTER: "if train_acc > self.best_val_acc:", BEST: "self.best_val_acc = train_acc"},
        {BETTER: "if train_acc > max([0.0, *self.train_acc_history[:-1]]):"},
        {BETTER: "if train_acc > self.best_val_acc:"},
    ),
    _solver(
        "V12",
        "accuracies are measured on the wrong images",
        """train_acc_history is of the training images, val_acc_history of the validation images: look at what each
        call of check_accuracy is given.""",
        {VAL_ACC: VAL_ACC.replace("self.X_val, self.y_val", "self.X_train, self.y_train")},
        {TRAIN_ACC: TRAIN_ACC.replace("self.X_train, self.y_train", "self.X_val, self.y_val")},
        {
            VAL_ACC: VAL_ACC.replace("self.X_val, self.y_val", "self.X_train, self.y_train"),
            TRAIN_ACC: TRAIN_ACC.replace("self.X_train, self.y_train", "self.X_val, self.y_val"),
        },
    ),
    _solver(
        "V13",
        "accuracies are not measured where they should be",
        """Both accuracies are measured after the first step and after every epoch, so that their histories have an
        entry more than there are epochs.""",
        {f"{FIRST}\n                self._measure()\n": "pass\n"},
        _measured("first or last"),
        {f"{DECAY}                self._measure()\n": DECAY},
        {f"{FIRST}\n": "if True:\n", f"{DECAY}                self._measure()\n": DECAY},
    ),
    _solver(
        "V14",
        "lr_decay does nothing",
        """The learning rate that is decayed is not the one that the update rule is given: that of every parameter's own
        config has to change.""",
        {f"{DECAY}                self": "self"},
        {RATE: 'self.optim_config["learning_rate"] *= self.lr_decay'},
        {"for config in self.optim_configs.values():": "for config in [*self.optim_configs.values()][:1]:"},
    ),
    _solver(
        "V15",
        "loss_history does not hold the loss of every step",
        "The loss of every step is kept, in order, also of those that are not printed.",
        {HISTORY: "pass"},
        {HISTORY: "self.loss_history = [float(loss)]"},
    ),
    _solver(
        "V16",
        "num_samples makes no difference",
        """check_accuracy with num_samples looks at so many random images only, to save time; yours scores all of them,
        or another number.""",
        {FEWER: "if False:"},
    ),
    _solver(
        "V17",
        "accuracy is measured with labels given to the model",
        """loss(X) without labels gives scores, in test mode; with labels it gives loss and gradients, in training
        mode: dropout drops, and batch norm looks at the batch.""",
        {SCORED: "np.argmax(self.model.loss(batch, y[: len(batch)]), axis=1)"},
    ),
    _solver(
        "V18",
        "the best parameters come without their running statistics",
        """This is in the starter code, not your fault: the parameters of the best epoch are given back, and batch norm
        keeps the running statistics of the last. They belong together.""",
        {"self._restore_statistics()": "pass"},
        note=True,
    ),
)
