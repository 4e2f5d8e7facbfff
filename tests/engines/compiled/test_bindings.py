"""Choosing a build, threads, forks, and doing without."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from nndl.engines.compiled import bindings, build
from nndl.engines.compiled.abi import RELU
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.threads import set_threads
from nndl.errors import ConfigError


@pytest.fixture
def anew() -> Iterator[None]:
    """Ask again which build to take, and once more after the test."""
    bindings.instructions.cache_clear()
    yield
    bindings.instructions.cache_clear()


@pytest.mark.usefixtures("anew")
def test_the_best_build_is_chosen_and_another_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bindings.instructions() in build.variants()
    monkeypatch.setenv("NNDL_INSTRUCTIONS", "baseline")
    bindings.instructions.cache_clear()
    assert bindings.instructions() == "baseline"


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("mmx", "is one of avx512, avx2, baseline here, not 'mmx'"),
        ("avx512", "this processor has no avx512: NNDL_INSTRUCTIONS is one of avx2, baseline on it"),
        ("avx2", "NNDL_INSTRUCTIONS=avx2: no kernels are built for it; python -m nndl.engines.compiled does"),
    ],
)
def test_an_instruction_set_that_would_not_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, chosen: str, message: str
) -> None:
    """The kernels of one that the processor lacks would end the process with SIGILL."""
    answers = {"nndl_instructions": "avx2", "nndl_sources": "other"}
    monkeypatch.setattr(bindings, "variants", lambda: ("avx512", "avx2", "baseline"))
    monkeypatch.setattr(bindings, "_ask", lambda question, *_variant: answers[question])
    monkeypatch.setenv("NNDL_INSTRUCTIONS", chosen)
    with pytest.raises(ConfigError, match=message):
        bindings.instructions()


@pytest.mark.usefixtures("anew")
def test_a_build_of_other_sources_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """NNDL_KERNELS=avx2, or a compilation broken off, leaves those of before beside new ones."""

    def ask(question: str, variant: str = "baseline") -> str:
        if question == "nndl_instructions":
            return "avx512"
        if variant == "avx512":
            raise OSError("no such file")
        return "older" if variant == "avx2" else build.digest()

    monkeypatch.delenv("NNDL_INSTRUCTIONS", raising=False)
    monkeypatch.setattr(bindings, "variants", lambda: ("avx512_bf16", "avx512", "avx2", "baseline"))
    monkeypatch.setattr(bindings, "_ask", ask)
    assert bindings.instructions() == "baseline"


def test_a_library_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bindings.is_built()
    bindings.is_built.cache_clear()
    monkeypatch.setattr(bindings, "digest", lambda: "other")
    assert not bindings.is_built()
    bindings.is_built.cache_clear()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    """In a process of its own: forking beside other people's threads is what Python warns of."""
    code = (
        "import os, numpy as np\n"
        "from nndl.engines import set_threads\n"
        "from nndl.engines.compiled import abi, bindings\n"
        "set_threads(3)\n"
        "def work():\n"
        "    x = np.full(1 << 20, -1.0, np.float32); out = np.empty_like(x)\n"
        "    bindings.kernels().activation(x.size, x, None, abi.RELU, 0, out)\n"
        "    return not out.any()\n"
        "assert work()\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if work() else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0 and work()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_first_use_from_several_threads_loads_one_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would have a lock each for the one pool of threads and the memory that their library has."""
    load = bindings.Kernels

    def load_slowly(variant: str) -> bindings.Kernels:
        time.sleep(0.05)
        return load(variant)

    monkeypatch.setattr(bindings, "Kernels", load_slowly)
    monkeypatch.setattr(bindings, "_in_use", None)
    meeting = Barrier(4, timeout=20)

    def first_use() -> bindings.Kernels:
        meeting.wait()
        return kernels()

    with ThreadPoolExecutor(4) as threads:
        found = [each.result() for each in [threads.submit(first_use) for _ in range(4)]]
    assert len({id(each) for each in found}) == 1


def test_changing_the_threads_between_calls() -> None:
    x = np.linspace(-1, 1, 300_001, dtype=np.float32)
    for threads in (3, 1, 5, 2, 2, 4):
        set_threads(threads)
        out = np.full_like(x, np.nan)
        kernels().activation(x.size, x, None, RELU, 0, out)
        np.testing.assert_array_equal(out, np.maximum(x, 0))


def test_without_a_compiler_nothing_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.build(tmp_path) == []
    assert "no C compiler" in capsys.readouterr().err


def test_a_compiler_that_fails_is_said_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CC", f"{sys.executable} -c raise(SystemExit(3))")
    assert build.build(tmp_path) == []
    assert "were not built" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(build.find_compiler() is None, reason="there is no C compiler")
def test_a_build_that_fails_leaves_no_older_library_to_be_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = [build.library_path(variant, tmp_path) for variant in build.variants()]
    for path in older:
        path.write_bytes(b"older")
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "small.c").write_text("int nndl_small(void) { return 1; }\n", encoding="utf-8")
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setattr(build, "variants", lambda: {"baseline": (), "avx2": ("--no-such-option",)})
    assert build.build(tmp_path) == [build.library_path("baseline", tmp_path)]
    assert build.library_path("baseline", tmp_path).stat().st_size > 5
    assert not build.library_path("avx2", tmp_path).exists()


def test_the_instruction_sets_to_build_for_are_every_one_or_those_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "variants", lambda: {"avx512": (), "avx2": (), "baseline": ()})
    monkeypatch.delenv("NNDL_KERNELS", raising=False)
    assert build.wanted() == ["avx512", "avx2", "baseline"]
    monkeypatch.setenv("NNDL_KERNELS", "avx2")
    assert build.wanted() == ["avx2", "baseline"]  # which is asked what the processor has
    monkeypatch.setenv("NNDL_KERNELS", "baseline")
    assert build.wanted() == ["baseline"]
    monkeypatch.setenv("NNDL_KERNELS", "baseline, mmx")
    with pytest.raises(SystemExit, match="NNDL_KERNELS takes avx512, avx2, baseline here, not 'mmx'"):
        build.wanted()


@pytest.mark.parametrize(
    ("system", "tag"),
    [
        ("linux-x86_64", "linux_x86_64"),
        ("macosx-11.0-universal2", "macosx_11_0_arm64"),
        ("macosx-10.9-x86_64", "macosx_10_9_x86_64"),
    ],
)
def test_a_wheel_is_for_the_processor_its_kernels_are_for(
    monkeypatch: pytest.MonkeyPatch, system: str, tag: str
) -> None:
    monkeypatch.setattr(build.sysconfig, "get_platform", lambda: system)
    monkeypatch.setattr(build.platform, "machine", lambda: "arm64")
    assert build.platform_tag() == tag
