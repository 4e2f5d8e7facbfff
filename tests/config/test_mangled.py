"""Whatever stands in a config, it is an experiment or a message: never another exception.

NNDL_EXAMPLES=5000 tries so many instead of the few that a test run has time for.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.config import load_config, parse_config
from nndl.config.writing.show import dump
from nndl.errors import ConfigError, UsageError
from tests.config.mangle import TEXTS, keys, numbers, texts, trees, values, written

FEW = settings(
    max_examples=int(os.environ.get("NNDL_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def answer(text: str, sets: tuple[str, ...] = ()) -> None:
    """Read a config; what is refused must have a message that a terminal can show, what is not must survive a dump."""
    refused = None
    try:
        experiment = parse_config(text, "mangled.yaml", sets)
    except (ConfigError, UsageError) as error:
        refused = error
    if refused is not None:
        assert str(refused).encode("utf-8")
    else:
        assert parse_config(dump(experiment), "shown.yaml") == experiment


@FEW
@given(trees())
def test_a_changed_tree_is_an_experiment_or_an_error_of_ours(tree: Any) -> None:
    answer(written(tree))


@FEW
@given(texts())
def test_a_changed_text_is_an_experiment_or_an_error_of_ours(text: str) -> None:
    answer(text)


@FEW
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_an_experiment_or_an_error_of_ours(text: str) -> None:
    answer(text)


@FEW
@given(
    st.sampled_from(sorted(TEXTS)),
    st.lists(st.sampled_from(keys()) | st.integers(0, 12) | st.text(max_size=3), max_size=6),
    numbers | values,
)
def test_any_set_is_an_experiment_or_an_error_of_ours(name: str, parts: list[str | int], value: Any) -> None:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    answer(TEXTS[name], (f"{path}={value}", f"model.layers{path}={value}", f"train.{path}={value}"))


@settings(FEW, max_examples=20)
@given(raw=st.binary())
def test_any_file_is_an_experiment_or_an_error_of_ours(tmp_path_factory: Any, raw: bytes) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    with suppress(ConfigError):
        load_config(path)
