"""The environment is told truly and is JSON."""

import json
import platform
import subprocess
from pathlib import Path

import numpy as np

from nndl import __version__
from nndl.runs.environment import describe_environment, git_commit


def test_it_is_json_and_says_the_versions() -> None:
    environment = json.loads(json.dumps(describe_environment()))
    assert (environment["nndl"], environment["numpy"]) == (__version__, np.__version__)
    assert environment["python"] == platform.python_version()
    assert environment["cores"] > 0
    assert all(library["num_threads"] > 0 for library in environment["blas"])


def test_the_commit_is_that_of_the_clone_and_only_of_it(tmp_path: Path) -> None:
    package = tmp_path / "clone" / "nndl" / "runs"
    package.mkdir(parents=True)
    assert git_commit(package) is None

    def git(*words: str) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path / "clone"), *identity, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    (package / "folder.py").write_text("1\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    assert git_commit(package) == commit
    (package / "folder.py").write_text("2\n", encoding="utf-8")
    assert git_commit(package) == f"{commit}+"
    assert git_commit(package / "deeper") is None
