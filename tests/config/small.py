"""A config of few lines, and what is wrong with others."""

from nndl.config import Experiment, parse_config
from nndl.config.reading.messages import Problem, ProblemsError

MODEL = """\
model:
  layers:
    - conv: 16
    - max_pool: 2
    - residual:
        - conv: 16
        - relu
    - affine: 10
"""


def experiment(text: str = "", *sets: str) -> Experiment:
    """A small network with `text` below it."""
    return parse_config(MODEL + text, "small.yaml", sets)


def problems(text: str, *sets: str) -> list[Problem]:
    """List what is wrong with a whole config; none if nothing is."""
    try:
        parse_config(text, "small.yaml", sets)
    except ProblemsError as error:
        return error.problems
    return []


def told(text: str, *sets: str) -> list[tuple[str, str]]:
    """(what the caret points at, the words) for everything wrong with a whole config."""
    lines = text.splitlines()
    return [(lines[p.mark.line][p.mark.column :] if lines else "", p.words) for p in problems(text, *sets)]
