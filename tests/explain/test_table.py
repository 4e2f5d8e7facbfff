"""Everything that a config or a course can name is explained, and found under all its names."""

import inspect
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from nndl import activations, conv2d_layers, conv_layer_utils, conv_layers, layer_utils, layers, optim, squeeze_excite
from nndl.engines.reference import REFERENCE
from nndl.errors import UsageError
from nndl.explain.record import Explanation
from nndl.explain.source import lines_of
from nndl.explain.table import EXPLANATIONS, find, known, names_of
from nndl.explain.worked import example, run
from nndl.net.catalog import LAYERS
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.branching import Concat, Sum
from nndl.net.catalog.residual import Residual
from nndl.net.losses import LOSSES
from nndl.net.network import Network
from nndl.train.optimizers import OPTIMIZERS

IN_CONFIGS = [*LAYERS, *LOSSES, *OPTIMIZERS]


@pytest.mark.parametrize("name", IN_CONFIGS)
def test_what_a_config_can_name_is_explained(name: str) -> None:
    """A new layer, loss or rule fails here until it has an explanation."""
    assert name in EXPLANATIONS, f"write an explanation of {name} in nndl/explain and add it to its table"


def test_nothing_else_is_but_other_forms_and_layers_in_a_row() -> None:
    forms = {each.name for each in EXPLANATIONS.values() if each.form_of in IN_CONFIGS}
    shaped = {"grouped_conv", "padded_max_pool", "padded_avg_pool", "hard_squeeze_excite"}
    assert forms == {*shaped, "weighted_softmax", "weighted_svm"}
    assert set(EXPLANATIONS) == {*IN_CONFIGS, *forms, "affine_relu"}


@pytest.mark.parametrize("module", [layer_utils, conv_layer_utils])
def test_every_composed_layer_of_the_courses_leads_to_them(module: ModuleType) -> None:
    names = [name for name in vars(module) if name.endswith(("_relu_forward", "_relu_backward", "_pool_forward"))]
    own = [name for name in names if not name.startswith("relu")]
    assert own
    assert {find(name).name for name in own} == {"affine_relu"}


def definitions() -> list[str]:
    """Return every function of the courses' layers, losses and rules."""
    found = []
    for module in (layers, activations, conv_layers, conv2d_layers, squeeze_excite, optim):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and (module is optim or name.endswith(("_forward", "_backward", "_naive", "_alt", "_loss"))):
                found.append(name)
    return found


@pytest.mark.parametrize("function", [name for name in definitions() if name != "orthogonalised"])
def test_every_function_of_the_courses_finds_an_explanation_that_shows_it(function: str) -> None:
    explanation = known(function)
    assert explanation is not None
    assert function in [each.__name__ for each in explanation.functions]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("batchnorm", "bn"),
        ("spatial_batchnorm", "spatial_bn"),
        ("SpatialBN", "spatial_bn"),
        ("conv", "conv"),
        ("Conv2d", "conv"),
        ("conv_forward_fast", "conv"),
        ("conv2d_backward", "grouped_conv"),
        ("depthwise", "grouped_conv"),
        ("layernorm", "layer_norm"),
        ("spatial_groupnorm", "group_norm"),
        ("max-pool", "max_pool"),
        ("softmax_loss", "softmax"),
        ("hinge", "svm"),
        ("momentum", "sgd_momentum"),
        ("nesterov", "sgd_nesterov_momentum"),
    ],
)
def test_other_names(word: str, name: str) -> None:
    assert find(word).name == name


def test_no_name_leads_two_ways() -> None:
    owners: dict[str, set[str]] = {}
    for each in EXPLANATIONS.values():
        for name in names_of(each):
            owners.setdefault(name, set()).add(each.name)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


@pytest.mark.parametrize(("word", "hint"), [("spatial_bm", "did you mean spatial_bn?"), ("zzz", "nndl explain lists")])
def test_unknown_names(word: str, hint: str) -> None:
    with pytest.raises(UsageError, match="nothing called") as error:
        find(word)
    assert hint in str(error.value)


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_each_is_whole(explanation: Explanation) -> None:
    assert explanation.summary.endswith(".")
    assert all(step.why.endswith(".") for step in explanation.steps)
    assert explanation.sources
    assert all(source.url.startswith(("https://", "http://")) for source in explanation.sources)
    assert explanation.backward or explanation.name in OPTIMIZERS
    assert len(explanation.tests) >= 2


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_source_lines_are_those_of_the_file(explanation: Explanation) -> None:
    for function in explanation.functions:
        lines = lines_of(function)
        text = Path(inspect.getfile(function)).read_text(encoding="utf-8").splitlines()
        assert tuple(text[lines.first - 1 : lines.first - 1 + len(lines.lines)]) == lines.lines
        assert function.__name__ in " ".join(lines.lines[:3])


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "muon"])
def test_a_rule_over_several_steps_from_nothing(name: str) -> None:
    """The steps, each with the memory of the one before it, take the way of nndl.optim."""
    explanation, random = EXPLANATIONS[name], np.random.default_rng(0)
    values = {each.name: np.zeros(4) for each in explanation.given} | explanation.constants | {"w": np.ones(4)}
    w, config = np.ones(4), {key: value for key, value in explanation.constants.items() if key != "t"}
    for t in range(1, 6):
        values |= {"dw": random.standard_normal(4), "t": t}
        found = run(explanation.forward, values)
        w, config = getattr(optim, name)(w, values["dw"], config)
        assert np.allclose(found["next_w"], w, rtol=0, atol=1e-12)
        values |= {key: found[key.removesuffix("_old")] for key in values if key.endswith("_old")}
        values["w"] = found["next_w"]


@pytest.mark.parametrize("kind", [Sum, Concat])
def test_branches_are_those_of_a_network(kind: type[Sum | Concat]) -> None:
    found = example(EXPLANATIONS[kind.kind])
    x, w, dout = (found.values[name] for name in ("x", "w", "dout"))
    a = (Affine(out_features=w.shape[1], bias=False),)
    branches = (("a", a), ("b", (Relu(),)), ("c", ())) if kind is Sum else (("x", ()), ("a", a))
    network = Network([kind(branches=branches)], (2,), REFERENCE, dtype="float64")
    network.params[f"{kind.kind}1.a.affine1.w"] = w
    chain = network._planner("train").chain(network.placed, "flat", needs_dx=True)
    assert np.allclose(chain.forward(x), found.own["out"], rtol=0, atol=1e-12)
    assert np.allclose(chain.backward(dout), found.own["dx"], rtol=0, atol=1e-12)
    assert np.allclose(network.grads[f"{kind.kind}1.a.affine1.w"], found.own["dw"], rtol=0, atol=1e-12)


def test_the_residual_block_is_that_of_a_network() -> None:
    found = example(EXPLANATIONS["residual"])
    x, dout = found.values["x"], found.values["dout"]
    network = Network([Residual(layers=(Affine(out_features=2), Relu()))], (2,), REFERENCE, dtype="float64")
    for name in ("w", "b"):
        network.params[f"residual1.affine1.{name}"] = found.values[name]
    (planned,) = network.describe()
    assert np.allclose(planned.step.forward(x), found.own["out"], rtol=0, atol=1e-12)
    planned.step.backward(dout)
    for name in ("w", "b"):
        assert np.allclose(network.grads[f"residual1.affine1.{name}"], found.own[f"d{name}"], rtol=0, atol=1e-12)
