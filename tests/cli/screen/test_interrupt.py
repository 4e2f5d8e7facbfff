"""The first signal asks for a clean stop, the second ends at once, and afterwards all is as before."""

import os
import signal

import pytest

from nndl.cli.screen.interrupt import SIGNALS, clean_stop


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_first_asks_second_ends(number: signal.Signals, capfd: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    asked = []
    with clean_stop(lambda: asked.append(True)):
        signal.raise_signal(number)
        assert asked == [True]
        assert "stopping after this step" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert asked == [True]
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_stop_is_clean_where_nobody_reads_what_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    kept = os.dup(2)
    os.close(reader)
    asked = []
    try:
        os.dup2(writer, 2)
        with clean_stop(lambda: asked.append(True)):
            signal.raise_signal(signal.SIGTERM)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(writer)
    assert asked == [True]
    assert capfd.readouterr().err == ""
