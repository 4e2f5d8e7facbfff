"""The pool: slices that cover everything once, the same slices every time, errors that come out."""

import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from nndl.engines.shared import threads
from nndl.engines.shared.threads import cores, parallel_for, set_threads, thread_count


@settings(deadline=None)
@given(count=st.integers(0, 40), size=st.integers(1, 5))
def test_slices_cover_everything_once_and_evenly(count: int, size: int) -> None:
    set_threads(size)
    seen: list[tuple[int, int, int]] = []
    parallel_for(count, lambda start, stop, thread: seen.append((start, stop, thread)))
    covered = sorted(i for start, stop, _ in seen for i in range(start, stop))
    assert covered == list(range(count))
    sizes = [stop - start for start, stop, _ in seen]
    assert len(seen) == min(count, size)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


def test_slices_run_at_the_same_time() -> None:
    set_threads(3)
    meeting = threading.Barrier(3, timeout=20)

    def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
        meeting.wait()

    parallel_for(3, work)


def test_the_callers_context_holds_in_every_slice() -> None:
    set_threads(3)
    said = ContextVar("said", default="nothing")
    said.set("by the caller")
    heard: list[str] = []
    parallel_for(3, lambda *_: heard.append(said.get()))
    assert heard == ["by the caller"] * 3


def test_the_number_of_threads_may_change_while_others_compute() -> None:
    stop, errors = threading.Event(), []

    def compute() -> None:
        out = np.zeros(7)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            out[start:stop] += 1

        while not stop.is_set():
            out[...] = 0
            try:
                parallel_for(7, work)
            except RuntimeError as error:
                errors.append(error)
                return
            if not (out == 1).all():
                errors.append(RuntimeError(f"{out} should be ones"))
                return

    computing = threading.Thread(target=compute)
    computing.start()
    for turn in range(300):
        set_threads(1 + turn % 4)
    stop.set()
    computing.join(20)
    assert errors == []


def test_helpers_of_other_numbers_of_threads_end() -> None:
    for count in (4, 3, 4, 3, 2):
        set_threads(count)
        parallel_for(count, lambda *_: None)
    for _ in range(200):
        helpers = [thread for thread in threading.enumerate() if thread.name.startswith("nndl")]
        if len(helpers) <= 1:
            break
        time.sleep(0.05)
    assert len(helpers) == 1


def test_first_use_from_several_threads_makes_one_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ThreadPoolExecutor] = []

    def make(*arguments: Any) -> ThreadPoolExecutor:
        time.sleep(0.05)
        made.append(ThreadPoolExecutor(*arguments))
        return made[-1]

    set_threads(thread_count() + 1)
    monkeypatch.setattr(threads, "ThreadPoolExecutor", make)
    meeting = threading.Barrier(4, timeout=20)

    def use() -> None:
        meeting.wait()
        parallel_for(4, lambda *_: None)

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join(20)
    assert len(made) == 1


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_any_slice_comes_out_when_all_have_ended(failing: int) -> None:
    set_threads(2)
    ended = []

    def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
        ended.append(thread)
        if thread == failing:
            raise ArithmeticError(f"in slice {thread}")

    with pytest.raises(ArithmeticError, match=f"in slice {failing}"):
        parallel_for(2, work)
    assert sorted(ended) == [0, 1]
    parallel_for(2, lambda *piece: ended.append(piece[2]))
    assert sorted(ended) == [0, 0, 1, 1]


def test_threads_by_default_are_the_cores_this_process_may_use() -> None:
    set_threads()
    assert thread_count() == cores()
    if hasattr(os, "sched_getaffinity"):
        assert cores() == len(os.sched_getaffinity(0))


def test_no_threads_is_no_number_of_threads() -> None:
    with pytest.raises(ValueError, match="from 1 up, not 0"):
        set_threads(0)


def test_blas_runs_on_one_thread_beside_ours() -> None:
    parallel_for(1, lambda *_: None)
    assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} <= {1}


def _sum_in_child(result: "multiprocessing.SimpleQueue[float]") -> None:
    out = np.zeros(8)

    def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
        out[start:stop] = 1

    parallel_for(8, work)
    result.put(out.sum())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_starts_its_own_threads() -> None:
    set_threads(2)
    parallel_for(2, lambda *_: None)
    context = multiprocessing.get_context("fork")
    result = context.SimpleQueue()
    child = context.Process(target=_sum_in_child, args=(result,))
    child.start()
    child.join(20)
    alive = child.is_alive()
    child.kill()
    assert not alive
    assert result.get() == 8
