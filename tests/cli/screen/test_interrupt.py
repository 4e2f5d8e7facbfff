"""The first signal asks for a clean stop, Ctrl+C after it ends at once, and afterwards all is as before."""

import errno
import os
import signal
from collections.abc import Iterator

import pytest

from nndl.cli.screen.interrupt import BY_HAND, SIGNALS, clean_stop, watched
from nndl.cli.screen.progress import QuietView
from nndl.train.events import Event, Finished, Interrupted, StepDone
from tests.train import tiny


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """As in a terminal: whatever began the tests may ignore one of them."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in SIGNALS if each is not signal.SIGINT}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_first_asks_and_ctrl_c_after_it_ends(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    asked, told = [], []
    with clean_stop(lambda: asked.append(True), lambda: told.append(True)):
        signal.raise_signal(number)
        assert (asked, told) == ([True], [True])
        for each in set(SIGNALS) - set(BY_HAND):
            signal.raise_signal(each)  # what systems send twice ends nothing
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert (asked, told) == ([True], [True])
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_what_is_ignored_stays_ignored() -> None:
    number = SIGNALS[-1]
    signal.signal(number, signal.SIG_IGN)
    asked: list[bool] = []
    with clean_stop(lambda: asked.append(True), lambda: None):
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    assert asked == [True]


def test_quiet_views_say_it_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    QuietView().say_stopping()
    assert "stopping after this step" in capfd.readouterr().err


def test_a_stop_is_clean_where_nobody_reads_what_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    kept = os.dup(2)
    os.close(reader)
    asked = []
    try:
        os.dup2(writer, 2)
        with clean_stop(lambda: asked.append(True), QuietView().say_stopping):
            signal.raise_signal(signal.SIGTERM)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(writer)
    assert asked == [True]
    assert capfd.readouterr().err == ""


class Unread(QuietView):
    """A view that cannot be written to."""

    def __init__(self, number: int) -> None:
        self.number, self.asked = number, 0

    def see(self, event: Event) -> None:
        del event
        self.asked += 1
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize(
    ("number", "last"), [(errno.EPIPE, Interrupted), (errno.EIO, Finished), (errno.ENOSPC, Finished)]
)
def test_a_view_that_cannot_be_written_to_is_no_reason_to_fail(
    number: int, last: type[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    turned: list[bool] = []
    monkeypatch.setattr("nndl.cli.screen.interrupt._let_go", lambda: turned.append(True))
    solver, view = tiny.solver(epochs=2), Unread(number)
    events = []
    with watched(solver, view) as see:
        for event in solver.events():
            see(event)
            events.append(event)
    assert isinstance(events[-1], last)
    assert isinstance(events[0], StepDone)
    assert view.asked == len(events)
    assert bool(turned) == (number != errno.ENOSPC)
