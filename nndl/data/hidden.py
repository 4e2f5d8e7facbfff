"""The files in a folder that somebody put there: systems leave notes of their own beside them."""

from collections.abc import Iterable
from pathlib import Path

from nndl.visible import beware

_LEFT = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "__pycache__", "lost+found", "@eadir"}
    | {"$recycle.bin", "system volume information"}
)
"""Names, without a dot in front, of what systems, archives and disks leave: files, and folders."""


def is_hidden(name: str) -> bool:
    """Tell whether a file of this name is hidden (._a.png, .DS_Store) or left by a system (Thumbs.db)."""
    return name.startswith(".") or name.lower() in _LEFT


def without_hidden(paths: Iterable[Path]) -> list[Path]:
    """List the paths, by name, that are neither hidden nor left by a system."""
    found = sorted(path for path in paths if not is_hidden(path.name))
    for path in found:
        beware(path)
    return found
