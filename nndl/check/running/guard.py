"""A guard over code that is checked: it may not talk to others, start processes or write outside its folder.

This file stands alone and is armed in the student's process. The audit hook stops what Python code does by mistake or
mischief and says so in words; it is no wall against an attacker. Where the system allows, the process is also in a
network and a process namespace of its own (see runner.py), and memory, CPU time and files have hard limits.
"""

import os
import sys
from pathlib import Path
from typing import Any

FORBIDDEN = {
    "socket.connect": "use the network",
    "socket.bind": "use the network",
    "socket.sendto": "use the network",
    "socket.getaddrinfo": "use the network",
    "subprocess.Popen": "start processes",
    "os.system": "start processes",
    "os.fork": "start processes",
    "os.forkpty": "start processes",
    "os.posix_spawn": "start processes",
    "os.exec": "start processes",
    "os.kill": "end processes",
    "os.killpg": "end processes",
    "ctypes.dlopen": "load libraries",
}
CHANGING = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
CHANGING |= {"shutil.rmtree", "shutil.move", "shutil.copyfile"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FILE_BYTES = 2**24


def limit(memory: int, seconds: int) -> None:
    """Bound the memory, CPU time and file size of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
    ):
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # macOS does not bound address space
            continue


def arm(folder: Path) -> None:
    """Refuse from now on what is forbidden, and changes of files outside `folder`."""
    import ctypes  # noqa: F401  - loads libraries itself

    inside = os.path.realpath(folder) + os.sep

    def outside(path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        name = os.path.realpath(os.fsdecode(path))
        return name != os.devnull and not (name + os.sep).startswith(inside)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            raise PermissionError(f"code that is being checked may not {FORBIDDEN[event]}")
        if event == "open":
            path, mode, flags = (*args, None, None)[:3]
            writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITING)
            if writes and outside(path):
                raise PermissionError(f"code that is being checked may not write to {path!r}")
        elif event in CHANGING and any(outside(path) for path in args):
            raise PermissionError(f"code that is being checked may not change {args[0]!r}")

    sys.addaudithook(hook)
