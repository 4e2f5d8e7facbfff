"""The words on the wrong configs in tests/config/wrong: python -m tests.config.regenerate writes them anew.

Read the difference before committing it: the messages are for somebody who has never seen nndl.
"""

from pathlib import Path
from unittest.mock import patch

from nndl.config import parse_config
from nndl.errors import ConfigError

WRONG = Path(__file__).parent / "wrong"
MEMORY = 8 << 30


def said(path: Path) -> str:
    """All that is wrong with a config, on a machine of 8 GiB; raises ValueError if nothing is."""
    try:
        with patch("nndl.config.checking.sizes.installed_memory", return_value=MEMORY):
            parse_config(path.read_text(encoding="utf-8"), path.name)
    except ConfigError as error:
        return f"{error}\n"
    raise ValueError(f"nothing is wrong with {path.name}")


if __name__ == "__main__":
    for each in sorted(WRONG.glob("*.yaml")):
        each.with_suffix(".txt").write_text(said(each), encoding="utf-8", newline="\n")
