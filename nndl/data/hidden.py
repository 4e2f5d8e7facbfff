"""The files in a folder that somebody put there: systems leave notes of their own beside them."""

from collections.abc import Iterable
from pathlib import Path

from nndl.visible import beware

_LEFT = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
"""Names, without a dot in front, of what Windows and macOS leave."""


def without_hidden(paths: Iterable[Path]) -> list[Path]:
    """List the paths, by name, that are neither hidden (._a.png, .DS_Store) nor left by a system (Thumbs.db)."""
    found = sorted(path for path in paths if not path.name.startswith(".") and path.name.lower() not in _LEFT)
    for path in found:
        beware(path)
    return found
