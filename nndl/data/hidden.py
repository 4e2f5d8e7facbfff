"""Which files in a folder somebody put there: systems leave notes of their own beside them."""

from collections.abc import Iterable
from pathlib import Path

_LEFT = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
"""What Windows and macOS leave under names that do not begin with a dot."""


def without_hidden(paths: Iterable[Path]) -> list[Path]:
    """The paths, by name, that are neither hidden (._a.png, .DS_Store) nor left by a system (Thumbs.db)."""
    return sorted(path for path in paths if not path.name.startswith(".") and path.name.lower() not in _LEFT)
