"""nndl overfit: can the network learn a few images by heart? If not, what is wrong first?"""

from typing import Annotated, Any

import typer

from nndl.cli.options import Config, Data, Engine, Json, Seed, Set, Synthetic, Threads
from nndl.cli.screen.ending import exit_code

Images = Annotated[int, typer.Option(metavar="N", min=10, max=1000, help="Training images to learn by heart.")]
Steps = Annotated[int, typer.Option(metavar="N", min=10, help="Steps it may take; it ends as soon as all are known.")]


def overfit(
    config: Config,
    *,
    images: Images = 50,
    steps: Steps = 400,
    override: Set = None,
    engine: Engine = None,
    threads: Threads = None,
    seed: Seed = None,
    data: Data = None,
    synthetic: Synthetic = False,
    json: Json = False,
) -> None:
    """See whether a network can learn a few images by heart; if it cannot, say what fails first and what to try.

    What would keep it from that is put aside: augmentation, dropout, regularisation. Nothing is kept. Exits with 0 when
    all images are known, with 1 when they are not, with 130 when stopped.
    """
    from nndl.check.trials.by_heart import as_record, learn_by_heart
    from nndl.check.trials.simplified import simplified
    from nndl.cli.screen import by_heart, terminal
    from nndl.cli.screen.interrupt import watched
    from nndl.config import load_config
    from nndl.config.build import build
    from nndl.config.reading.overrides import SYNTHETIC, settings

    sets = [*(SYNTHETIC if synthetic else ()), *settings(engine, threads, seed, data), *(override or [])]
    experiment, aside = simplified(load_config(config, sets), images, steps)
    built = build(experiment)
    if not json:
        by_heart.show_beginning(experiment.name, built, aside)
    with watched(built.solver, by_heart.choose_view(built.solver, images, silent=json)) as see:
        outcome = learn_by_heart(built, see)
    if outcome.interrupted:
        terminal.note(f"stopped after step {built.solver.step:,}, with {outcome.right} of {images} images known")
        raise typer.Exit(exit_code())
    record: dict[str, Any] = {"name": experiment.name, **as_record(outcome, aside)}
    if json:
        terminal.emit_json(record)
    else:
        by_heart.show_outcome(record)
    raise typer.Exit(0 if outcome.learnt else 1)
