"""The PyTorch module of a network, as source that can be read and run without nndl."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nndl.data.normalize import Normalize
from nndl.errors import ExportError
from nndl.export.own import pytorch_line
from nndl.export.torch_names import attribute
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
from nndl.net.catalog.block import Block
from nndl.net.catalog.branching import Branching, Concat
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, Flatten, Scale, StochasticDepth
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import Placed, everything
from nndl.net.window import one_of


@dataclass(frozen=True)
class Line:
    """A layer in source: what it is made as, None where it holds nothing, and what is done with x (`me` is itself)."""

    made: str | None
    done: str = "{me}({x})"


def _conv(layer: Conv, placed: Placed) -> Line:
    words = [str(placed.in_shape[0]), str(layer.filters), str(layer.kernel)]
    groups, usual = layer.groups_of(placed.in_shape[0]), {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    given = {"stride": layer.stride, "padding": one_of(layer.window.pad), "dilation": layer.dilation, "groups": groups}
    words += [f"{name}={value}" for name, value in given.items() if value != usual[name]]
    words += ["bias=False"] if not layer.bias else []
    return Line(f"nn.Conv2d({', '.join(words)})")


def _affine(layer: Affine, placed: Placed) -> Line:
    features = 1
    for size in placed.in_shape:
        features *= size
    bias = "" if layer.bias else ", bias=False"
    taken = "{x}" if len(placed.in_shape) == 1 else "{x}.flatten(1)"
    return Line(f"nn.Linear({features}, {layer.out_features}{bias})", f"{{me}}({taken})")


def _batch_norm(module: str) -> Callable[[Any, Placed], Line]:
    def line(layer: SpatialBn | Bn, placed: Placed) -> Line:
        return Line(f"nn.{module}({placed.in_shape[0]}, eps={layer.eps!r}, momentum={round(1 - layer.momentum, 12)!r})")

    return line


def _pool(function: str, padded: str) -> Callable[[Any, Placed], Line]:
    """Write a pool; `padded` is what PyTorch needs to be told besides where there is padding."""

    def line(layer: MaxPool | AvgPool, _: Placed) -> Line:
        stride = layer.size if layer.stride is None else layer.stride
        padding = padded.format(layer.pad) if layer.pad else ""
        return Line(None, f"F.{function}({{x}}, {layer.size}, {stride}{padding})")

    return line


def _stochastic_depth(layer: StochasticDepth, placed: Placed) -> Line:
    ones = "{x}.new_ones(len({x})" + ", 1" * len(placed.in_shape) + ")"
    return Line(None, f"{{x}} * F.dropout({ones}, {round(1 - layer.p, 12)!r}, self.training)")


def _squeeze_excite(layer: SqueezeExcite, placed: Placed) -> Line:
    channels = placed.in_shape[0]
    gate = ", F.hardsigmoid" if layer.gate == "hard_sigmoid" else ""
    return Line(f"SqueezeExcite({channels}, {channels // layer.ratio}{gate})")


LINES: dict[type[Layer], Callable[[Any, Placed], Line]] = {
    Conv: _conv,
    Affine: _affine,
    SpatialBn: _batch_norm("BatchNorm2d"),
    Bn: _batch_norm("BatchNorm1d"),
    GroupNorm: lambda layer, placed: Line(f"nn.GroupNorm({layer.groups}, {placed.in_shape[0]}, eps={layer.eps!r})"),
    LayerNorm: lambda layer, placed: Line(f"nn.LayerNorm({placed.in_shape[0]}, eps={layer.eps!r})"),
    Relu: lambda *_: Line(None, "F.relu({x})"),
    LeakyRelu: lambda layer, _: Line(None, f"F.leaky_relu({{x}}, {layer.negative_slope!r})"),
    Gelu: lambda *_: Line(None, 'F.gelu({x}, approximate="tanh")'),
    Silu: lambda *_: Line(None, "F.silu({x})"),
    Sigmoid: lambda *_: Line(None, "{x}.sigmoid()"),
    Tanh: lambda *_: Line(None, "{x}.tanh()"),
    Elu: lambda layer, _: Line(None, f"F.elu({{x}}, {layer.alpha!r})"),
    Relu6: lambda *_: Line(None, "F.relu6({x})"),
    HardSigmoid: lambda *_: Line(None, "F.hardsigmoid({x})"),
    HardSwish: lambda *_: Line(None, "F.hardswish({x})"),
    MaxPool: _pool("max_pool2d", ", {}"),
    AvgPool: _pool("avg_pool2d", ", {}, count_include_pad=False"),
    Prelu: lambda _, placed: Line(f"nn.PReLU({placed.in_shape[0]})"),
    GlobalMaxPool: lambda *_: Line(None, "{x}.amax((2, 3))"),
    GlobalAvgPool: lambda *_: Line(None, "{x}.mean((2, 3))"),
    Dropout: lambda layer, _: Line(f"nn.Dropout({round(1 - layer.p, 12)!r})"),
    StochasticDepth: _stochastic_depth,
    Flatten: lambda *_: Line(None, "{x}.flatten(1)"),
    Scale: lambda layer, _: Line(None, f"{{x}} * {layer.factor!r}"),
    SqueezeExcite: _squeeze_excite,
}
"""Every layer of the catalog that PyTorch has; a block is a class of its own."""


def source(network: Network, normalize: Normalize | None = None, about: str = "", classes: Sequence[str] = ()) -> str:
    """Return the module `Network` as a Python file. Raises ExportError, naming a layer that PyTorch does not have."""
    squeezes = any(isinstance(placed.layer, SqueezeExcite) for placed in everything(network.placed))
    blocks = [_SQUEEZE_EXCITE] if squeezes else []
    network_class = _network(network.placed, normalize, blocks)
    opening = f'"""{_quotable(about)}"""\n\n' if about else ""
    known = f"CLASSES = {tuple(classes)!r}\n\n\n" if classes else "\n"
    imports = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n"
    return opening + imports + known + "\n\n".join([*blocks, network_class]) + _LOADING


def _quotable(text: str) -> str:
    """Return words that can stand between triple quotes: a config may be called anything."""
    return text.replace("\\", "/").replace('"', "'")


_SQUEEZE_EXCITE = '''class SqueezeExcite(nn.Module):
    """x times a gate for each channel, computed from the means of all."""

    def __init__(self, channels: int, squeezed: int, gate=torch.sigmoid) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)
        self.gate = gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gates = self.gate(self.fc2(F.relu(self.fc1(x.mean((2, 3))))))
        return x * gates[:, :, None, None]
'''

_LOADING = '''

def load(path: str) -> Network:
    """The network with the weights of a safetensors file, for evaluation."""
    from safetensors.torch import load_file

    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
'''


def _network(placed: Sequence[Placed], normalize: Normalize | None, blocks: list[str]) -> str:
    made, done = _body(placed, "x", blocks)
    if normalize is None:
        return _class("Network", "", made, ["x"], [*done, "return x"])
    shape = placed[0].in_shape
    shapes = [(shape[0], 1, 1) if array.ndim == 1 else array.shape for array in (normalize.mean, normalize.std)]
    buffers = [f'self.register_buffer("{n}", torch.zeros{s})' for n, s in zip(("mean", "std"), shapes, strict=True)]
    images = f"float (N, {', '.join(map(str, shape))}), {'grey' if shape[0] == 1 else 'RGB'}, 0 to 1"
    words = f"images: {images}, as torchvision's ToTensor gives them; out: scores (N, classes)."
    first = "x = (images - self.mean) / self.std"
    return _class("Network", words, [*buffers, *made], ["images"], [first, *done, "return x"])


def _block(placed: Placed, blocks: list[str]) -> str:
    """Append the class of a block; return its name."""
    made, words, done = (_residual if isinstance(placed.layer, Residual) else _branching)(placed, blocks)
    names = [line.partition(" = ")[0] for line in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ExportError(f"{placed.path}: two of its parts would both be {twice}; rename one")
    name = _class_name("Block", placed.path)
    blocks.append(_class(name, words, made, ["x"], done))
    return name


def _residual(placed: Placed, blocks: list[str]) -> tuple[list[str], str, list[str]]:
    """Return the lines that make the parts of a residual block, what it does in words, and the lines that do it."""
    layers, shortcut = placed.branches
    made, done = _body(layers, "out", blocks)
    ways, way = _body(shortcut, "x", blocks)
    assert isinstance(placed.layer, Residual)
    if placed.layer.shortcut:
        line, call = _row(f"{placed.path}.shortcut", shortcut, blocks)
        ways, way = [line], [f"x = {call}"]
    return [*made, *ways], "out = layers(x) + x.", ["out = x", *done, *way, "return out + x"]


def _branching(placed: Placed, blocks: list[str]) -> tuple[list[str], str, list[str]]:
    """Return the same of a sum or a concatenation of named branches."""
    assert isinstance(placed.layer, Branching)
    made, given = [], []
    for row, layers in zip(placed.layer.branches_of(), placed.branches, strict=True):
        line, call = _row(f"{placed.path}.{row.name}", layers, blocks) if layers else ("", "x")
        made += [line] if layers else []
        given.append(call)
    if isinstance(placed.layer, Concat):
        return made, "Branches of x, channels behind channels.", [f"return torch.cat([{', '.join(given)}], 1)"]
    return made, "The sum of branches of x.", [f"return {' + '.join(given)}"]


def _class_name(kind: str, path: str) -> str:
    return f"{kind}_" + "_".join(attribute(part) for part in path.split("."))


def _row(path: str, layers: Sequence[Placed], blocks: list[str]) -> tuple[str, str]:
    """Append the class of a branch with a name of its own; return the line that makes it, and its call."""
    made, done = _body(layers, "x", blocks)
    name, here = _class_name("Branch", path), attribute(path.rpartition(".")[2])
    blocks.append(_class(name, "A branch of a block.", made, ["x"], [*done, "return x"]))
    return f"self.{here} = {name}()", f"self.{here}(x)"


def _body(placed: Sequence[Placed], x: str, blocks: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines that make the layers, and those that apply them to `x`."""
    made, done, seen = [], [], dict[str, str]()
    for each in placed:
        name = attribute(each.path.rpartition(".")[2])
        line = Line(f"{_block(each, blocks)}()") if isinstance(each.layer, Block) else _line(each)
        if line.made is not None:
            if name in seen:
                raise ExportError(f"{seen[name]} and {each.path} would both be {name}; rename a layer")
            seen[name] = each.path
            made.append(f"self.{name} = {line.made}")
        done.append(f"{x} = {line.done.format(me=f'self.{name}', x=x)}")
    return made, done


def _line(placed: Placed) -> Line:
    described = LINES.get(type(placed.layer))
    if described is None and hasattr(placed.layer, "pytorch"):
        return Line(None, pytorch_line(placed))
    if described is None:
        raise ExportError(f"{placed.path}: a PyTorch module for {placed.layer.kind} is not known; --to npz takes any")
    return described(placed.layer, placed)


def _class(name: str, words: str, made: Sequence[str], arguments: Sequence[str], lines: Sequence[str]) -> str:
    given = ", ".join(f"{argument}: torch.Tensor" for argument in arguments)
    text = f"class {name}(nn.Module):\n"
    text += f'    """{words}"""\n\n' if words else ""
    text += "    def __init__(self) -> None:\n        super().__init__()\n"
    text += "".join(f"        {line}\n" for line in made)
    text += f"\n    def forward(self, {given}) -> torch.Tensor:\n"
    return text + "".join(f"        {line}\n" for line in lines)
