"""The fuzzer of benchmarks/fuzz.py: a few files of each kind every time, and that it would see what is wrong."""

import pytest

pytest.importorskip("PIL")

from benchmarks.fuzz import Tally, configs, files
from nndl.errors import DataError


@pytest.mark.filterwarnings("default")
def test_damaged_files_and_configs_are_refused_in_words_or_read_right() -> None:
    tallies = [configs(20, seed=1), *files(6, seed=1)]
    assert {tally.kind: tally.tried for tally in tallies}["config"] == 20
    assert [
        (tally.kind, tally.wrongly, tally.tracebacks) for tally in tallies if tally.wrongly + tally.tracebacks
    ] == []
    assert sum(tally.refused for tally in tallies) > 30


def test_each_answer_is_counted_for_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def refuses() -> bool:
        raise DataError("no")

    def breaks() -> bool:
        raise KeyError("oh")

    tally = Tally("any")
    for read in (refuses, breaks, lambda: True, lambda: False):
        tally.take(read)
    assert (tally.tried, tally.refused, tally.accepted, tally.wrongly, tally.tracebacks) == (4, 1, 2, 1, 1)
    assert "KeyError" in capsys.readouterr().err
