"""Text from a run's folder on a page: neither markup nor anything that a browser obeys without showing it."""

import html

from nndl.visible import visible_lines


def escape(text: str) -> str:
    """Return HTML that shows the text as it is, control characters and turns of direction as \\x1b and \\u202e."""
    return html.escape(visible_lines(text))
