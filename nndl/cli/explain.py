"""nndl explain: what a layer computes, why its gradient is what it is, and both with numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import complete_explained
from nndl.cli.options import Data, Json, Set, Synthetic, Use, to_file

if TYPE_CHECKING:
    from nndl.config import Experiment
    from nndl.explain.batch import Followed
    from nndl.explain.worked import Worked
    from nndl.jobs.trained import Run

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="TARGET",
        help="A layer, a loss or an update rule, by its name in a config or a course (a layer of your own with --use); "
        "or a config or a run, for --layer. If not given: a list.",
        autocompletion=complete_explained,
    ),
]
LAYER = typer.Option(
    metavar="LAYER", help="Of a config or a run: a layer, by number or name, or `loss`, with a real batch."
)
Steps = Annotated[int, typer.Option(metavar="N", min=0, help="With --layer: training steps before that batch.")]
Images = Annotated[int, typer.Option(metavar="N", min=2, help="With --layer: images in a batch.")]
Html = Annotated[bool, typer.Option("--html", help="Write a page instead; without TARGET one for each, in a folder.")]
Output = Annotated[Path | None, to_file("With --html: where to.  [default: TARGET.html, or the folder explained]")]


def explain(
    target: Target = None,
    *,
    layer: Annotated[str | None, LAYER] = None,
    steps: Steps = 1,
    images: Images = 16,
    use: Use = None,
    override: Set = None,
    data: Data = None,
    synthetic: Synthetic = False,
    html: Html = False,
    output: Output = None,
    json: Json = False,
) -> None:
    """Explain a layer: its formulas, its gradient step by step, our source, and an example with small numbers.

    Nothing shown is typed in: every formula is evaluated when it is shown, held to our functions and to a numerical
    gradient. With --layer the numbers are those of a training batch in that layer of a config or a run.
    """
    from nndl.config.reading.overrides import SYNTHETIC, settings
    from nndl.errors import UsageError
    from nndl.explain.table import known

    if output and not html:
        raise UsageError("--output goes with --html")
    if target is None or known(target) or not (layer or _is_config(target) or _is_run(target)):
        if layer is not None:
            raise UsageError("--layer goes with a config or a run, as in nndl explain bn_cnn --layer 1")
        _by_name(target, use or [], html, output, json)
        return
    if use:
        raise UsageError(f"--use goes with the name of a layer; {target} says itself what it uses")
    sets = [*(SYNTHETIC if synthetic else ()), *settings(data=data), *(override or [])]
    if layer is not None:
        page = output or (Path(f"{layer}.html") if html else None)
        _with_batch(target, layer, steps, [f"train.batch_size={images}", *sets], page, json)
    elif html:
        raise UsageError(f"which layer? nndl explain {target} lists them; --html goes with --layer")
    else:
        _list_layers(target, _experiment(target, sets)[0], json)


def _is_config(target: str) -> bool:
    """Tell whether a word is a file or a bundled config."""
    from nndl.config.bundled import names
    from nndl.paths import expanded

    return target in names() or expanded(target).is_file() or target.endswith((".yaml", ".yml"))


def _is_run(target: str) -> bool:
    """Tell whether a word is a run, or a folder that may be one."""
    from nndl.paths import expanded
    from nndl.runs.folder import run_names

    return target == "latest" or target in run_names() or expanded(target).is_dir()


def _experiment(target: str, sets: list[str]) -> "tuple[Experiment, Run | None]":
    """Return the experiment of a config; of a run, its own and the run."""
    from nndl.cli.screen.loading import load
    from nndl.config import load_config
    from nndl.jobs.stored import stored_experiment

    if _is_config(target) or not _is_run(target):
        return load_config(target, sets, look=True), None
    run = load(target, best=True)
    return stored_experiment(run.folder, sets), run


def _by_name(target: str | None, use: list[str], html: bool, output: Path | None, json: bool) -> None:
    """Explain what a name means; a layer's that files and installed packages bring comes before other names of ours."""
    from nndl.cli.screen import terminal
    from nndl.cli.screen.explain import show_own
    from nndl.config.own.using import chosen
    from nndl.errors import UsageError
    from nndl.explain.own import about
    from nndl.explain.table import EXPLANATIONS
    from nndl.own.registry import registered, there

    with chosen(use):
        own = target is not None and target not in EXPLANATIONS and target in registered("layer")
        part = there("layer", target or "") if own else None
        if part is None:
            _explained(target, html, output, json)
        elif html:
            raise UsageError(
                f"{target} is of your own: a page of it is made by nndl explain CONFIG --layer LAYER --html"
            )
        elif json:
            terminal.emit_json(about(part))
        else:
            show_own(about(part), " ".join(["", *(f"--use {file}" for file in use)]))


def _explained(target: str | None, html: bool, output: Path | None, json: bool) -> None:
    """List what is explained, or explain one of it, here or on pages."""
    from nndl.config.bundled import names
    from nndl.explain.table import EXPLANATIONS, find
    from nndl.explain.worked import example

    if target is not None:
        worked = example(find(target, [*names(), "latest"]))
        if html:
            _write_one(worked, output or Path(f"{worked.explanation.name}.html"), json)
        else:
            _show(worked, json)
    elif html:
        _write_all([example(each) for each in EXPLANATIONS.values()], output or Path("explained"), json)
    else:
        _list(json)


def _list(json: bool) -> None:
    from nndl.cli.screen import terminal
    from nndl.explain.data import summary_of
    from nndl.explain.table import EXPLANATIONS

    rows = [summary_of(each) for each in EXPLANATIONS.values()]
    if json:
        terminal.emit_json(rows)
        return
    cells = [(row["name"], row["title"], ", ".join(row["aliases"])) for row in rows]
    terminal.print_table(("name", "explains", "also found as"), cells, left=("explains", "also found as"))
    terminal.say("\nnndl explain NAME; nndl explain CONFIG lists the layers of a config")


def _show(worked: "Worked", json: bool) -> None:
    from nndl.cli.screen import terminal
    from nndl.cli.screen.explain import show
    from nndl.explain.data import as_data

    if json:
        terminal.emit_json(as_data(worked))
    else:
        show(worked)


def _list_layers(config: str, experiment: "Experiment", json: bool) -> None:
    from nndl.cli.screen import terminal
    from nndl.cli.screen.follow import show_layers
    from nndl.explain.batch import layers_of

    rows = [
        {"number": number, "layer": placed.path, "kind": placed.layer.kind, "output": list(placed.out_shape)}
        for number, placed in enumerate(layers_of(experiment), 1)
    ]
    if json:
        terminal.emit_json(rows)
    else:
        show_layers(config, rows)


def _with_batch(target: str, layer: str, steps: int, sets: list[str], page: Path | None, json: bool) -> None:
    """Show a layer with the numbers of a batch, or write them to `page`."""
    from nndl.cli.screen import terminal
    from nndl.cli.screen.follow import show_followed
    from nndl.explain.batch import EXACT, follow
    from nndl.explain.page import followed_page

    if page:
        _refuse_folder(page)
    experiment, run = _experiment(target, [*EXACT, *sets])
    with terminal.waiting("computing", silent=json):
        followed = follow(experiment, layer, steps, run.network if run else None)
    if page:
        _write({page: followed_page(followed, target)}, str(page), json)
    elif json:
        terminal.emit_json(_as_data(followed))
    else:
        show_followed(followed, target)


def _as_data(followed: "Followed") -> dict[str, Any]:
    keys = ("path", "kind", "images", "when", "loss", "constants")
    said = {key: getattr(followed, key) for key in keys}
    return {
        **said,
        "arrays": followed.figures(),
        "by_hand": followed.by_hand(),
        "difference": None if followed.own else followed.agreement(),
    }


def _write_one(worked: "Worked", path: Path, json: bool) -> None:
    from nndl.explain.page import page

    _refuse_folder(path)
    _write({path: page(worked)}, str(path), json)


def _refuse_folder(path: Path) -> None:
    from nndl.errors import UsageError

    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--output {path}: name a file in a folder that is there")


def _write_all(every: "Sequence[Worked]", folder: Path, json: bool) -> None:
    from nndl.errors import UsageError
    from nndl.explain.page import index, page

    if folder.is_file() or not folder.parent.is_dir():
        raise UsageError(f"--output {folder}: name a folder, in one that is there; every page gets a file in it")
    pages = {folder / f"{worked.explanation.name}.html": page(worked) for worked in every}
    first = folder / "index.html"
    folder.mkdir(exist_ok=True)
    _write(pages | {first: index([worked.explanation for worked in every])}, f"{first}, and {len(pages)} pages", json)


def _write(pages: dict[Path, str], words: str, json: bool) -> None:
    """Write pages, and say which."""
    from nndl.cli.screen import terminal
    from nndl.runs.atomic import write_atomically

    for path, text in pages.items():
        write_atomically(path, text)
    if json:
        terminal.emit_json({"files": [str(path) for path in pages]})
    else:
        terminal.say(words)
