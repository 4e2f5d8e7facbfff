"""Checks that no single key allows: the layers fit together, into memory, and to the data set."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from nndl.config.advice import nearest
from nndl.config.checking import sizes, trial
from nndl.config.checking.lone import lone_examples
from nndl.config.checking.settings import check_sense, check_settings, images_to_learn_from
from nndl.config.reading.messages import Path, Report
from nndl.config.schema import Experiment
from nndl.data.resolution import at_height
from nndl.errors import ConfigError, Where
from nndl.net.catalog import LAYERS
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.shapes import Placed, everything, infer_shapes
from nndl.net.sizes import placed_at

INIT_OPTIONS = {"weight_scale": "normal", "whitening_eps": "whitening"}
"""Options that count for one value of init alone."""

MOST_NAMED = 8
"""Parameter names listed in a message."""


def check(experiment: Experiment, tree: Any, report: Report, begun: bool = False) -> None:
    """Report what does not fit; of a run that has begun, not what it is too late to refuse."""
    check_settings(experiment, report)
    if not begun:
        check_sense(experiment, report)
    if not begun and not experiment.name.strip():
        report(("name",), "name should have letters or digits: runs are called by it; leave it out for the file's")
    placed = _placed(experiment, tree, report)
    if placed:
        at_sizes = [placed, *_at_sizes(experiment, placed, tree, report)]
        _check_whitening(placed, tree, report)
        _check_init_options(placed, tree, report)
        _check_classes(experiment, placed[-1], tree, report)
        _check_names(placed, tree, report)
        _check_memory(experiment, placed, tree, report)
        _check_groups(experiment, placed, report)
        _check_filters(experiment, placed, report)
        if not begun:
            _check_frozen(experiment, placed, report)
            _check_own(experiment, placed, tree, report)
            _check_lone_examples(experiment, at_sizes, tree, report)


def _placed(experiment: Experiment, tree: Any, report: Report) -> tuple[Placed, ...]:
    """Infer the layers' shapes; () with a report of the first that cannot fit."""
    too_large = list(sizes.oversized(experiment.model.layers))
    for where, option, value in too_large:
        words = f"{option} should be {sizes.LARGEST_OPTION:,} or less, not {value:,}"
        report((*layer_path(tree, where), _kind(tree, where), option), words)
    if too_large:
        return ()
    try:
        return infer_shapes(experiment.model.layers, experiment.data.input_shape)
    except ConfigError as error:
        for where in (error.where or (), *([] if error.also is None else [error.also])):
            report(layer_path(tree, where), str(error))
        return ()


def _check_own(experiment: Experiment, placed: Sequence[Placed], tree: Any, report: Report) -> None:
    """Try what somebody's own parts do, before hours are spent on them."""
    for each in everything(placed):
        if trial.is_own(each.layer) and (words := trial.fault_of_layer(each)):
            report(layer_path(tree, each.where), f"{each.layer.kind}: {words}")
    data, train = experiment.data, experiment.train
    for number, transform in enumerate(data.augment):
        if trial.is_own(transform) and (words := trial.fault_of_transform(transform, data.input_shape)):
            report(("data", "augment", number), f"{transform.kind}: {words}")
    if trial.is_own(train.schedule) and (words := trial.fault_of_schedule(train.schedule, train.epochs)):
        report(("train", "schedule"), f"{train.schedule.kind}: {words}")
    if trial.is_own(train.optimizer) and (words := trial.fault_of_rule(train.optimizer)):
        report(("train", "optimizer"), f"{train.optimizer.kind}: {words}")


def _check_classes(experiment: Experiment, last: Placed, tree: Any, report: Report) -> None:
    data, given = experiment.data, last.out_shape
    classes = len(data.class_names)
    if given != (classes,):
        gives = f"{given[0]}" if len(given) == 1 else "images " + " x ".join(map(str, given))
        there = f"{data.dataset} has {classes} classes" if data.classes == "all" else f"data.classes names {classes}"
        words = f"{there}, but the last layer gives {gives}; end with affine: {classes}"
        report(layer_path(tree, last.where), words)


def _check_whitening(placed: Sequence[Placed], tree: Any, report: Report) -> None:
    """Report whitening of what other layers make of the images, which is not known before training."""
    for each in everything(placed):
        if isinstance(each.layer, Conv) and each.layer.init == "whitening" and each.where != (0,):
            words = "conv: init: whitening is computed from the images, so it is for the first layer only"
            report((*layer_path(tree, each.where), _kind(tree, each.where), "init"), words)


def _check_init_options(placed: Sequence[Placed], tree: Any, report: Report) -> None:
    """Report options that the chosen init ignores: weight_scale without init: normal."""
    for each in everything(placed):
        if not isinstance(each.layer, Conv | Affine):
            continue
        for option, init in INIT_OPTIONS.items():
            default = getattr(type(each.layer), option, None)
            if getattr(each.layer, option, None) != default and each.layer.init != init:
                words = (
                    f"{option} is for init: {init}, but init is {each.layer.init}; set init: {init}, or leave it out"
                )
                kind = _kind(tree, each.where)
                report((*layer_path(tree, each.where), kind, option), f"{kind}: {words}", at_key=True)


def _check_names(placed: Sequence[Placed], tree: Any, report: Report) -> None:
    """Report names that "residual1.conv1.w" cannot hold: a dot has its meaning there, the shortcut its name."""
    seen: dict[str, Where] = {}
    for each in everything(placed):
        name = each.layer.name or ""
        if not name.replace("_", "a").replace("-", "a").isalnum() and name:
            report(layer_path(tree, each.where), f"a layer's name has letters, digits, '_' and '-' only, not {name!r}")
        twice = f"two layers are named {each.path!r}; give one of them another name"
        if each.path in seen:
            words = f"the block's shortcut is named {name!r}; take another name" if name == "projection" else twice
            report(layer_path(tree, seen[each.path]), words)
        seen[each.path] = each.where


def _check_memory(experiment: Experiment, placed: Sequence[Placed], tree: Any, report: Report) -> None:
    """Refuse what certainly cannot be held: the estimates leave out all that an engine may do without."""
    there, number = sizes.installed_memory(), np.dtype(experiment.dtype).itemsize
    layers = list(everything(placed))
    here = f"this machine has {sizes.in_words(there)}"
    copies = 2 + len(experiment.train.optimizer.memory)
    weights = [sizes.memory_for_weights(each, number, copies) for each in layers]
    if sum(weights) > there:
        all_of_it, most = sizes.in_words(sum(weights)), sizes.in_words(max(weights))
        words = f"to train the weights takes {all_of_it} of memory, {most} of it for this layer; {here}"
        report(layer_path(tree, layers[weights.index(max(weights))].where), words)
    train = experiment.train
    together = train.step_size if train.shard_statistics == "batch" else train.batch_size
    batch_size = min(together, experiment.data.training_images)
    outputs = [sizes.memory_for_batch(each, number, batch_size) for each in layers]
    if max(outputs) > there:
        words = (
            f"a batch of {batch_size:,} takes {sizes.in_words(max(outputs))} of memory after this layer alone; {here}"
        )
        report(layer_path(tree, layers[outputs.index(max(outputs))].where), words)


def _check_groups(experiment: Experiment, placed: Sequence[Placed], report: Report) -> None:
    """Report patterns that match nothing, which are misspelt, and those that later ones take everything from."""
    groups = experiment.train.groups
    names = parameter_names(placed) if groups else []
    matched = [{name for name in names if fnmatchcase(name, group.match)} for group in groups]
    for index, own in enumerate(matched):
        path, match = ("train", "groups", index, "match"), groups[index].match
        if not own:
            report(path, f"{match!r} matches no parameter; {_cure(match, names)}")
        elif own <= set().union(*matched[index + 1 :]):
            report(path, f"{match!r} changes nothing: the last group that matches counts; put it behind the others")


def _check_frozen(experiment: Experiment, placed: Sequence[Placed], report: Report) -> None:
    """Report groups that freeze all there is to learn, from the first step on."""
    train, names = experiment.train, parameter_names(placed) if experiment.train.groups else []
    last = {name: group for group in train.groups for name in names if fnmatchcase(name, group.match)}
    if names and all(name in last and last[name].frozen_from(train.epochs) <= 0 for name in names):
        words = "every parameter is frozen, so that nothing would be learnt"
        report(("train", "groups"), f"{words}; leave those of one layer out, such as the last one's")


def _cure(pattern: str, names: Sequence[str]) -> str:
    near = _meant(pattern, names)
    listed = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
    return f"did you mean {near!r}?" if near else f"they are named {listed}"


def _check_filters(experiment: Experiment, placed: Sequence[Placed], report: Report) -> None:
    """Report a rule for whole filters (muon) without any: its learning rate is far too much for anything else."""
    layers, rule = [each.layer for each in everything(placed)], experiment.train.optimizer
    if rule.whole_filters and not any(isinstance(layer, Conv) for layer in layers):
        words = f"{rule.kind} is a rule for filters, and this network has none; use sgd_nesterov_momentum or adam"
        report(("train", "optimizer"), words)


def _at_sizes(experiment: Experiment, placed: Sequence[Placed], tree: Any, report: Report) -> list[tuple[Placed, ...]]:
    """Place the layers at every size that they are trained at; report those that they, or the data, do not allow."""
    resolution, full, found = experiment.train.resolution, experiment.data.input_shape[1], []
    if resolution is None:
        return []
    written = tree["train"]["resolution"][resolution.kind]
    path: Path = ("train", "resolution", resolution.kind, *(["stages"] if isinstance(written, dict) else []))
    last = len(resolution.sizes) - 1
    for index, size in enumerate(resolution.sizes):
        if size > full or (index == last and size != full):
            words = f"the images' own size, which scores are taken at, is {full}: "
            words += f"the last stage has it, not {size}" if index == last else f"{size} would enlarge them"
            report((*path, index, 1), f"{resolution.kind}: {words}")
            continue
        try:
            found.append(placed_at(at_height(experiment.data.input_shape, size), placed))
        except ConfigError as error:
            height, width = at_height(experiment.data.input_shape, size)[1:]
            where = f"train.resolution has images of {height} x {width}"
            report(layer_path(tree, error.where or ()), f"{error} ({where})")
            break
    return found


def _check_lone_examples(
    experiment: Experiment, at_sizes: Sequence[Sequence[Placed]], tree: Any, report: Report
) -> None:
    """Report the first batch norm, of those that have the same cause, to which an example comes alone."""
    told = set()
    layers = (each for placed in at_sizes for each in everything(placed))
    for each, option, words in lone_examples(experiment.train, images_to_learn_from(experiment), layers):
        in_layer = option == "ghost_batch_size"
        if in_layer or option not in told:
            path = (*layer_path(tree, each.where), _kind(tree, each.where), option) if in_layer else ("train", option)
            report(path, words)
        told.add(option)


def _meant(pattern: str, names: Sequence[str]) -> str | None:
    """Find the pattern that a misspelt one most likely stands for."""
    parts = [name.rpartition(".") for name in names]
    choices = [*(f"{layer}.*" for layer, _, _ in parts), *(f"*.{own}" for _, _, own in parts), *names]
    holding = [choice for choice in choices if pattern.strip("*") and pattern.strip("*") in choice]
    return holding[0] if holding else nearest(pattern, choices)


def parameter_names(placed: Sequence[Placed]) -> list[str]:
    """List the names of all parameters, as in a network; no weights are drawn for it."""
    names = []
    for each in everything(placed):
        layer = replace(each.layer, init="zeros") if isinstance(each.layer, Affine | Conv) else each.layer
        params = layer.initial_params(each.in_shape, lambda _: np.random.default_rng(0))
        names += [f"{each.path}.{name}" for name in params]
    return names


def layer_path(tree: Any, where: Where) -> Path:
    """Return the path of the layer at `where`: (3, 1) is model.layers[3].residual[1], or ...residual.layers[1]."""
    return _enter(tree, where)[0]


def _kind(tree: Any, where: Where) -> str:
    """Return what stands before the options of the layer there."""
    return next(iter(_enter(tree, where)[1]))


def _enter(tree: Any, where: Where) -> tuple[Path, Any]:
    """Return the path of a layer, or of a block's branch, and what is written there."""
    path: Path = ("model", "layers")
    node = tree["model"]["layers"]
    for depth, part in enumerate(where):
        if depth and isinstance(where[depth - 1], int):
            kind = next(iter(node))
            path, node = (*path, kind), node[kind]
            if isinstance(node, dict) and isinstance(part, int):
                path, node = (*path, LAYERS[kind].nested[0]), node[LAYERS[kind].nested[0]]
        path, node = (*path, part), node[part]
    return path, node
