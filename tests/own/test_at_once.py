"""Processes that note code at once: none of it is lost."""

import subprocess
import sys
from pathlib import Path

from nndl.own.source import Source
from nndl.own.trust import known, mark
from tests.cli.command import environment

NOTE = """
import sys
from nndl.own.source import Source
from nndl.own.trust import note
sys.stdin.readline()
for number in range(50):
    note([Source("x.py", f"# {sys.argv[1]} {number}".encode(), "x.py")])
"""


def test_what_several_processes_note_at_once_is_known(tmp_path: Path) -> None:
    path = tmp_path / "known-code"  # as conftest.py names it
    started = [
        subprocess.Popen(
            [sys.executable, "-c", NOTE, str(who)], stdin=subprocess.PIPE, env=environment(NNDL_KNOWN_CODE=str(path))
        )
        for who in range(3)
    ]
    for process in started:
        process.communicate(b"now\n")
        assert process.returncode == 0
    sources = [Source("x.py", f"# {who} {number}".encode(), "x.py") for who in range(3) for number in range(50)]
    assert all(map(known, sources))
    assert sorted(path.read_text(encoding="ascii").split()) == sorted(map(mark, sources))
