"""A download that is not yet whole: NAME.part, and beside it a note of where its bytes came from."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALGORITHMS = {"sha256": "SHA-256", "md5": "MD5"}
"""The hash functions in use, by hashlib's names and as people write them."""


@dataclass(frozen=True)
class Checksum:
    """A sum to be met: the hash function by hashlib's name, and the digest in hex."""

    algorithm: str
    digest: str

    @property
    def title(self) -> str:
        """The algorithm as people write it."""
        return ALGORITHMS.get(self.algorithm, self.algorithm)


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the digest of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


class Part:
    """The bytes that have come so far; they outlive the process."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._origin = target.with_name(target.name + ".part.json")

    @property
    def size(self) -> int:
        """The number of bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, url: str) -> str | None:
        """Return the strong ETag, else the date, under which this url gave the bytes: for If-Range; None if unknown."""
        try:
            origin: Any = json.loads(self._origin.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        known = isinstance(origin, dict) and origin.get("url") == url and isinstance(origin.get("validator"), str)
        return origin["validator"] if known else None

    def begin(self, url: str, validator: str | None) -> None:
        """Drop what is there and note where the bytes to come are from."""
        self.path.write_bytes(b"")
        self._origin.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def discard(self) -> None:
        """Drop what is there."""
        self.path.unlink(missing_ok=True)
        self._origin.unlink(missing_ok=True)

    def complete(self) -> None:
        """Give the part the target's name."""
        self.path.replace(self.target)
        self._origin.unlink(missing_ok=True)
