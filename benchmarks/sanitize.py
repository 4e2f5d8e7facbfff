"""The kernels' tests with a compiler's sanitizer looking on: `python -m benchmarks.sanitize address` (GCC, Linux).

address: reads and writes out of bounds or after free; undefined: what C leaves undefined (overflow, misaligned access,
shifts, null); thread: data races. The kernels are compiled in a temporary copy of this tree, so that no other process
takes such a build for the ordinary one, and the tests of the compiled engine run there: every instruction set that this
processor has, odd sizes, one to five threads. The first thing found ends the run with the sanitizer's report.

What is not seen. Accesses by instructions that the compiler knows as such, not as loads and stores: masked loads and
stores of AVX-512, and streaming stores; the builds for AVX2 and any processor have memcpy for the former, which is
seen. Reads of memory that was never written (the tests fill results with NaN instead). What Python, NumPy and BLAS do
by themselves: they are not compiled so, and of them only calls of malloc, memcpy and pthreads are seen; nothing of
theirs is reported today, so nothing is suppressed. The threads are the kernels' own pool, of pthreads and C's atomics,
both of which the thread sanitizer knows; it starts no threads in a forked child, so tests that fork are left out there.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from runpy import run_path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COPIED = ("nndl", "cs231n", "tests", "benchmarks", "configs", "pyproject.toml")
TESTS = ("tests/engines/compiled", "tests/engines/test_python_threads.py", "tests/engines/test_fork.py")
REPORT = "report"
READABLE = ("-O1", "-g1", "-fno-omit-frame-pointer")
"""Reports name lines by these; and at -O3 compiling takes minutes."""


class Sanitizer(NamedTuple):
    """The compiler's options, and what the tests run with."""

    options: tuple[str, ...]
    variable: str
    settings: str
    library: str | None
    """Must be there before Python starts: it replaces malloc, or pthreads."""
    pytest: tuple[str, ...] = ()


SANITIZERS = {
    "address": Sanitizer(
        # Checks are calls: written out at every access of the unrolled transforms, they take minutes to compile.
        ("-fsanitize=address", "--param", "asan-instrumentation-with-call-threshold=0"),
        "ASAN_OPTIONS",
        "detect_leaks=0",  # Python itself leaves memory at its end
        "libasan.so",
    ),
    "undefined": Sanitizer(
        ("-fsanitize=undefined,float-cast-overflow", "-fno-sanitize-recover=all"),
        "UBSAN_OPTIONS",
        "print_stacktrace=1",
        None,
    ),
    "thread": Sanitizer(
        ("-fsanitize=thread",),
        "TSAN_OPTIONS",
        "halt_on_error=1",
        "libtsan.so",
        ("-k", "not fork"),  # it starts no threads in a forked child
    ),
}


def compiler() -> str:
    """Return GCC's command; exits with status 2 where there is none."""
    name = os.environ.get("CC", "gcc")
    try:
        version = subprocess.run([*name.split(), "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        version = ""
    if sys.platform != "linux" or "Free Software Foundation" not in version:
        raise SystemExit(f"the sanitizers are GCC's, on Linux; {name!r} is not it. Set CC=gcc")
    return name


def library_of(name: str) -> str:
    """Return where GCC keeps a sanitizer's library; exits where it does not."""
    words = [*compiler().split(), f"-print-file-name={name}"]
    path = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(path).is_absolute():
        raise SystemExit(
            f"GCC has no {name} here: install its libraries (Debian: libgcc-12-dev, Fedora: libasan, libtsan)"
        )
    return path


def copied(folder: Path) -> Path:
    """Copy what the tests need, without kernels that are built."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def builds(instructions: str | None, every: Sequence[str]) -> list[str]:
    """List the builds to compile: for one instruction set or every one; the baseline is asked what there is."""
    return [instructions, *{"baseline"} - {instructions}] if instructions else list(every)


def compile_kernels(tree: Path, sanitizer: Sanitizer, instructions: str | None) -> None:
    """Compile the kernels of a copied tree, for one instruction set or all; exits where one does not compile."""
    os.environ["CC"] = compiler()
    build = run_path(str(tree / "nndl" / "engines" / "compiled" / "build.py"))
    wanted = builds(instructions, build["variants"]())
    if len(build["build"](more=(*READABLE, *sanitizer.options), only=wanted)) != len(wanted):
        raise SystemExit("the kernels were not compiled")


def environment_of(sanitizer: Sanitizer, tree: Path, instructions: str | None) -> dict[str, str]:
    """Return what the tests of a copied tree run in. Reports go to files: pytest would keep them to itself."""
    found = {**os.environ, "PYTHONMALLOC": "malloc", "PYTHONPATH": str(tree)}
    found[sanitizer.variable] = f"{sanitizer.settings}:log_path={tree / REPORT}"
    if sanitizer.library:
        found["LD_PRELOAD"] = library_of(sanitizer.library)
    if instructions:
        found["NNDL_INSTRUCTIONS"] = instructions
    return found


def run_tests(tree: Path, sanitizer: Sanitizer, instructions: str | None, tests: Sequence[str]) -> bool:
    """Run tests of a copied tree; print what the sanitizer found, and tell whether all is well."""
    environment = environment_of(sanitizer, tree, instructions)
    # Tests are skipped where there are no kernels: that must not pass for "nothing found".
    there = "from nndl.engines.compiled import is_built; raise SystemExit(0 if is_built() else 'kernels do not load')"
    pytest = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout=600", *sanitizer.pytest, *tests]
    passed = all(
        subprocess.run([sys.executable, *words], cwd=tree, env=environment, check=False).returncode == 0
        for words in (["-c", there], pytest)
    )
    reports = sorted(tree.glob(f"{REPORT}*"))  # of child processes too, whose end a test may have taken for its own
    for report in reports:
        print(report.read_text(encoding="utf-8", errors="replace"))
    return passed and not reports


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sanitizer", choices=SANITIZERS)
    parser.add_argument("tests", nargs="*", default=TESTS, help="tests to run, as pytest names them")
    parser.add_argument("--instructions", help="one build, and that for any processor: avx2, ..., or baseline alone")
    options = parser.parse_intermixed_args(arguments)
    sanitizer = SANITIZERS[options.sanitizer]
    with tempfile.TemporaryDirectory(prefix="nndl-sanitize-") as folder:
        tree = copied(Path(folder))
        compile_kernels(tree, sanitizer, options.instructions)
        well = run_tests(tree, sanitizer, options.instructions, options.tests)
    print(f"{options.sanitizer}: {'nothing found' if well else 'FOUND SOMETHING, or a test failed: see above'}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
