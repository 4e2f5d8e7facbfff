"""Picture files decoded on all cores, in order, each of them or what is wrong with it."""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from numpy.typing import NDArray

from nndl.data.pictures import MOST_BYTES, decode, quietly
from nndl.data.pixels import Fit, Shape
from nndl.errors import DataError

Pixels = NDArray[Any]
Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 16  # pictures for each core that are read before they are asked for
_PLAIN = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Named(NamedTuple):
    """A picture that is not read yet: what errors call it, the number of its class, and the way to its bytes."""

    name: str
    label: int
    read: Callable[[], bytes]


def decoded(pictures: Iterable[Named], shape: Shape, fit: Fit) -> Iterator[tuple[int, Pixels | DataError]]:
    """Yield label and pixels uint8 (C, H, W) of each picture in turn, or the error that says why it has none."""

    def read(picture: Named) -> Pixels | DataError:
        try:
            return decode(picture.read(), picture.name, shape, fit)
        except DataError as error:
            return error

    for picture, made in in_order(pictures, read):
        yield picture.label, made


def in_order(items: Iterable[Item], work: Callable[[Item], Result]) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what `work` makes of it, on all cores; pillow decodes and scales without Python's lock."""
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with quietly(), ThreadPoolExecutor(cores(), "pictures") as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > _AHEAD * cores():
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def read_plain(path: Path) -> bytes:
    """Read a file that is one: a link, which may lead anywhere, or a pipe is refused. Raises DataError."""
    try:
        if path.is_symlink():
            raise DataError(f"{path} is a link, and links are not followed")
        with os.fdopen(os.open(path, os.O_RDONLY | _PLAIN), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise DataError(f"{path} is not a file")
            if about.st_size > MOST_BYTES:
                raise DataError(f"{path} has {about.st_size / 2**20:,.0f} MiB; at most {MOST_BYTES >> 20} are read")
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
