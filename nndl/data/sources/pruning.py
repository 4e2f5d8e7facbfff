"""The caches of pictures that there are, and their removal: each is made again when it is wanted."""

import contextlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from nndl.data.lock import alone, lock_of
from nndl.data.sources.cache import ABOUT, PIXELS, caches
from nndl.errors import DataError
from nndl.visible import visible

_MOST_ABOUT = 1 << 16


class Cache(NamedTuple):
    """A cache: its folder, what it was made of, its images, its bytes, and when it was last made or read."""

    path: Path
    of: str
    images: int
    bytes: int
    used: float
    """Seconds since the epoch."""


def there_are() -> list[Cache]:
    """List the caches, the one that was not used for longest first. Raises DataError where they cannot be listed."""
    place = caches()
    try:
        folders = [path for path in place.iterdir() if not path.is_symlink() and _is_one(path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{place} cannot be read: {error.strerror or error}") from None
    return sorted(map(_cache, folders), key=lambda cache: cache.used)


def remove(which: Iterable[Cache]) -> list[Cache]:
    """Remove caches, and return those that are gone; one that is being made or read at this moment is left alone.

    Raises DataError for one that cannot be removed.
    """
    gone = []
    for cache in which:
        try:
            with alone(lock_of(_place(cache.path))):
                shutil.rmtree(cache.path)
            gone.append(cache)
        except BlockingIOError:
            continue
        except OSError as error:
            raise DataError(f"{cache.path} cannot be removed: {error.strerror or error}") from None
    return gone


def _is_one(path: Path) -> bool:
    """Tell whether a folder is a cache, or the beginning of one that a killed process left."""
    return (path / ABOUT).is_file() or (path / PIXELS).is_file()


def _place(path: Path) -> Path:
    """Return the place that a beginning was to take; a whole cache has it."""
    return path.with_name(path.name[1:].rpartition(".")[0]) if path.name.startswith(".") else path


def _cache(path: Path) -> Cache:
    size, used = 0, 0.0
    with contextlib.suppress(OSError):  # it goes, or is made anew, at this moment
        files = [each.stat() for each in path.iterdir()]
        size, used = sum(each.st_size for each in files), max(each.st_mtime for each in files)
    about = _about(path)
    count = about.get("count")
    return Cache(path, visible(str(about.get("root") or path.name)), count if isinstance(count, int) else 0, size, used)


def _about(path: Path) -> dict[str, Any]:
    """Read what a cache says of itself; of one that cannot be read nothing."""
    with contextlib.suppress(OSError, ValueError, RecursionError), (path / ABOUT).open("rb") as file:
        said = json.loads(file.read(_MOST_ABOUT))
        return said if isinstance(said, dict) else {}
    return {}
