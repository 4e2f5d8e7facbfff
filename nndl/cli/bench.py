"""nndl bench: images a second of whole training steps, engine by engine, and where the time goes."""

from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.numbers import numbers
from nndl.cli.options import Config, Json, Set

if TYPE_CHECKING:
    from nndl.config import Experiment

ENGINES = typer.Option(
    metavar="NAMES", help="Engines, separated by commas; by default vectorized and, where it is built, compiled."
)
RANKS = typer.Option(metavar="N,...", help="Numbers of processes, such as 1,2,4, through MPI: what they gain.")


def bench(
    config: Config = "bn_cnn",
    engine: Annotated[str | None, ENGINES] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N,...", help="Numbers of threads, such as 1,2; by default the config's.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="Images in a step, instead of the config's.")
    ] = None,
    ranks: Annotated[str | None, RANKS] = None,
    bursts: Annotated[int, typer.Option(metavar="N", min=1, help="Turns each contender has.")] = 5,
    seconds: Annotated[
        float, typer.Option(metavar="N", min=0, help="Length of a turn; at least one step is made.")
    ] = 1.0,
    memory: Annotated[bool, typer.Option("--memory", help="Also the peak memory of each, in a fresh process.")] = False,
    override: Set = None,
    json: Json = False,
) -> None:
    """Measure training: forward, backward and update, on random images; nothing is kept.

    Engines take turns in short bursts; shown are medians. The reference engine loops in Python, half a minute a step:
    ask for it with --engine reference --batch-size 2. A convolution counts as direct convolution has it, two operations
    for a multiply-add: Winograd's needs fewer, so its figure can
    be more than that of a product of matrices, beside which it is set.
    """
    from nndl.bench.contenders import make_contenders, with_memory
    from nndl.bench.report import report
    from nndl.cli.screen import terminal
    from nndl.cli.screen.bench import show
    from nndl.config import load_config

    sets = ["dtype=float32", *(override or []), *([f"train.batch_size={batch_size}"] if batch_size else [])]
    experiment = load_config(config, sets)
    if ranks is not None:
        _bench_ranks(experiment, ranks, bursts, seconds, json)
        return
    contenders = make_contenders(experiment, _engines(engine), _thread_counts(experiment, threads))
    about = f"{len(contenders) * bursts * seconds:.0f} seconds and more, alone on the machine to mean something"
    terminal.note(f"measuring {', '.join(sorted({each.network.engine.name for each in contenders}))}: {about}")
    result = report(experiment, contenders, bursts, seconds)
    if memory:
        with_memory(result, config, sets)
    if json:
        terminal.emit_json(result)
    else:
        show(result)


def _bench_ranks(experiment: "Experiment", ranks: str, bursts: int, seconds: float, json: bool) -> None:
    from nndl.bench.ranks import measure_ranks
    from nndl.cli.screen import terminal
    from nndl.cli.screen.bench import show_ranks

    measured = measure_ranks(experiment, sorted(set(numbers("--ranks", ranks))), bursts, seconds)
    result = {"name": experiment.name, "batch_size": experiment.train.batch_size, "ranks": measured}
    if json:
        terminal.emit_json(result)
    else:
        show_ranks(result)


def _engines(names: str | None) -> list[str]:
    from nndl.engines import available, get_engine

    return [get_engine(name.strip()).name for name in names.split(",")] if names else list(available()[1:])


def _thread_counts(experiment: "Experiment", text: str | None) -> list[int]:
    from nndl.engines.shared.threads import cores

    if text is None:
        return [cores() if experiment.threads == "auto" else experiment.threads]
    return sorted(set(numbers("--threads", text)))
