"""The address of a storage, and how it is shown: without the password, wherever in it that stands."""

import os
import re
from urllib.parse import unquote

from nndl.errors import UsageError

VARIABLE = "NNDL_STORAGE"
KINDS = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE, or grpc://HOST:PORT"

_IN_QUERY = re.compile(r"(?i)(?<=[?&])([^=&]*pass[^=&]*=)([^&]+)")
_NO_PORT = re.compile(r"^([^:/?]*):(?!\d+(?:[/?]|$))([^/?]+)")
"""A word where a port would stand, and no number: a password whose @ and host were forgotten."""
LEAST = 3
"""Letters that a password needs to be looked for in what drivers say: a shorter one stands in every other word."""


def url_of(given: str | None) -> str | None:
    """Return the storage asked for: the option, or NNDL_STORAGE, which keeps passwords out of the list of processes."""
    return given or os.environ.get(VARIABLE) or None


def shown(url: str) -> str:
    """Return a storage's address as it may be printed and written down: without the password."""
    return _parted(url)[0]


def without_password(words: str, url: str | None) -> str:
    """Return what a driver said of the storage as it may be printed and written down."""
    if url is None:
        return words
    masked, secrets = _parted(url)
    words = words.replace(url, masked)
    for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
        words = words.replace(secret, "***") if len(secret) >= LEAST else words
    return words


def _parted(url: str) -> tuple[str, list[str]]:
    """Return an address without its secrets, and those."""
    kind, is_url, rest = url.partition("://")
    if not is_url:
        kind, rest = "", url
    secrets = [match.group(2) for match in _IN_QUERY.finditer(rest)]
    user, at, place = rest.rpartition("@")
    name, has_password, password = user.partition(":")
    if kind == "sqlite":
        pass  # it has neither user nor password, but its file may have any name
    elif at and has_password:
        secrets.append(password)
        rest = f"{name}:***@{place}"
    elif not at and kind != "grpc" and (found := _NO_PORT.match(rest)):
        secrets.append(found.group(2))
        rest = _NO_PORT.sub(r"\1:***", rest)
    return kind + is_url + _IN_QUERY.sub(r"\1***", rest), [secret for secret in secrets if secret]


def check_address(url: str) -> None:
    """Raise UsageError for what is no address of a storage that several processes can share."""
    kind, is_url, rest = url.partition("://")
    if not is_url:
        raise UsageError(f"{shown(url)} is no storage: take {KINDS}")
    user, _, _ = rest.rpartition("@")
    if kind != "sqlite" and "@" in user.partition("?")[0]:
        raise UsageError(f"the storage {shown(url)} cannot be used: an @ in a password is written %40")
    if kind.startswith("sqlite") and rest.lstrip("/").partition("?")[0] in ("", ":memory:"):
        raise UsageError(f"the storage {url} ends with its process; name a file: sqlite:///FILE")
