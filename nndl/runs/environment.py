"""The environment of a run: all one needs to know to explain a difference between two."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from nndl import __version__
from nndl.launched import ranks
from nndl.paths import resolved


def describe_environment() -> dict[str, Any]:
    """Return versions, processor, threads, commit, command line, as JSON-able values; unknown ones are None."""
    import numpy as np

    return {
        "nndl": __version__,
        "git_commit": git_commit(Path(__file__).parent),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "ranks": ranks(),
        "environment": {name: os.environ[name] for name in _THREAD_VARIABLES if name in os.environ},
        "command": sys.argv,
    }


_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def blas() -> list[dict[str, Any]]:
    """List the BLAS libraries loaded: name, version, threads, kernel."""
    keys = ("internal_api", "version", "num_threads", "architecture", "threading_layer")
    return [{key: pool.get(key) for key in keys} for pool in _pools()]


def blas_kernels() -> list[dict[str, Any]]:
    """List what the sums of NumPy's BLAS depend on: name, version, and the processor that its kernels are for.

    Of other libraries that happen to be loaded, such as PyTorch's, nothing is said where NumPy brings its own.
    """
    import numpy as np

    pools, package = _pools(), Path(np.__file__).parent
    brought = (package, package.with_name("numpy.libs"))
    own = [pool for pool in pools if any(map(Path(pool["filepath"]).is_relative_to, brought))]
    return [{key: pool.get(key) for key in ("internal_api", "version", "architecture")} for pool in own or pools]


def _pools() -> list[dict[str, Any]]:
    from threadpoolctl import threadpool_info

    return [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]


def processor() -> str | None:
    """Return the processor's name as its maker gives it, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        return _output(["sysctl", "-n", "machdep.cpu.brand_string"])
    return platform.processor() or platform.machine() or None


def git_commit(folder: Path) -> str | None:
    """Return the commit of the source in `folder`, with "+" where files were changed; None outside a clone of nndl."""
    top = _output(["git", "-C", str(folder), "rev-parse", "--show-toplevel"])
    if top is None or resolved(Path(top)) != resolved(folder).parents[1]:
        return None
    commit = _output(["git", "-C", str(folder), "rev-parse", "HEAD"])
    changed = _output(
        ["git", "-C", str(folder), "--no-optional-locks", "status", "--porcelain", "--untracked-files=no"]
    )
    return f"{commit}+" if commit and changed else commit


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
