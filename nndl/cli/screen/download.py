"""A download as it is seen: a bar while it lasts, what was done, what is kept of one that was broken off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nndl.cli.screen import terminal
from nndl.data.download import Outcome, choose_release, fetch_cifar, kept
from nndl.data.official import TITLES


def fetch(
    dataset: str,
    format: str | None,
    root: Path,
    *,
    urls: Sequence[str] = (),
    sha256: str | None = None,
    verify: bool = False,
    silent: bool = False,
) -> Outcome:
    """Fetch a data set as `fetch_cifar` does, with a bar unless `silent`; Ctrl+C is told what is kept, and goes on."""
    options: dict[str, Any] = {"urls": urls, "sha256": sha256, "verify": verify}
    try:
        if silent:
            return fetch_cifar(dataset, format, root, **options)
        with terminal.download_progress() as progress:
            return fetch_cifar(dataset, format, root, **options, progress=progress)
    except KeyboardInterrupt:
        path, size = kept(choose_release(dataset, format, root), root)
        there = f"{size / 1e6:.1f} MB are kept in {path}; the same command resumes" if size else "nothing was changed"
        terminal.note(f"\ninterrupted: {there}")
        raise


def describe(outcome: Outcome) -> str:
    """Tell what was done, in lines for a person."""
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


def _origin(outcome: Outcome) -> str:
    if outcome.official is None:
        return "whole"
    return "as published" if outcome.official else "whole, but not the published ones"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Tell what was done, for a program."""
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
