"""nndl check: what should hold of a config before an hour's training is begun."""

from typing import Annotated

import typer

from nndl.cli.options import Config, Data, Engine, Json, Set, Synthetic, Threads

Seconds = Annotated[float, typer.Option(metavar="N", min=1, help="The most that each of the longer checks may take.")]


def check(
    config: Config,
    *,
    seconds: Seconds = 60.0,
    override: Set = None,
    engine: Engine = None,
    threads: Threads = None,
    data: Data = None,
    synthetic: Synthetic = False,
    json: Json = False,
) -> None:
    """Check a config before it is trained: first loss, gradients, and whether it can learn at all.

    Also whether one image's scores depend on another's, and on every pixel; whether a few images are learnt by heart,
    and whether images teach more than zeros. Nothing is kept. Exits with 1 if a check fails; one that is undecided, as
    the time was too short, is no failure.
    """
    from nndl.check.trials.before import check_before
    from nndl.cli.screen import checks, terminal
    from nndl.config import load_config
    from nndl.config.reading.overrides import SYNTHETIC, settings
    from nndl.engines import get_engine

    sets = [*(SYNTHETIC if synthetic else ()), *settings(engine, threads, None, data), *(override or [])]
    experiment = load_config(config, sets)
    about = {"name": experiment.name, "dataset": experiment.data.dataset, "engine": get_engine(experiment.engine).name}
    if not json:
        images = "SYNTHETIC images" if about["dataset"] == "synthetic" else f"images of {experiment.data.title}"
        terminal.say_words(f"{about['name']}: {images}, engine {about['engine']}")
    with checks.Shown(silent=json) as shown:
        found = []
        for each in check_before(experiment, seconds, shown.say):
            found.append(each)
            shown.add(each)
    failed = any(each.verdict == "FAILED" for each in found)
    if json:
        records = [each.record() for each in found]
        terminal.emit_json({**about, "passed": not failed, "checks": records})
    else:
        terminal.say_words(checks.summary(found))
    raise typer.Exit(1 if failed else 0)
