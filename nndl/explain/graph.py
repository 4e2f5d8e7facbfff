"""The computational graph of an explanation: what is made of what, laid out in layers, drawn as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nndl.explain.notation.plain import symbol
from nndl.explain.record import Explanation
from nndl.report.escape import escape

WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 112, 52, 150, 78, 12
SWEEPS = 8
"""Rounds in which the order within the layers is improved."""


@dataclass
class Node:
    """A value, or a bend of a line that passes a layer by."""

    name: str
    layer: int
    row: float = 0.0
    is_bend: bool = False
    after: list["Node"] = field(default_factory=list)
    before: list["Node"] = field(default_factory=list)

    @property
    def x(self) -> float:
        """Its left edge."""
        return MARGIN + self.layer * ACROSS

    @property
    def y(self) -> float:
        """Its middle."""
        return MARGIN + HEIGHT / 2 + self.row * DOWN


def edges_of(explanation: Explanation) -> list[tuple[str, str]]:
    """Return (value, value made of it) for each step forward; of a name with several steps the first counts."""
    names = [each.name for each in explanation.given if each.name != "dout"]
    found: list[tuple[str, str]] = []
    for step in explanation.forward:
        if step.name not in names:
            names.append(step.name)
            found += [(name, step.name) for name in step.parsed.used if name in names and name != step.name]
    return found


def layers_of(edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each value: behind all it is made of; what is given stands right before its first use."""
    layer = {name: 0 for edge in edges for name in edge}
    for _ in layer:
        for start, end in edges:
            layer[end] = max(layer[end], layer[start] + 1)
    made = {end for _, end in edges}
    for name in layer:
        if name not in made:
            layer[name] = min(layer[end] for start, end in edges if start == name) - 1
    return layer


def laid_out(edges: Sequence[tuple[str, str]]) -> list[Node]:
    """Return the nodes with their places; long lines have a bend in each layer between."""
    nodes = {name: Node(name, layer) for name, layer in layers_of(edges).items()}
    every = list(nodes.values())
    for start, end in edges:
        last = nodes[start]
        for layer in range(last.layer + 1, nodes[end].layer):
            bend = Node(f"{start} to {end}", layer, is_bend=True)
            every.append(bend)
            _join(last, bend)
            last = bend
        _join(last, nodes[end])
    _order(every)
    return every


def _join(start: Node, end: Node) -> None:
    start.after.append(end)
    end.before.append(start)


def _order(nodes: list[Node]) -> None:
    """Give rows: those of a layer in the order of the middles of their neighbours, which leaves few crossings."""
    by_layer = [[node for node in nodes if node.layer == layer] for layer in range(1 + max(n.layer for n in nodes))]
    most = max(map(len, by_layer))
    for layer in by_layer:
        _spread(layer, most)
    for sweep in range(SWEEPS):
        for layer in by_layer if sweep % 2 == 0 else reversed(by_layer):
            layer.sort(key=lambda node: _middle(node.before if sweep % 2 == 0 else node.after, node.row))
            _spread(layer, most)


def _spread(layer: list[Node], most: int) -> None:
    for row, node in enumerate(layer):
        node.row = row + (most - len(layer)) / 2


def _middle(neighbours: Sequence[Node], otherwise: float) -> float:
    return sum(node.row for node in neighbours) / len(neighbours) if neighbours else otherwise


def graph(explanation: Explanation) -> str:
    """Return the graph as SVG with a title and a description; empty where nothing is made of anything."""
    edges = edges_of(explanation)
    if not edges:
        return ""
    nodes = laid_out(edges)
    back = {step.name for step in explanation.backward} | {each.name for each in explanation.given}
    lines = [_line(start, end, back) for start in nodes for end in start.after]
    boxes = [_box(node, explanation, back) for node in nodes if not node.is_bend]
    width = 2 * MARGIN + ACROSS * max(node.layer for node in nodes) + WIDTH
    height = 2 * MARGIN + DOWN * max(node.row for node in nodes) + HEIGHT
    said = "; ".join(f"{end} is made of {', '.join(s for s, e in edges if e == end)}" for end in _ends(edges))
    return (
        f'<svg class=graph viewBox="0 0 {width:g} {height:g}" style="width:{width:g}px" role="img">'
        f"<title>Computational graph of {escape(explanation.name)}</title><desc>{escape(said)}</desc>"
        f"{_heads()}{''.join(lines)}{''.join(boxes)}</svg>"
    )


def _ends(edges: Sequence[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(end for _, end in edges))


def _heads() -> str:
    """Return the tips of the arrows."""
    return (
        "<defs>"
        + "".join(
            f'<marker id="{kind}" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
            f'<path class="tip {kind}" d="M0,0 8,4 0,8z"/></marker>'
            for kind in ("on", "back")
        )
        + "</defs>"
    )


def _line(start: Node, end: Node, back: set[str]) -> str:
    """Return the line from a node to the next, and beside it the way of the gradient, where it is told."""
    from_x = start.x + (WIDTH / 2 if start.is_bend else WIDTH)
    to_x = end.x + (WIDTH / 2 if end.is_bend else 0)
    bend = (to_x - from_x) / 2

    def curve(down: float, kind: str) -> str:
        y, to_y = start.y + down, end.y + down
        ahead, turned = f"{from_x:g},{y:g}", f"{to_x:g},{to_y:g}"
        middle, other = f"{from_x + bend:g},{y:g}", f"{to_x - bend:g},{to_y:g}"
        if kind == "back":
            ahead, turned, middle, other = turned, ahead, other, middle
        tip = not (end.is_bend if kind == "on" else start.is_bend)
        marker = f' marker-end="url(#{kind})"' if tip else ""
        return f'<path class="edge {kind}" d="M{ahead} C{middle} {other} {turned}"{marker}/>'

    origin = start.name.partition(" to ")[0]
    return curve(-5, "on") + (curve(6, "back") if f"d{origin}" in back else "")


def _box(node: Node, explanation: Explanation, back: set[str]) -> str:
    shown, middle = symbol(node.name), node.x + WIDTH / 2
    under = node.name if shown != node.name else ""
    gradient = f"d{shown}" if f"d{node.name}" in back else ""
    words = "  ".join(filter(None, (under, gradient)))
    kind = "given" if node.name in [each.name for each in explanation.given] else "made"
    height = node.y - 1 if words else node.y + 5
    small = f'<text class=small x="{middle:g}" y="{node.y + 16:g}">{escape(words)}</text>' if words else ""
    return (
        f'<rect class="{kind}" x="{node.x:g}" y="{node.y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text class=symbol x="{middle:g}" y="{height:g}">{escape(shown)}</text>{small}'
    )
