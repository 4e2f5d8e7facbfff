"""nndl download-cifar, on a small release served from 127.0.0.1."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from nndl.cli.app import Verbs
from nndl.cli.download_cifar import download_cifar
from nndl.data import download
from tests.cli.command import environment
from tests.data import fake, server


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> tuple[fake.Release, bytes]:
    small, packed = fake.small_release()
    monkeypatch.setattr(download, "RELEASES", (small,))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return small, packed


def run(*words: object) -> Result:
    app = typer.Typer(cls=Verbs, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command("download-cifar")(download_cifar)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["download-cifar", *map(str, words)])


def test_says_what_was_done_and_a_second_time_what_is_there(release: Any, tmp_path: Path) -> None:
    small, packed = release
    with server.serving(packed, server.well) as host:
        first = run("--root", tmp_path, "--url", host.url)
        assert first.exit_code == 0, first.output
        assert f"downloaded {len(packed) / 1e6:.1f} MB from {host.url}\n" in first.stdout
        assert "SHA-256 of cifar-10-binary.tar.gz is as it should be\n" in first.stdout
        there = f"CIFAR-10 is in {tmp_path / small.folder}: 120 images, as published, "
        assert f"{there}unpacked and checked (" in first.stdout
        second = run("--root", tmp_path)
    assert second.stdout.startswith(f"{there}checked (")
    assert second.stderr == ""


def test_json_and_quiet(release: Any, tmp_path: Path) -> None:
    small, packed = release
    with server.serving(packed, server.well) as host:
        done = run("--root", tmp_path, "--url", host.url, "--json")
    assert json.loads(done.stdout) == {
        "action": "downloaded",
        "dataset": "cifar10",
        "format": "binary",
        "folder": str(tmp_path / small.folder),
        "images": 120,
        "official": True,
        "mended": [],
        "url": host.url,
        "bytes_received": len(packed),
        "bytes_resumed": 0,
    }
    assert done.stderr == ""
    quiet = run("--root", tmp_path, "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_mirrors_are_asked_in_order_and_mending_is_told(release: Any, tmp_path: Path) -> None:
    small, packed = release
    with server.serving(b"", server.says(404)) as bad, server.serving(packed, server.well) as good:
        assert run("--root", tmp_path, "--url", bad.url, "--url", good.url).exit_code == 0
    (tmp_path / small.folder / "test_batch.bin").write_bytes(b"")
    damaged = run("--root", tmp_path)
    assert damaged.exit_code == 2
    assert "test_batch.bin has 0 bytes, but 61,460 expected" in damaged.stderr
    mended = run("--root", tmp_path, "--verify")
    assert mended.stdout.startswith("mended: test_batch.bin has 0 bytes")


def test_other_images_need_their_sum_and_are_called_other(release: Any, tmp_path: Path) -> None:
    small, _ = release
    packed = fake.archive(fake.files(small) | {small.test: fake.binary_batch(*fake.images(20, 50))}, "x")
    own = hashlib.sha256(packed).hexdigest()
    with server.serving(packed, server.well) as host:
        refused = run("--root", tmp_path, "--url", host.url)
        assert refused.stderr.endswith("state the SHA-256 of its archive: --sha256 HEX\n")
        done = run("--root", tmp_path, "--url", host.url, "--sha256", own)
    assert "120 images, whole, but not the published ones, unpacked" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sha256", "abc"], "--sha256 takes 64 hexadecimal digits, not 'abc'"),
        (["--dataset", "mnist"], "--dataset mnist is not known: --dataset is cifar10 or cifar100"),
        (["--format", "png"], "--format png is not known"),
        (
            ["--url", "ftp://nobody/file"],
            "--url takes http:// or https://, not ftp://nobody/file; an archive you have goes into",
        ),
        (["--url", "ftp://me:secret@nobody/file"], "https://, not ftp://nobody/file; an archive"),
    ],
)
def test_errors_are_one_message_and_exit_code_2(release: Any, tmp_path: Path, words: list[str], said: str) -> None:
    del release
    done = run("--root", tmp_path, *words)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert "Traceback" not in done.output


DRIVER = """
import sys
from nndl.cli.download_cifar import download_cifar
from nndl.cli.app import Verbs
from nndl.data import download
from tests.data import fake
import typer
download.RELEASES = (fake.small_release()[0],)
app = typer.Typer(cls=Verbs, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("download-cifar")(download_cifar)
app.callback()(lambda: None)
app()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to another process there")
def test_ctrl_c_keeps_what_came_and_the_same_command_resumes(release: Any, tmp_path: Path) -> None:
    small, packed = release
    half = len(packed) // 2
    part = tmp_path / f"{small.archive}.part"
    with server.serving(packed, server.stall_after(half), server.well) as host:
        words = ["download-cifar", "--root", str(tmp_path), "--url", host.url]
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, *words],
            env=environment(NO_PROXY="127.0.0.1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size > half - (1 << 15)) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert f"MB are kept in {part}; the same command resumes" in said[1]
        assert "Traceback" not in said[1]
        resumed = json.loads(run(*words[1:], "--json").stdout)
    assert 0 < resumed["bytes_resumed"] <= half
    assert resumed["bytes_resumed"] + resumed["bytes_received"] == len(packed)
    assert not part.exists()
