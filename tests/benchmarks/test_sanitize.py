"""A fault of each kind, planted in a copy of the kernels, ends the run under its sanitizer with a report of it."""

import re
from pathlib import Path

import pytest

from benchmarks import sanitize

DIRECT = "tests/engines/compiled/test_finish.py::test_all_at_once"
"""It begins with the direct way, in which a fault that is there at every call is met."""

PLANTED = {
    "address": (
        *("vector.h", "memcpy(&v, p, (size_t)count * sizeof(float));", "memcpy(&v, p, sizeof v);"),
        *(DIRECT, "heap-buffer-overflow"),
    ),
    "undefined": (
        *("vector.h", "UnalignedVector __attribute__((aligned(4), may_alias))", "UnalignedVector"),
        *(DIRECT, "misaligned address"),
    ),
    "thread": (
        *("direct.c", "float *y = scratch(thread, SLOT_OUTPUT,", "float *y = scratch(SHARED, SLOT_OUTPUT,"),
        *("tests/engines/compiled/test_finish.py", "data race"),
    ),
}


RUN = {"direct.c", "edge.c", "winograd.c", "convolution.c", "unpool.c", "threads.c", "library.c"}
"""Kernels that the planted faults are met in. With a sanitizer the others take most of a minute of compiling."""


def left_out(kernels: Path, run: set[str]) -> None:
    """Put functions that do nothing in the place of kernels that the planted fault is not met in."""
    names = []
    for source in sorted(kernels.glob("*.c")):
        if source.name not in run:
            names += re.findall(r"^void (nndl_\w+)\(", source.read_text(encoding="utf-8"), re.MULTILINE)
            source.unlink()
    (kernels / "left_out.c").write_text("".join(f"void {name}(void) {{}}\n" for name in names), encoding="utf-8")


def skip_without(name: str) -> None:
    """Skip where there is no GCC, or not the library of this sanitizer."""
    try:
        sanitize.library_of({"address": "libasan.so", "undefined": "libubsan.so", "thread": "libtsan.so"}[name])
    except SystemExit as missing:
        pytest.skip(str(missing))


def test_one_build_comes_with_the_one_that_is_asked_whether_there_are_any() -> None:
    every = ("avx512", "avx2", "baseline")
    wanted = [sanitize.builds(name, every) for name in ("avx2", "baseline", None)]
    assert wanted == [["avx2", "baseline"], ["baseline"], ["avx512", "avx2", "baseline"]]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_reported(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    skip_without(name)
    file, right, wrong, test, report = PLANTED[name]

    def copied(folder: Path) -> Path:
        kernels = copy(folder) / "nndl" / "engines" / "compiled" / "kernels"
        left_out(kernels, RUN - {"winograd.c"} if test == DIRECT else RUN)
        source = kernels / file
        text = source.read_text(encoding="utf-8")
        assert text.count(right) == 1
        source.write_text(text.replace(right, wrong), encoding="utf-8")
        return folder

    copy = sanitize.copied
    monkeypatch.setattr(sanitize, "copied", copied)
    assert sanitize.main([name, test, "--instructions", "baseline"]) == 1
    told = capfd.readouterr()
    assert report in told.out + told.err
    assert "FOUND SOMETHING" in told.out


def test_options_may_stand_before_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(sanitize, "copied", lambda folder: folder)
    monkeypatch.setattr(sanitize, "compile_kernels", lambda *_: None)
    monkeypatch.setattr(sanitize, "run_tests", lambda *arguments: not asked.extend(arguments[2:]))
    assert sanitize.main(["address", "--instructions", "baseline", "one.py", "two.py::three"]) == 0
    assert asked == ["baseline", ["one.py", "two.py::three"]]
