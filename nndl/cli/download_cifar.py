"""nndl download-cifar: the images onto this machine."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.options import Json
from nndl.paths import expanded


def download_cifar(
    dataset: Annotated[str, typer.Option(metavar="NAME", help="cifar10 or cifar100.")] = "cifar10",
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="binary or python; either trains alike.  [default: what is there, else binary]"
        ),
    ] = None,
    root: Annotated[
        Path, typer.Option(metavar="FOLDER", parser=expanded, help="Folder for the archive and its files.")
    ] = Path("data"),
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Fetch from here, not from the official host and its mirrors; repeatable."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="SHA-256 of an archive that is not the official one.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Mend what is damaged, from the archive if it is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    json: Json = False,
) -> None:
    """Fetch CIFAR-10 or CIFAR-100, check it, and unpack it; a second call checks what is there.

    An interrupted download is resumed by the same command. The archive is kept beside its files, so that --verify can
    mend them without the network; it may be deleted.
    """
    import time

    from nndl.cli.screen import download, terminal

    _check_words(url or [], sha256)
    began = time.monotonic()
    outcome = download.fetch(dataset, format, root, urls=url or (), sha256=sha256, verify=verify, silent=quiet or json)
    if json:
        terminal.emit_json(download.as_json(outcome))
    elif not quiet:
        terminal.say(f"{download.describe(outcome)} ({time.monotonic() - began:.1f} s)")


def _check_words(urls: list[str], sha256: str | None) -> None:
    import re

    from nndl.data.address import public
    from nndl.errors import UsageError

    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"--sha256 takes 64 hexadecimal digits, not {sha256!r}")
    for address in urls:
        if not address.lower().startswith(("http://", "https://")):
            words = f"--url takes http:// or https://, not {public(address)}; an archive you have goes into --root"
            raise UsageError(words)
