"""An experiment handed on by rank 0: its config, and the code that it uses, which may be no file elsewhere."""

import json
from base64 import b64decode, b64encode

from nndl.config import Experiment, parse_config
from nndl.config.own.using import given
from nndl.config.writing.show import dump
from nndl.own.source import Source


def handed_on(experiment: Experiment) -> str:
    """Write the experiment as text."""
    sources = [{**vars(each), "content": b64encode(each.content).decode()} for each in experiment.sources]
    return json.dumps({"config": dump(experiment), "sources": sources})


def taken_over(text: str) -> Experiment:
    """Read what `handed_on` wrote."""
    told = json.loads(text)
    sources = [Source(**{**each, "content": b64decode(each["content"])}) for each in told["sources"]]
    return parse_config(told["config"], "rank 0's config", begun=True, find=given(lambda _: sources))
