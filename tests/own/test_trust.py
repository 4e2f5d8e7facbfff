"""No code runs out of a run that this user did not train, unless --trust says so: every verb is tried."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from nndl import load_config, load_run
from nndl.cli.app import app
from nndl.errors import NndlError
from nndl.jobs.stored import stored_experiment
from nndl.own import running
from nndl.own.trust import UntrustedError
from nndl.runs.folder import RunFolder
from tests.own.stranger import MARK, SWEEPS, forget, said

REFUSE = [
    "eval RUN",
    "predict RUN picture.png",
    "resume RUN",
    "resume RUN --epochs 3",
    "resume RUN --set use=[evil.py]",
    "train --resume RUN",
    "reproduce RUN",
    "export RUN --to npz",
    "explain RUN",
    "explain RUN --layer 1",
    "train RUN/config.yaml",
    "train RUN/config.yaml --resume RUN",
    "verify-resume RUN/config.yaml",
    "import RUN/config.yaml RUN/best.safetensors",
    "summary RUN/config.yaml",
    "check RUN/config.yaml",
    "overfit RUN/config.yaml",
    "gradcheck RUN/config.yaml",
    "gradcheck swish --use RUN/use/1-my_layers.py",
    "explain swish --use RUN/use/1-my_layers.py",
    "bench RUN/config.yaml",
    "explain RUN/config.yaml",
    "augment RUN/config.yaml -o sheet.png",
    "augment mine.yaml -o sheet.png",
    "config check RUN/config.yaml",
    "config show RUN/config.yaml",
    "config schema RUN/config.yaml",
    "summary mine.yaml",
    "explain mine.yaml",
    "config check mine.yaml",
    "config show mine.yaml",
]
"""Verbs that need the network, or its description, stop with words; so do those that only look at a config."""
GO_ON = [
    "runs",
    "runs list",
    "runs compare RUN OTHER",
    "runs best",
    "runs export -",
    "runs remove RUN --yes",
    "report RUN OTHER -o both.html",
    "plot RUN",
    "watch RUN --once",
    "report RUN",
    "config source quickstart",
    "config list",
    "config copy quickstart mine-too.yaml",
    "config reference",
]
"""Lists and figures go on."""
NAMES = {
    "CONFIG": ("mine.yaml", "RUN/config.yaml"),
    "RUN": ("RUN",),
    "TARGET": ("RUN", "RUN/config.yaml"),
    "SWEEP": ("",),
}
"""The names of a config, a run or a sweep on the command line, and words that do so in these lists."""
OTHERS = {
    *("N", "N,...", "X", "KEY", "NAME", "NAMES", "FOLDER", "FILE", "FILE.csv", "FILE.png", "KEY=VALUE", "LAYER"),
    *("IMAGE", "WEIGHTS", "URL", "HEX", "TEXT", "HOW", "ROOT", "DIR", "DAYS", "GB", "test|val"),
    *("none|mirror|mirror+translate[:SHARE]", "onnx|npz|safetensors|pytorch"),
}
"""Names of neither. The file of `sweep run` is its user's own choice (test_sweep_kept.py), --use is tried above."""


@pytest.mark.parametrize("words", REFUSE)
def test_what_would_run_a_stranger_s_code_says_which_and_stops(stranger: Path, words: str) -> None:
    (stranger / "evil.py").write_text(MARK, encoding="utf-8")
    code, told = said(words)
    assert code == 2, told
    assert not (stranger / "it was run").exists()
    if "--set use" not in words:
        digest = json.loads((stranger / "runs/RUN/use.json").read_text())["sources"][0]["sha256"]
        assert f"(sha256 {digest[:16]}, " in told
        assert "my_layers.py" in told
        assert "--trust" in told


@pytest.mark.parametrize("words", GO_ON)
def test_lists_and_figures_go_on_without(stranger: Path, words: str) -> None:
    code, told = said(words)
    assert code == 0, told
    assert not (stranger / "it was run").exists()


def test_a_report_says_what_it_did_without(stranger: Path) -> None:
    assert "Nothing could be scored: " in said("report RUN")[1]
    page = (stranger / "runs/RUN/report.html").read_text(encoding="utf-8")
    assert "my_layers.py (sha256 " in page
    assert "--trust then runs it" in page


def test_every_verb_that_reads_a_run_or_a_config_is_tried() -> None:
    """A new verb, or a new way to name a run, fails here until it stands in one of the lists above."""
    tried = [*REFUSE, *GO_ON, *(f"sweep {verb} " for verb in SWEEPS)]
    untried = []
    for verb, command in commands(get_command(app)):
        for each in command.params:
            metavar = str(getattr(each, "metavar", None) or "N")
            assert metavar in NAMES or metavar in OTHERS, f"{verb}: does {metavar} name a run or a config?"
            flag = each.opts[0] if each.param_type_name == "option" else ""
            ways = [words for words in tried if words.startswith(f"{verb} ") and flag in words]
            if metavar in NAMES and not any(name in words.split(" ") for words in ways for name in NAMES[metavar]):
                untried.append(f"{verb} {flag or metavar}")
    assert untried == []


def commands(command: Any, name: str = "") -> list[tuple[str, Any]]:
    """The verbs of a command by all their words: eval, runs list."""
    inside = getattr(command, "commands", None)
    if inside is None:
        return [(name, command)]
    return [verb for word, each in inside.items() for verb in commands(each, f"{name} {word}".strip())]


@pytest.mark.parametrize("words", ["eval RUN --trust", "--trust config check RUN/config.yaml", "resume RUN --trust"])
def test_trust_runs_it_this_once(stranger: Path, words: str) -> None:
    code, told = said(words)
    assert code == 0, told
    assert (stranger / "it was run").exists()
    forget(stranger)
    assert said("eval RUN")[0] == 2


def test_python_s_way_to_say_so(stranger: Path) -> None:
    with pytest.raises(UntrustedError, match="brings Python code that has not been run here before"):
        load_run("RUN")
    run = load_run("RUN", trust=True)
    assert len(run.images("test").labels) == 20  # which reads the run's config again
    forget(stranger)
    with pytest.raises(UntrustedError):
        load_run("RUN")


def test_what_this_user_trained_is_known_and_a_change_of_it_is_not(stranger: Path) -> None:
    load_config(stranger / "mine.yaml")  # as nndl train does
    assert said("eval RUN")[0] == 0
    copy = stranger / "runs/RUN/use/1-my_layers.py"
    copy.write_text(f"{copy.read_text()}\n# a word more\n", encoding="utf-8")
    code, told = said("eval RUN")
    assert code == 1
    assert "is not the code that the run was trained with" in told
    listed = stranger / "runs/RUN/use.json"
    record = json.loads(listed.read_text())
    record["sources"][0]["sha256"] = load_source_digest(copy)
    listed.write_text(json.dumps(record))
    assert said("eval RUN")[0] == 2


def load_source_digest(path: Path) -> str:
    from hashlib import sha256

    return sha256(path.read_bytes()).hexdigest()


def told_of(change: Callable[[Path], object], folder: Path, use: str | None = None) -> str:
    run = folder / "runs/RUN"
    change(run)
    if use is not None:
        config = run / "config.yaml"
        config.write_text(config.read_text().replace("use: [use/1-my_layers.py]", f"use: {use}", 1))
    for name in ("evil.py", "runs/evil.py", "runs/RUN/evil.py"):
        (folder / name).write_text(MARK)
    with pytest.raises((NndlError, OSError)) as caught:
        stored_experiment(RunFolder(run))
    assert not (folder / "it was run").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    "use",
    ["[os]", "[evil]", "[evil.py]", "[../evil.py]", "[use/../evil.py]", "[{here}/evil.py]", "[tests.own.written]"],
)
def test_nothing_but_a_listed_copy_is_what_a_run_uses(
    stranger: Path, use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(stranger))
    assert "of which use.json there says nothing" in told_of(RunFolder, stranger, use.format(here=stranger))


def _listed(**changed: object) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        record = json.loads((run / "use.json").read_text())
        record["sources"][0] |= changed
        (run / "use.json").write_text(json.dumps(record))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_listed(file="../evil.py"), "does not list files of use/"),
        (_listed(file="/etc/passwd"), "does not list files of use/"),
        (_listed(file="1-my_layers.py\n"), "does not list files of use/"),
        (_listed(package=["os"]), "does not list files of use/"),
        (_listed(sha256="0" * 64), "is not the code that the run was trained with"),
        (lambda run: (run / "use.json").write_text("[" * 9999), "use.json cannot be read"),
        (lambda run: (run / "use.json").write_text('{"sources": 3}'), "use.json is damaged"),
        (lambda run: (run / "use.json").unlink(), "use.json cannot be read"),
        (lambda run: (run / "use/1-my_layers.py").unlink(), "1-my_layers.py cannot be read"),
        (lambda run: (run / "use/1-my_layers.py").write_bytes(b"#" * (2 << 20)), "has more than"),
    ],
)
def test_a_list_or_a_copy_that_is_no_such_is_refused(
    stranger: Path, change: Callable[[Path], object], words: str
) -> None:
    assert words in told_of(change, stranger)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there, and there are no pipes")
def test_links_and_pipes_are_refused(stranger: Path) -> None:
    run, kept = stranger / "runs/RUN", stranger / "kept"
    (run / "use").rename(kept)
    assert "is a link, not a folder" in told_of(lambda run: (run / "use").symlink_to(kept), stranger)
    (run / "use").unlink()
    shutil.copytree(kept, run / "use")
    (run / "use/1-my_layers.py").unlink()
    assert "is a link" in told_of(
        lambda run: (run / "use/1-my_layers.py").symlink_to(kept / "1-my_layers.py"), stranger
    )
    (run / "use/1-my_layers.py").unlink()
    assert "is a named pipe" in told_of(lambda run: os.mkfifo(run / "use/1-my_layers.py"), stranger)
    (run / "use.json").unlink()
    assert "use.json is a named pipe" in told_of(lambda run: os.mkfifo(run / "use.json"), stranger)


def test_known_code_within_another_package_is_not_known(stranger: Path) -> None:
    load_config(stranger / "mine.yaml")
    running._run.clear()
    (stranger / "it was run").unlink()
    _listed(package="evil")(stranger / "runs/RUN")
    with pytest.raises(UntrustedError):
        stored_experiment(RunFolder(stranger / "runs/RUN"))
    assert not (stranger / "it was run").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps users apart by their folders")
def test_a_list_of_known_code_that_others_may_write_is_not_believed(stranger: Path) -> None:
    load_config(stranger / "mine.yaml")
    known = stranger / "known-code"
    assert stored_experiment(RunFolder(stranger / "runs/RUN")).sources
    running._run.clear()
    known.chmod(0o622)
    with pytest.raises(UntrustedError):
        stored_experiment(RunFolder(stranger / "runs/RUN"))
    known.chmod(0o600)
    known.rename(stranger / "elsewhere")
    known.symlink_to(stranger / "elsewhere")
    with pytest.raises(UntrustedError):
        stored_experiment(RunFolder(stranger / "runs/RUN"))


def test_where_nothing_can_be_noted_training_goes_on(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNDL_KNOWN_CODE", str(stranger / "mine.yaml" / "known"))
    assert load_config(stranger / "mine.yaml").sources
