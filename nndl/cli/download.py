"""nndl download-cifar: the images onto this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nndl.data.download import Outcome

INTERRUPTED = 130  # what shells report for a command ended by Ctrl+C


def download_cifar(
    dataset: Annotated[str, typer.Option(metavar="NAME", help="cifar10 or cifar100.")] = "cifar10",
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="binary or python; either trains alike.  [default: what is there, else binary]"
        ),
    ] = None,
    root: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the archive and its files.")] = Path("data"),
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
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Fetch CIFAR-10 or CIFAR-100, check it, and unpack it; a second call checks what is there.

    An interrupted download is resumed by the same command. The archive is kept beside its files, so that --verify can
    mend them without the network; it may be deleted.
    """
    import time

    from nndl.cli.screen import terminal
    from nndl.data.download import choose_release, kept

    _check_words(url or [], sha256)
    began = time.monotonic()
    try:
        outcome = _fetch(quiet or json, dataset, format, root, urls=url or (), sha256=sha256, verify=verify)
    except KeyboardInterrupt:
        path, size = kept(choose_release(dataset, format, root), root)
        there = f"{size / 1e6:.1f} MB are kept in {path}; the same command resumes" if size else "nothing was changed"
        terminal.note(f"\ninterrupted: {there}")
        raise typer.Exit(INTERRUPTED) from None
    if json:
        terminal.emit_json(as_json(outcome))
    elif not quiet:
        terminal.say(f"{describe(outcome)} ({time.monotonic() - began:.1f} s)")


def _check_words(urls: list[str], sha256: str | None) -> None:
    import re

    from nndl.errors import UsageError

    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"--sha256 takes 64 hexadecimal digits, not {sha256!r}")
    for address in urls:
        if not address.lower().startswith(("http://", "https://")):
            raise UsageError(f"--url takes http:// or https://, not {address}; an archive you have goes into --root")


def _fetch(silent: bool, *place: Any, **options: Any) -> "Outcome":
    from nndl.cli.screen import terminal
    from nndl.data.download import fetch_cifar

    if silent:
        return fetch_cifar(*place, **options)
    with terminal.download_progress() as progress:
        return fetch_cifar(*place, **options, progress=progress)


def describe(outcome: "Outcome") -> str:
    """What was done, in lines for a person."""
    from nndl.data.official import TITLES

    release, transfer = outcome.release, outcome.transfer
    lines = [f"mended: {damage}" for damage in outcome.mended]
    if transfer:
        resumed = f", {transfer.resumed / 1e6:.1f} MB were here already" if transfer.resumed else ""
        lines.append(f"downloaded {transfer.received / 1e6:.1f} MB from {transfer.url}{resumed}")
    if outcome.checksum and (transfer or outcome.official):
        only = " (the only sum published)" if outcome.checksum.algorithm == "md5" else ""
        lines.append(f"{outcome.checksum.title} of {release.archive} is as it should be{only}")
    images = sum(release.images_per_file.values())
    checked = "checked" if outcome.action == "verified" else "unpacked and checked"
    lines.append(f"{TITLES[release.dataset]} is in {outcome.folder}: {images:,} images, {_origin(outcome)}, {checked}")
    return "\n".join(lines)


def _origin(outcome: "Outcome") -> str:
    if outcome.official is None:
        return "whole"
    return "as published" if outcome.official else "whole, but not the published ones"


def as_json(outcome: "Outcome") -> dict[str, Any]:
    """What was done, for a program."""
    transfer = outcome.transfer
    return {
        "action": outcome.action,
        "dataset": outcome.release.dataset,
        "format": outcome.release.format,
        "folder": str(outcome.folder),
        "images": sum(outcome.release.images_per_file.values()),
        "official": outcome.official,
        "mended": list(outcome.mended),
        "url": transfer.url if transfer else None,
        "bytes_received": transfer.received if transfer else 0,
        "bytes_resumed": transfer.resumed if transfer else 0,
    }
