"""Compile the kernels: `python -m nndl.engines.compiled`, and what the package's build runs where a compiler is.

Imports nothing but the standard library, and nothing of nndl: a build has neither.
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent

COMMON = ("-std=gnu11", "-O3", "-fPIC", "-shared", "-fvisibility=default", "-fno-math-errno", "-ffp-contract=fast")
"""No -ffast-math: linking with it switches denormal numbers off for the whole process."""

AVX512 = ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mprefer-vector-width=512")

X86 = {
    "avx512_bf16": (*AVX512, "-mavx512bf16"),
    "avx512": AVX512,
    "avx2": ("-mavx2", "-mfma"),
}


def variants() -> dict[str, tuple[str, ...]]:
    """Return the instruction sets to build for on this kind of processor, with the compiler's options for each."""
    x86 = X86 if platform.machine().lower() in ("x86_64", "amd64") else {}
    return {**x86, "baseline": ()}


def find_compiler() -> list[str] | None:
    """Find the C compiler, as the start of a command: $CC, or the first of cc, gcc and clang; None without one."""
    if os.environ.get("CC"):
        return os.environ["CC"].split()
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    return [found] if found and sys.platform != "win32" else None


def digest() -> str:
    """Return a fingerprint of the kernels' sources: a library of other sources would misread what it is passed."""
    together = sha256()
    for path in sorted((HERE / "kernels").glob("*.[ch]")):
        together.update(path.read_bytes())
    return together.hexdigest()[:16]


def library_path(variant: str, folder: Path = HERE) -> Path:
    """Return the path of the build for an instruction set."""
    return folder / f"kernels_{variant}.so"


def wanted() -> list[str]:
    """Return the instruction sets to build for: those that $NNDL_KERNELS names ("avx2"), or every one.

    The baseline is always among them: it is the one that can be asked what the processor has. Exits with what would be
    right where a name is none that is known here.
    """
    named = [name.strip() for name in os.environ.get("NNDL_KERNELS", "").split(",") if name.strip()]
    if unknown := [name for name in named if name not in variants()]:
        raise SystemExit(f"nndl: NNDL_KERNELS takes {', '.join(variants())} here, not {unknown[0]!r}")
    return [name for name in variants() if name in {*(named or variants()), "baseline"}]


def build(folder: Path = HERE, more: tuple[str, ...] = (), only: Sequence[str] | None = None) -> list[Path]:
    """Compile variants into `folder`; returns the files made: none where there is no compiler or it fails.

    more: further options. only: the variants, where they are not those of `wanted`. What the compiler says is printed:
    a build without kernels is slower, not broken.
    """
    compiler = find_compiler()
    if compiler is None:
        print("nndl: no C compiler found; the vectorised engine will be used", file=sys.stderr)
        return []
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # which wait for as many compilers
        made = threads.map(lambda variant: _compile([*compiler, *COMMON, *more], variant, folder), only or wanted())
        return [path for path in made if path is not None]


def _compile(command: list[str], variant: str, folder: Path) -> Path | None:
    """Compile one variant; returns its library, or None, with what went wrong printed and no library left."""
    target = library_path(variant, folder)
    fresh = target.with_suffix(f".{os.getpid()}")  # a library that runs must not change under the process's feet
    sources = sorted(str(path) for path in (HERE / "kernels").glob("*.c"))
    marks = (*variants()[variant], f'-DNNDL_SOURCES="{digest()}"')
    problem = _run([*command, *marks, *sources, "-o", str(fresh), "-lpthread"])
    if not problem:
        return fresh.replace(target)
    print(f"nndl: the {variant} kernels were not built: {problem}", file=sys.stderr)
    for left in (fresh, target):
        left.unlink(missing_ok=True)
    return None


def _run(command: list[str]) -> str:
    """Run a command; returns what went wrong, nothing if all is well."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr or f"{command[0]} failed" if done.returncode else ""


def platform_tag() -> str:
    """Return this platform's name in wheels. A Python for both kinds of Mac does not make the kernels be for both."""
    name = sysconfig.get_platform().replace("universal2", platform.machine())
    return name.replace("-", "_").replace(".", "_")


if __name__ == "__main__":
    sys.exit(0 if build() else 1)
