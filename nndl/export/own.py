"""The words of a layer of one's own on PyTorch and ONNX, looked at before they are written into a file."""

import ast
import builtins
import inspect
from collections.abc import Collection, Sequence
from string import Formatter
from typing import Any, Protocol

from nndl.errors import ExportError
from nndl.net.shapes import Placed, everything
from nndl.net.types import Array
from nndl.visible import visible

IMPORTED = ("torch", "nn", "F")
"""The names that the module imports."""
X = "{x}"


class Nodes(Protocol):
    """The part of a `nndl.export.onnx.Graph` that is looked at."""

    nodes: list[Any]
    constants: dict[str, Array]

    def fault(self, node: Any) -> str | None: ...


def pytorch_line(placed: Placed) -> str:
    """Return the expression of {x} that a layer's pytorch() gives; raises ExportError, with its line, for none."""
    method = placed.layer.pytorch  # type: ignore[attr-defined]  # asked for by who has one
    text = _called(placed, "pytorch")
    where = f"{_place(method)}: pytorch() of {placed.path}"
    wanted = "it gives an expression of {x}, such as 'torch.relu({x})'"
    if not isinstance(text, str):
        raise ExportError(f"{where} gives {type(text).__name__}; {wanted}")
    try:
        fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
    except ValueError as error:
        raise ExportError(f"{where} gives {visible(text)!r}: {error}; {wanted}, and a brace is written twice") from None
    if strange := next((field for field in fields if field != "x"), None):
        raise ExportError(f"{where} gives {visible(text)!r}, and {{{visible(strange)}}} stands for nothing; {wanted}")
    if "x" not in fields or "" in fields:
        raise ExportError(f"{where} gives {visible(text)!r}, without {X}; {wanted}")
    if words := _wrong(text.format(x="x")):
        raise ExportError(f"{where} gives {visible(text)!r}: {words}; {wanted}")
    return text


def said_by_layers(placed: Sequence[Placed], name: str) -> list[str]:
    """Return the places where layers of one's own have the method: "my_layers.py:33: pytorch() of swish1"."""
    own = [each for each in everything(placed) if hasattr(each.layer, name)]
    return [f"{_place(getattr(each.layer, name))}: {name}() of {each.path}" for each in own]


def _wrong(text: str) -> str | None:
    """Say why a line of source is no expression of x, torch, nn and F; None where it is one."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        return str(getattr(error, "msg", None) or error)
    if "\n" in text:
        return "it is more than one line"
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    known = {"x", "self", *IMPORTED, *bound, *vars(builtins)}
    strange = next((node.id for node in names if node.id not in known), None)
    return f"nothing there is called {strange}" if strange else None


def onnx_output(graph: Nodes, placed: Placed, x: str) -> str:
    """Append the nodes of a layer's onnx(); returns its output. Raises ExportError, with its line, for wrong ones."""
    before = len(graph.nodes)
    out = _called(placed, "onnx", graph, placed, x)
    where = f"{_place(placed.layer.onnx)}: onnx() of {placed.path}"  # type: ignore[attr-defined]  # as above
    wanted = "it returns the name of its output: return graph.add(...)"
    if not isinstance(out, str):
        raise ExportError(f"{where} gives {type(out).__name__}; {wanted}")
    known = {x, *graph.constants, *(name for node in graph.nodes[:before] for name in node.output)}
    for node in graph.nodes[before:]:
        if words := graph.fault(node) or _wrong_node(node, known):
            raise ExportError(f"{where}: {words}")
        known |= set(node.output)
    if out not in known:
        raise ExportError(f"{where} gives {visible(out)!r}, which is no node's; {wanted}")
    return out


def _wrong_node(node: Any, known: Collection[str]) -> str | None:
    """Say what an operator takes or gives that it cannot; None where there is nothing."""
    if strange := next((name for name in node.input if name and name not in known), None):
        return f"{node.op_type} takes {visible(strange)!r}, which nothing gives; its inputs are a list, such as [x]"
    if twice := next((name for name in node.output if name in known), None):
        return f"two nodes give {visible(twice)!r}; begin their names with placed.path"
    return None


def _called(placed: Placed, name: str, *arguments: Any) -> Any:
    """Call a layer's method; raises ExportError where it is none, or takes other arguments. Its own errors pass."""
    method = getattr(placed.layer, name)
    if not callable(method):
        raise ExportError(f"{placed.path}: {name} of {placed.layer.kind} is {type(method).__name__}, not a method")
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError as error:
        given = ", ".join(("self", "graph", "placed", "x")[: len(arguments) + 1])
        raise ExportError(f"{_place(method)}: {name} of {placed.layer.kind} is {name}({given}): {error}") from None
    return method(*arguments)


def _place(method: Any) -> str:
    """Return the file and the line where a method begins."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    return f"{visible(code.co_filename)}:{code.co_firstlineno}" if code else getattr(method, "__qualname__", "a layer")
