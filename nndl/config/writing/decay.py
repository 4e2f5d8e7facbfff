"""The l2 and weight_decay of an experiment in words of PyTorch, whose optimisers mean different things by one."""

from nndl.config.schema import Train
from nndl.train.optimizers import Adam, RmsProp, Rule, Sgd, SgdMomentum, SgdNesterovMomentum, SgdPytorch


def in_pytorch(train: Train) -> list[str]:
    """Say, a line for each of l2 and weight_decay that is not 0, what PyTorch's optimiser would be given."""
    rule = train.optimizer
    decay = train.weight_decay if rule.own_weight_decay is None else rule.own_weight_decay
    lines = []
    if isinstance(rule, SgdPytorch):
        return [f"train.l2 is PyTorch's weight_decay={train.l2:g}, of weights alone"] if train.l2 else []
    if train.l2 and (theirs := _coupled(rule)):
        lines.append(f"train.l2 is PyTorch's {theirs}weight_decay={train.l2:g}), of weights alone")
    if decay and isinstance(rule, Adam):
        lines.append(f"weight_decay is PyTorch's AdamW(weight_decay={decay:g}), of weights alone")
    elif decay and isinstance(rule, Sgd | SgdMomentum):
        momentum = rule.momentum if isinstance(rule, SgdMomentum) else 0.0
        theirs = f"{'about ' if momentum else ''}PyTorch's {_coupled(rule)}weight_decay={decay * (1 - momentum):g})"
        lines.append(f"train.weight_decay is decoupled: {theirs}, of weights alone")
    return lines


def _coupled(rule: Rule) -> str:
    """Return the beginning of the call of PyTorch's optimiser that adds decay to the gradient; empty for no such."""
    if isinstance(rule, SgdMomentum):
        nesterov = "nesterov=True, " if isinstance(rule, SgdNesterovMomentum) else ""
        return f"SGD(momentum={rule.momentum:g}, {nesterov}"
    return {Sgd: "SGD(", Adam: "Adam(", RmsProp: "RMSprop("}.get(type(rule), "")
