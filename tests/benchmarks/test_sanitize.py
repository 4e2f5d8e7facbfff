"""A fault of each kind, planted in a copy of the kernels, ends the run under its sanitizer with a report of it."""

from pathlib import Path

import pytest

from benchmarks import sanitize

PLANTED = {
    "address": (
        *("vector.h", "memcpy(&v, p, (size_t)count * sizeof(float));", "memcpy(&v, p, sizeof v);"),
        *("tests/engines/compiled/test_finish.py", "heap-buffer-overflow"),
    ),
    "undefined": (
        *("vector.h", "UnalignedVector __attribute__((aligned(4), may_alias))", "UnalignedVector"),
        *("tests/engines/compiled/test_finish.py", "misaligned address"),
    ),
    "thread": (
        *("direct.c", "float *y = scratch(thread, SLOT_OUTPUT,", "float *y = scratch(SHARED, SLOT_OUTPUT,"),
        *("tests/engines/compiled/test_finish.py", "data race"),
    ),
}


def skip_without(name: str) -> None:
    """Skip where there is no GCC, or not the library of this sanitizer."""
    try:
        sanitize.library_of({"address": "libasan.so", "undefined": "libubsan.so", "thread": "libtsan.so"}[name])
    except SystemExit as missing:
        pytest.skip(str(missing))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_reported(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    skip_without(name)
    file, right, wrong, test, report = PLANTED[name]

    def copied(folder: Path) -> Path:
        source = copy(folder) / "nndl" / "engines" / "compiled" / "kernels" / file
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
