"""Putting the check of one submission apart from everything else, as far as the system allows.

On Linux with user namespaces a check has a process tree of its own that ends as a whole, no network, and a view of the
disk that is read-only but for a small folder in memory, and empty where submissions, rubric and grades lie.
"""

import ctypes
import functools
import os
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from nndl.check.running.runner import APART, WITH_US
from nndl.paths import resolved

MOUNTED_APART = (*WITH_US, *APART[:-1], "--mount", APART[-1])
SCRATCH = 2**28
"""Bytes that a submission, and all that it writes, may take in memory."""
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_BIND = 1, 2, 4, 4096
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_SETATTR, _MOUNT_ATTR_RDONLY = -100, 0x8000, 442, 1
_TRY = "from nndl.course.isolation import confine; import sys; confine(sys.argv[1], [])"


@functools.cache
def mounted_apart() -> tuple[str, ...]:
    """Return the words that put a process into namespaces of its own with mounts; none where that is not allowed."""
    import tempfile

    if sys.platform != "linux":
        return ()
    with tempfile.TemporaryDirectory(prefix="nndl-grade-") as folder:
        words = [*MOUNTED_APART, sys.executable, "-P", "-c", _TRY, folder]
        try:
            done = subprocess.run(words, env=environment(folder), capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ()
    return MOUNTED_APART if done.returncode == 0 else ()


def environment(scratch: str) -> dict[str, str]:
    """Return the environment of a check: one thread, its own temporary folder, our package, nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LANG")}
    root = str(Path(__file__).parents[2])
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {**kept, **threads, "TMPDIR": scratch, "TEMP": scratch, "PYTHONPATH": root, "PYTHONUTF8": "1"}


def to_hide(paths: Iterable[Path], needed: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Return the places to hide so that none of `paths` can be seen, and those of `paths` that cannot be hidden.

    Their folders are hidden whole where nothing that is needed lies in them.
    """
    keep = [resolved(place) for place in needed]
    found: set[Path] = set()
    seen: list[str] = []
    for path in paths:
        real = resolved(path)
        free = [place for place in (real.parent, real) if not any(place in (each, *each.parents) for each in keep)]
        if free:
            found.add(free[0])
        else:
            seen.append(str(path))
    return sorted(str(place) for place in found if not found & set(place.parents)), seen


def needed() -> list[Path]:
    """Return the places that a check reads: Python, its packages, and ours."""
    import numpy

    ours = (sys.prefix, sys.base_prefix, os.path.realpath(sys.executable), Path(__file__).parents[2], numpy.__file__)
    system = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/dev", "/proc", "/sys")
    return [Path(str(each)) for each in (*ours, *system) if Path(str(each)).exists()]


def confine(scratch: str, hidden: Iterable[str]) -> None:
    """Make everything read-only, mount memory on `scratch`, and hide places. Raises OSError where that fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    read_only = ctypes.create_string_buffer(struct.pack("=QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0))
    _done(libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, read_only, 32), "making / read-only")
    options = f"size={SCRATCH},mode=0700".encode()
    _done(libc.mount(b"scratch", os.fsencode(scratch), b"tmpfs", _MS_NOSUID | _MS_NODEV, options), scratch)
    for place in hidden:
        path = os.fsencode(place)
        if Path(place).is_dir():
            _done(libc.mount(b"hidden", path, b"tmpfs", _MS_RDONLY | _MS_NOSUID, b"size=4k,mode=0700"), place)
        elif Path(place).exists():
            _done(libc.mount(b"/dev/null", path, None, _MS_BIND, None), place)


def _done(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{os.strerror(ctypes.get_errno())}: {what}")
