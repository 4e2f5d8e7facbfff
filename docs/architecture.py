"""Draw the rooms of nndl and who imports whom, from the import graph: python -m docs.architecture.

The plan (which room stands where) is written down here; the arrows are read from the sources. An arrow is left out
where a longer way leads there too. tests/docs/test_architecture.py holds the picture to the sources.
"""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path
from typing import NamedTuple

from grimp import build_graph

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"


class Room(NamedTuple):
    """A box of the picture: its place (columns may be halves; floor 0 is the ground) and what is done in it."""

    column: float
    floor: int
    does: str


PLAN = {
    "cli": Room(2, 8, "verbs, and what people see"),
    "course": Room(0.7, 7, "classes graded"),
    "explain": Room(2.1, 7, "layers explained"),
    "api": Room(3.5, 7, "the Python interface"),
    "report": Room(2.6, 6, "runs on one HTML page"),
    "courses": Room(0, 5, "names that courses import"),
    "check": Room(0.5, 4, "gradients, contracts"),
    "export": Room(1.5, 4, "networks handed on"),
    "bench": Room(1.5, 6, "measuring"),
    "jobs": Room(3.5, 4, "trainings as wholes"),
    "config": Room(1.5, 3, "YAML to experiment"),
    "runs": Room(2.5, 3, "one run on disk"),
    "engines": Room(0.5, 2, "how fast"),
    "train": Room(2.2, 2, "solver and events"),
    "data": Room(3.4, 2, "images, batches"),
    "net": Room(0.6, 1, "what a network is"),
    "own": Room(2.1, 1, "code that configs use"),
    "layers": Room(0.6, 0, "THE DEFINITIONS"),
    "described": Room(1.6, 0, "what configs can name"),
    "optim": Room(2.6, 0, "update rules"),
    "errors": Room(3.6, 0, "errors, paths, text shown"),
}
SEVERAL_FILES = {
    "api": ("nndl.api", "nndl.parts"),
    "errors": ("nndl.disk", "nndl.errors", "nndl.flags", "nndl.html", "nndl.launched", "nndl.paths", "nndl.visible"),
    "layers": (
        "nndl.layers",
        "nndl.activations",
        "nndl.conv_layers",
        "nndl.conv2d_layers",
        "nndl.squeeze_excite",
        "nndl.stochastic_depth",
    ),
    "courses": (
        *("cs231n", "nndl.layer_utils", "nndl.conv_layer_utils", "nndl.fast_layers", "nndl.im2col", "nndl.layer_tests"),
        *(
            "nndl.fc_net",
            "nndl.cnn",
            "nndl.neural_net",
            "nndl.linear_classifier",
            "nndl.knn",
            "nndl.svm",
            "nndl.softmax",
        ),
    ),
}
NO_ROOMS = ("nndl", "nndl.__main__")  # the version, and the other way to start the command line

WIDTH, HEIGHT, GAP, RISE, MARGIN = 180, 48, 18, 92, 24
STYLE = """
  .ground { fill: #ffffff; } .room { fill: #f1f4fb; stroke: #b6c2dd; } .definitions { fill: #fff3d6; stroke: #d9b457; }
  text { font-family: system-ui, sans-serif; text-anchor: middle; fill: #1d2433; font-size: 12px; }
  .name { font-weight: 600; font-size: 15px; } .arrow { fill: none; stroke: #7583a3; stroke-width: 1.4; }
  .head { fill: #7583a3; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #161a23; } .room { fill: #232a3a; stroke: #47536f; }
    .definitions { fill: #40351b; stroke: #9a7f3c; }
    text { fill: #e4e8f2; } .arrow { stroke: #8b98b8; } .head { fill: #8b98b8; }
  }
"""
HEAD = (
    '<marker id="head" markerWidth="9" markerHeight="8" refX="2" refY="4" orient="auto">'
    '<path class="head" d="M0,0 9,4 0,8z"/></marker>'
)


def room_of(module: str) -> str:
    """Return the room that a module belongs to; of a package of nndl, its name.

    Raises:
        KeyError: if the plan has no such room.
    """
    for room, parts in SEVERAL_FILES.items():
        if module.startswith(tuple(f"{part}." for part in parts)) or module in parts:
            return room
    room = module.split(".")[1]
    if room not in PLAN:
        raise KeyError(f"{module}: docs/architecture.py's PLAN has no room {room!r}; give it a place")
    return room


def imports() -> dict[str, set[str]]:
    """Return the rooms that each room imports, at the top of a file or within a function, but not for types alone."""
    graph = build_graph("nndl", "cs231n", exclude_type_checking_imports=True, cache_dir=None)
    rooms: dict[str, set[str]] = {}
    for module in graph.modules - set(NO_ROOMS):
        known = graph.find_modules_directly_imported_by(module) - set(NO_ROOMS)
        rooms.setdefault(room_of(module), set()).update(map(room_of, known))
    return {room: known - {room} for room, known in rooms.items()}


def arrows(rooms: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return the imports that no longer way implies, sorted: the transitive reduction.

    Raises:
        graphlib.CycleError: if rooms import each other in a circle.
    """
    below: dict[str, set[str]] = {}  # all that a room reaches
    for room in TopologicalSorter(rooms).static_order():
        below[room] = rooms[room].union(*(below[other] for other in rooms[room]))
    return sorted(
        (room, other)
        for room, known in rooms.items()
        for other in known
        if not any(other in below[between] for between in known)
    )


def corner(room: Room) -> tuple[float, float]:
    """Return x and y of a room's upper left corner."""
    top = max(each.floor for each in PLAN.values())
    return MARGIN + room.column * (WIDTH + GAP), MARGIN + (top - room.floor) * RISE


def shapes(drawn: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the elements of the picture: arrows first, so that rooms lie over them."""
    for start, end in drawn:
        (x, y), (to_x, to_y) = corner(PLAN[start]), corner(PLAN[end])
        x, y, to_x, bend = x + WIDTH / 2, y + HEIGHT, to_x + WIDTH / 2, (to_y - y - HEIGHT) / 2
        curve = f"M{x:g},{y:g} C{x:g},{y + bend:g} {to_x:g},{to_y - bend:g} {to_x:g},{to_y - 7:g}"
        yield f'<path class="arrow" d="{curve}" marker-end="url(#head)"><title>{start} imports {end}</title></path>'
    for name, room in PLAN.items():
        x, y = corner(room)
        kind = "definitions" if name == "layers" else "room"
        yield f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        yield f'<text class="name" x="{x + WIDTH / 2:g}" y="{y + 20:g}">{name}</text>'
        yield f'<text x="{x + WIDTH / 2:g}" y="{y + 37:g}">{escape(room.does)}</text>'


def picture() -> str:
    """Return the picture as SVG, in colours that follow the reader's light or dark scheme."""
    width = max(corner(room)[0] for room in PLAN.values()) + WIDTH + MARGIN
    height = max(corner(room)[1] for room in PLAN.values()) + HEIGHT + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        "<title>The rooms of nndl, and which imports which</title>",
        f"<style>{STYLE}</style><defs>{HEAD}</defs>",
        f'<rect class="ground" width="{width:g}" height="{height:g}" rx="10"/>',
        *shapes(arrows(imports())),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8", newline="\n")
    print(f"{PICTURE.relative_to(ROOT)}: {len(PLAN)} rooms")
