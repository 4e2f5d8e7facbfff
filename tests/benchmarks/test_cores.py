"""The model of more cores: tasks laid out by hand, and the parts of a step with tasks of a known length."""

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import thread_time
from types import SimpleNamespace

import pytest

from benchmarks import cores
from nndl.engines import set_threads
from nndl.engines.shared.threads import thread_count
from nndl.engines.vectorized import VECTORIZED
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine

SHARING = """
typedef void (*Work)(void *context, long task, int thread);
void share(Work work, void *context, long tasks) { for (long task = 0; task < tasks; task++) work(context, task, 0); }
"""
"""The sharing that the kernels have in threads.c."""

KERNEL = """
typedef void (*Work)(void *context, long task, int thread);
void share(Work work, void *context, long tasks);
static void count(void *seen, long task, int thread) { (void)thread; *(long *)seen += task; }
long kernel(long tasks) { long seen = 0; share(count, &seen, tasks); return seen; }
"""
"""A kernel that shares out its tasks, and adds up their numbers."""


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cores.Notes:
    """Notes of a library that has one kernel."""
    compiler = shutil.which("gcc")
    if sys.platform != "linux" or not compiler:
        pytest.skip("tasks are noted by GCC, on Linux")
    sources = [str(Path(cores.__file__).with_suffix(".c"))]
    for name, text in (("sharing.c", SHARING), ("kernel.c", KERNEL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        sources.append(str(tmp_path / name))
    made = tmp_path / "noting.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-Wl,--wrap=share", *sources, "-o", str(made)], check=True)
    library = ctypes.CDLL(str(made))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(cores.bindings, "kernels", lambda: SimpleNamespace(_library=library))
        return cores.Notes()


@pytest.fixture(autouse=True)
def _as_many_threads_afterwards() -> Iterator[None]:
    before = thread_count()
    yield
    set_threads(before)


def test_each_task_goes_to_the_core_that_is_free_first() -> None:
    tasks = [3.0, 1.0, 1.0, 2.0]
    assert [cores.laid_out(tasks, count) for count in (1, 2, 3, 64)] == [7, 4, 3, 3]
    assert cores.laid_out([], 4) == 0


def test_a_step_is_its_serial_part_and_the_end_of_each_kernel_and_of_the_update() -> None:
    step = cores.Step(0.5, [[1.0] * 4, [2.0]], [[1.0, 3.0]])
    assert [step.on(count) for count in (1, 2, 4)] == [10.5, 7.5, 6.5]
    assert step.all == 10.5


def test_what_kernels_share_out_is_noted_task_by_task_and_forgotten(notes: cores.Notes) -> None:
    notes.begin()
    assert [notes.library.kernel(count) for count in (5, 1, 0)] == [10, 0, 0]
    step = notes.step(1.0)
    assert [len(tasks) for tasks in step.kernels] == [5, 1, 0]
    assert all(0 <= took < 0.1 for tasks in step.kernels for took in tasks)
    assert 0.9 < step.serial <= 1 - sum(map(sum, step.kernels))
    notes.begin()
    assert notes.step(1.0) == cores.Step(1.0, [], [])


@pytest.mark.parametrize(("slices", "threads"), [(4, 2), (1, 4), (2, 3)])
def test_the_slices_of_the_asking_thread_are_no_serial_part(notes: cores.Notes, slices: int, threads: int) -> None:
    """Be they less than the threads, too."""
    set_threads(threads)

    def work(start: int, stop: int, thread: int) -> None:
        del thread
        until = thread_time() + 0.02 * (stop - start)
        while thread_time() < until:
            pass

    notes.begin()
    began = thread_time()
    notes.parallel_for(slices, work)
    step = notes.step(thread_time() - began)
    assert sum(map(sum, step.update)) == pytest.approx(0.02 * slices, rel=0.2)
    assert step.serial < 0.01


def test_a_training_step_has_all_its_parts(notes: cores.Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cores.NETWORKS, "small", (Affine(out_features=256), Relu(), Affine(out_features=10)))
    monkeypatch.setitem(cores.BATCHES, "small", 8)
    monkeypatch.setattr(cores, "get_engine", lambda _: VECTORIZED)
    set_threads(2)
    training = cores.Training("small", notes)
    before = training.network.params.vector.copy()
    step = training.step()
    assert step.serial > 0
    assert [len(slices) for slices in step.update] == [2, 0]
    assert step.on(1) == pytest.approx(step.all)
    assert (training.network.params.vector != before).any()
