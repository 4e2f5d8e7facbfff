"""Addresses of files, without the user and password that may stand in them."""

import re
from urllib.parse import SplitResult, urlsplit


def public(url: str) -> str:
    """Return the address without user and password, for whatever is printed or written down."""
    parts = split(url)
    if "@" not in url or (parts and parts.netloc and "@" not in parts.netloc):
        return url
    if parts and parts.netloc:
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return url.rpartition("@")[2]  # not an address, so that what is a password in it cannot be told: its end alone


def split(url: str) -> SplitResult | None:
    """Return the parts of an address; None where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # a port that is no number, a bracket that does not close
        return None
    return parts


def host_of(url: str) -> str:
    """Return the host, with its port where one is named."""
    parts = split(public(url))
    return parts.netloc if parts else public(url)


def without_secrets(words: str) -> str:
    """Return a library's words without user and password of the addresses it quotes."""
    return re.sub(r"//[^/?#\s'\"]*@", "//", words)
