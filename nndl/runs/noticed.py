"""Signs that something was wrong with a training, as its folder has them."""

import contextlib
import math

from nndl.runs.folder import RunFolder
from nndl.runs.metrics import read_metrics
from nndl.train.events import Noticed, from_record


def read_noticed(folder: RunFolder, until: float = math.inf) -> list[Noticed]:
    """Read what was noticed up to a step, in its order; nothing where there are no metrics."""
    with contextlib.suppress(OSError):
        records = [record for record in read_metrics(folder.metrics, steps=False) if record["step"] <= until]
        return [each for each in map(from_record, records) if isinstance(each, Noticed)]
    return []
