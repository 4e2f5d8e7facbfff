"""The most memory that a process has taken."""

import sys
from pathlib import Path


def peak_memory(process: int | None = None) -> int | None:
    """Return the most bytes of physical memory taken so far; None where the system does not tell.

    process: another process's id, which Linux alone tells of; by default this one. Linux is asked for VmHWM: its
    ru_maxrss starts from what the parent process had.
    """
    status = Path(f"/proc/{process or 'self'}/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        found = next((line for line in lines if line.startswith("VmHWM:")), None)
        return None if found is None else 1024 * int(found.split()[1])
    if process is not None or sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
