"""A run up to a step, on as many processes as mpiexec starts: what `nndl verify-resume --ranks` starts.

`python -m nndl.jobs.parallel.run_until RUN STEP [CONFIG]`: with a config the run begins, without one it goes on.
"""

import sys
from pathlib import Path

from nndl.config import load_config
from nndl.errors import NndlError
from nndl.jobs.parallel.team import team
from nndl.jobs.replay import train_until
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.folder import RunFolder
from nndl.runs.lock import lock_run


def main() -> None:
    """Do what the command line says."""
    path, step, config = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None
    with team() as us:
        if config is not None:
            built = us.build(load_config(config))
            train_until(start_run(built, path), built.solver, keeping(built), step)
            return
        folder = RunFolder(path)
        with lock_run(folder.path):
            resumed = resume(folder, make=us.build)
            train_until(folder, resumed.built.solver, resumed.keeping, step)


if __name__ == "__main__":
    try:
        main()
    except NndlError as error:
        sys.exit(str(error))
