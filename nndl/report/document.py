"""The frame of a page: one file that needs nothing but itself."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from nndl import __version__
from nndl.report.escape import escape
from nndl.report.parts import slug


def document(title: str, under: str, body: str) -> str:
    """Return the whole file: its title, HTML of the line under it, and HTML of what it shows."""
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{style}</style></head><body>'
        f"<header><h1>{escape(title)}</h1>{under}</header><main>{body}</main>"
        f"<footer>Made by nndl {__version__}, {made}. This file needs nothing but itself.</footer></body></html>\n"
    )


def sections(named: Iterable[tuple[str, str]], own: str = "all", level: int = 2) -> str:
    """Return a section with its heading for each that has content; `own` keeps their ids apart from others'."""
    return "".join(
        f'<section aria-labelledby="{own}-{slug(title)}"><h{level} id="{own}-{slug(title)}">{title}</h{level}>{content}'
        "</section>"
        for title, content in named
        if content
    )
