"""A signal where no step is under way ends a command with words and the code that tells who asked."""

import signal
from collections.abc import Iterator

import pytest

from nndl.cli.screen.ending import BY_HAND, SIGNALS, EndAskedError, asked_at_once, exit_code, heeded
from nndl.cli.screen.interrupt import clean_stop

AT_ONCE = [each for each in SIGNALS if each not in BY_HAND]
pytestmark = pytest.mark.skipif(not AT_ONCE, reason="this system has none of them")


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    before = {each: signal.signal(each, signal.SIG_DFL) for each in AT_ONCE}
    yield
    asked_at_once()
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", AT_ONCE, ids=lambda number: number.name)
def test_it_is_named_and_afterwards_all_is_as_before(number: signal.Signals) -> None:
    with pytest.raises(EndAskedError, match=f"^{number.name}.* ended while no step was under way") as caught, heeded():
        signal.raise_signal(number)
    assert caught.value.exit_code == (130 if number.name == "SIGHUP" else 75)
    assert signal.getsignal(number) is signal.SIG_DFL


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(AT_ONCE[-1], signal.SIG_IGN)
    with heeded():
        signal.raise_signal(AT_ONCE[-1])


def test_one_that_comes_after_a_clean_stop_changes_nothing() -> None:
    stopped: list[bool] = []
    with heeded():
        with clean_stop(lambda: stopped.append(True), lambda: None):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(AT_ONCE[-1])
        assert exit_code() == 75
    assert stopped == [True]


def test_one_that_a_library_swallowed_ends_it_before_a_step_is_taken() -> None:
    with heeded():
        with pytest.raises(EndAskedError):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(EndAskedError), clean_stop(lambda: None, lambda: None):
            pytest.fail("a step was taken")
