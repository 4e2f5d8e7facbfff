"""The ONNX graph of a network, normalisation included, in operators of opset 17."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nndl.data.normalize import Normalize
from nndl.errors import ExportError, MissingExtraError
from nndl.export.own import onnx_output
from nndl.export.torch_names import as_planes
from nndl.layers import GELU_CUBIC, GELU_SCALE
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.branching import Concat, Sum
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, Flatten, Scale, StochasticDepth
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import Placed
from nndl.net.types import Array
from nndl.net.window import Window
from nndl.visible import visible

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET, IR_VERSION = 17, 8
"""Of 2022: what runs models has caught up with them."""
INPUT, SCORES, PROBABILITIES = "images", "scores", "probabilities"


class Graph:
    """Nodes and constants gathered layer by layer. Values are float32; "/conv1" is what the layer conv1 gives."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}

    def add(self, operator: str, inputs: Sequence[str], out: str, **attributes: Any) -> str:
        """Append a node; return the name of its output. The / keeps a layer called "scores" from being ours."""
        return self.output(operator, inputs, f"/{out}", **attributes)

    def output(self, operator: str, inputs: Sequence[str], out: str, **attributes: Any) -> str:
        """Append a node that gives `out`."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, list(inputs), [out], name=out, **attributes))
        return out

    def fault(self, node: Any) -> str | None:
        """Say why a node is none of this opset's operators with what they need; None where it is one."""
        from onnx import checker

        context = checker.C.CheckerContext()
        context.ir_version, context.opset_imports = IR_VERSION, {"": OPSET}
        try:
            checker.check_node(node, context)
        except checker.ValidationError as error:
            return visible(" ".join(str(error).partition("==>")[0].split()))
        return None

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant under a name; return the name."""
        self.constants[name] = np.ascontiguousarray(value, dtype)
        return name

    def param(self, placed: Placed, name: str) -> str:
        """Add a parameter or buffer of a layer, ones for a gamma that is not trained; return its name."""
        full = f"{placed.path}.{name}"
        stores = (self.network.params, self.network.buffers)
        value = next((store[full] for store in stores if full in store), None)
        if value is None and name != "gamma":
            raise ExportError(f"{placed.path}: a {placed.layer.kind} has no parameter or buffer {visible(name)!r}")
        return self.constant(full, np.ones(placed.in_shape[0]) if value is None else value)


def _conv(graph: Graph, placed: Placed, x: str) -> str:
    layer = placed.layer
    assert isinstance(layer, Conv)
    weights = [graph.param(placed, name) for name in ("w", "b") if name == "w" or layer.bias]
    groups = layer.groups_of(placed.in_shape[0])
    own = {"pads": layer.window.pad * 2, **({"group": groups} if groups != 1 else {})}
    return graph.add("Conv", [x, *weights], placed.path, **_sides(layer.window), **own)


def _sides(window: Window) -> dict[str, Any]:
    """Return the attributes of what slides over images, those left out that say no more than an operator's defaults."""
    own = {"kernel_shape": window.size, "strides": window.stride}
    return {**own, "dilations": window.dilation} if window.dilation != (1, 1) else own


def _affine(graph: Graph, placed: Placed, x: str) -> str:
    layer = placed.layer
    assert isinstance(layer, Affine)
    if len(placed.in_shape) > 1:
        x = graph.add("Flatten", [x], f"{placed.path}.flat", axis=1)
    weights = [graph.param(placed, name) for name in ("w", "b") if name == "w" or layer.bias]
    return graph.add("Gemm", [x, *weights], placed.path)


def _batch_norm(graph: Graph, placed: Placed, x: str) -> str:
    layer = placed.layer
    assert isinstance(layer, SpatialBn | Bn)
    params = [graph.param(placed, name) for name in ("gamma", "beta", "running_mean", "running_var")]
    return graph.add("BatchNormalization", [x, *params], placed.path, epsilon=layer.eps)


def _layer_norm(graph: Graph, placed: Placed, x: str) -> str:
    layer = placed.layer
    assert isinstance(layer, LayerNorm)
    params = [graph.param(placed, name) for name in ("gamma", "beta")]
    return graph.add("LayerNormalization", [x, *params], placed.path, axis=-1, epsilon=layer.eps)


def _group_norm(graph: Graph, placed: Placed, x: str) -> str:
    """Take each group as one channel of an instance norm, then apply gamma and beta by channel."""
    layer, path = placed.layer, placed.path
    assert isinstance(layer, GroupNorm)
    grouped = graph.constant(f"{path}.grouped", [0, layer.groups, -1], np.int64)
    x = graph.add("Reshape", [x, grouped], f"{path}.groups")
    plain = [graph.constant(f"{path}.{n}", np.full(layer.groups, v)) for n, v in (("ones", 1), ("zeros", 0))]
    x = graph.add("InstanceNormalization", [x, *plain], f"{path}.normed", epsilon=layer.eps)
    shape = graph.constant(f"{path}.shape", [-1, *placed.in_shape], np.int64)
    x = graph.add("Reshape", [x, shape], f"{path}.images")
    gamma, beta = (graph.param(placed, name) for name in ("gamma", "beta"))
    for name in (gamma, beta):
        graph.constants[name] = graph.constants[name][:, None, None]
    return graph.add("Add", [graph.add("Mul", [x, gamma], f"{path}.scaled"), beta], path)


def _gelu(graph: Graph, placed: Placed, x: str) -> str:
    """Compute x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) in operators that opset 17 has."""
    path = placed.path
    cubic, scale, one, half = (
        graph.constant(f"gelu.{name}", value)
        for name, value in (("cubic", GELU_CUBIC), ("scale", GELU_SCALE), ("one", 1.0), ("half", 0.5))
    )
    cube = graph.add("Mul", [graph.add("Mul", [x, x], f"{path}.square"), x], f"{path}.cube")
    bent = graph.add("Add", [x, graph.add("Mul", [cube, cubic], f"{path}.bend")], f"{path}.bent")
    t = graph.add("Tanh", [graph.add("Mul", [bent, scale], f"{path}.u")], f"{path}.t")
    gate = graph.add("Mul", [graph.add("Add", [t, one], f"{path}.gate2"), half], f"{path}.gate")
    return graph.add("Mul", [x, gate], path)


def _silu(graph: Graph, placed: Placed, x: str) -> str:
    return graph.add("Mul", [x, graph.add("Sigmoid", [x], f"{placed.path}.s")], placed.path)


def _leaky_relu(graph: Graph, placed: Placed, x: str) -> str:
    assert isinstance(placed.layer, LeakyRelu)
    return graph.add("LeakyRelu", [x], placed.path, alpha=placed.layer.negative_slope)


def _elu(graph: Graph, placed: Placed, x: str) -> str:
    assert isinstance(placed.layer, Elu)
    return graph.add("Elu", [x], placed.path, alpha=placed.layer.alpha)


def _prelu(graph: Graph, placed: Placed, x: str) -> str:
    slope = graph.param(placed, "a")
    graph.constants[slope] = graph.constants[slope].reshape(-1, *[1] * (len(placed.in_shape) - 1))
    return graph.add("PRelu", [x, slope], placed.path)


def _plain(operator: str, **attributes: float) -> Callable[[Graph, Placed, str], str]:
    return lambda graph, placed, x: graph.add(operator, [x], placed.path, **attributes)


def _relu6(graph: Graph, placed: Placed, x: str) -> str:
    least, most = (graph.constant(f"relu6.{name}", value) for name, value in (("least", 0.0), ("most", 6.0)))
    return graph.add("Clip", [x, least, most], placed.path)


def _pool(operator: str) -> Callable[[Graph, Placed, str], str]:
    def add(graph: Graph, placed: Placed, x: str) -> str:
        layer = placed.layer
        assert isinstance(layer, MaxPool | AvgPool)
        pads = {"pads": layer.window.pad * 2} if layer.pad else {}
        return graph.add(operator, [x], placed.path, **_sides(layer.window), **pads)

    return add


def _global_pool(operator: str) -> Callable[[Graph, Placed, str], str]:
    def add(graph: Graph, placed: Placed, x: str) -> str:
        return graph.add("Flatten", [graph.add(operator, [x], f"{placed.path}.pooled")], placed.path, axis=1)

    return add


def _scale(graph: Graph, placed: Placed, x: str) -> str:
    assert isinstance(placed.layer, Scale)
    return graph.add("Mul", [x, graph.constant(f"{placed.path}.factor", placed.layer.factor)], placed.path)


def _squeeze_excite(graph: Graph, placed: Placed, x: str) -> str:
    layer, path = placed.layer, placed.path
    assert isinstance(layer, SqueezeExcite)
    w1, b1, w2, b2 = (graph.param(placed, name) for name in layer.gradients)
    means = graph.add("Flatten", [graph.add("GlobalAveragePool", [x], f"{path}.pooled")], f"{path}.means", axis=1)
    r = graph.add("Relu", [graph.add("Gemm", [means, w1, b1], f"{path}.a")], f"{path}.r")
    add = OPERATORS[Sigmoid if layer.gate == "sigmoid" else HardSigmoid]
    gates = add(graph, replace(placed, path=f"{path}.flat"), graph.add("Gemm", [r, w2, b2], f"{path}.s"))
    axes = graph.constant("planes.axes", [2, 3], np.int64)
    return graph.add("Mul", [x, graph.add("Unsqueeze", [gates, axes], f"{path}.gates")], path)


def _residual(graph: Graph, placed: Placed, x: str) -> str:
    body, way = (_chain(graph, branch, x) for branch in placed.branches)
    return graph.add("Add", [body, way], placed.path)


def _sum(graph: Graph, placed: Placed, x: str) -> str:
    return graph.add("Sum", [_chain(graph, branch, x) for branch in placed.branches], placed.path)


def _concat(graph: Graph, placed: Placed, x: str) -> str:
    return graph.add("Concat", [_chain(graph, branch, x) for branch in placed.branches], placed.path, axis=1)


OPERATORS: dict[type[Layer], Callable[[Graph, Placed, str], str]] = {
    Conv: _conv,
    Affine: _affine,
    SpatialBn: _batch_norm,
    Bn: _batch_norm,
    GroupNorm: _group_norm,
    LayerNorm: _layer_norm,
    Relu: _plain("Relu"),
    LeakyRelu: _leaky_relu,
    Gelu: _gelu,
    Silu: _silu,
    Sigmoid: _plain("Sigmoid"),
    Tanh: _plain("Tanh"),
    Elu: _elu,
    Relu6: _relu6,
    HardSigmoid: _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    HardSwish: _plain("HardSwish"),
    Prelu: _prelu,
    MaxPool: _pool("MaxPool"),
    AvgPool: _pool("AveragePool"),
    GlobalMaxPool: _global_pool("GlobalMaxPool"),
    GlobalAvgPool: _global_pool("GlobalAveragePool"),
    **dict.fromkeys((Dropout, StochasticDepth), lambda graph, placed, x: x),  # noqa: ARG005  (evaluation does nothing)
    Flatten: lambda graph, placed, x: graph.add("Flatten", [x], placed.path, axis=1),
    Scale: _scale,
    SqueezeExcite: _squeeze_excite,
    Residual: _residual,
    Sum: _sum,
    Concat: _concat,
}


def onnx_model(
    network: Network, normalize: Normalize | None = None, about: Mapping[str, Any] | None = None
) -> "ModelProto":
    """Return the network in evaluation: float32 (N, C, H, W), 0..1 -> scores and probabilities (N, classes).

    Without `normalize` the input is what the network itself takes. `about` becomes the file's metadata. Raises
    ExportError, naming the layer, for one that ONNX has no operators for here.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise MissingExtraError("onnx", "onnx", "exporting to ONNX") from None
    graph = Graph(network)
    x = INPUT if normalize is None else _normalized(graph, normalize)
    graph.output("Identity", [_chain(graph, network.placed, x)], SCORES)
    graph.output("Softmax", [SCORES], PROBABILITIES, axis=1)
    shapes = {INPUT: network.input_shape, **dict.fromkeys((SCORES, PROBABILITIES), network.placed[-1].out_shape)}
    values = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", *s]) for n, s in shapes.items()}
    constants = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    made = helper.make_graph(
        graph.nodes, "network", [values[INPUT]], [values[SCORES], values[PROBABILITIES]], constants
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="nndl")
    model.ir_version = IR_VERSION
    helper.set_model_props(model, {key: json.dumps(value) for key, value in (about or {}).items()})
    return model


def _normalized(graph: Graph, normalize: Normalize) -> str:
    mean = graph.constant("input.mean", as_planes(normalize.mean / 255))
    std = graph.constant("input.std", as_planes(normalize.std / 255))
    return graph.add("Div", [graph.add("Sub", [INPUT, mean], "input.centred"), std], "input.normalized")


def _chain(graph: Graph, placed: Sequence[Placed], x: str) -> str:
    for each in placed:
        add = OPERATORS.get(type(each.layer))
        if add is not None:
            x = add(graph, each, x)
        elif hasattr(each.layer, "onnx"):
            x = onnx_output(graph, each, x)
        else:
            raise ExportError(f"{each.path}: an ONNX operator for {each.layer.kind} is not known; --to npz takes any")
    return x
