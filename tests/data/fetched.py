"""A file that hosts serve, and how it is fetched in a hurry."""

import hashlib
import os
from pathlib import Path
from typing import Any

from nndl.data.answer import Patience
from nndl.data.part import Checksum, Part
from nndl.data.transfer import Expected, Transfer, download
from tests.data import server

CONTENT = os.urandom(300_000)
SUM = Checksum("sha256", hashlib.sha256(CONTENT).hexdigest())
SIZE = len(CONTENT)
HASTE = Patience(connect=2, read=0.3, attempts=3, pause=0.01, trickle=0.3)
MOST = 2 * SIZE


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.starts: list[tuple[str, int | None, int]] = []
        self.done = 0

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        self.starts.append((description, total, done))
        self.done = done

    def advance(self, count: int) -> None:
        self.done += count


def fetch(
    target: Path, *hosts: server.Host | str, size: int | None = SIZE, checksum: Checksum = SUM, **options: Any
) -> Transfer:
    urls = [host if isinstance(host, str) else host.url for host in hosts]
    return download(urls, target, Expected(checksum, size, MOST), **{"patience": HASTE, **options})


def assert_whole(target: Path) -> None:
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def begun(target: Path, content: bytes, url: str = "elsewhere", validator: str | None = None) -> None:
    """Leave a part as an interrupted transfer does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Part(target)
    part.begin(url, validator)
    part.path.write_bytes(content)
