"""The guide holds: its links lead somewhere, its Python runs, its commands are commands with these options."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

from nndl.cli.app import app
from tests.cli.command import environment, nndl

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The code of one language on a page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return a page's headings as a forge makes anchors of them: small letters, no punctuation, dashes for spaces."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("https://", "http://")):
            continue
        name, _, place = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), f"{page.name}: {link} is not there"
        assert not place or place in anchors(target), f"{page.name}: {link}: no such heading"


def test_the_python_of_the_page_on_using_a_run_runs(tmp_path: Path) -> None:
    code = "\n".join(blocks(ROOT / "docs" / "using.md", "python"))
    assert "load_run" in code
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == code.count("print(")
    assert (tmp_path / "runs" / "mine" / "best.safetensors").is_file()


def test_the_python_of_the_page_on_images_runs(tmp_path: Path) -> None:
    layers = "[conv: 4, spatial_bn, relu, global_avg_pool, affine: classes]"
    (tmp_path / "digits.yaml").write_text(f"model: {{layers: {layers}}}\ntrain: {{epochs: 1}}\n", encoding="utf-8")
    code = "\n".join(blocks(ROOT / "docs" / "data.md", "python"))
    assert "from_arrays" in code
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.glob("runs/*/*.npz")] == ["arrays.npz"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_commands_of_the_page_on_using_a_run_run_in_their_order(tmp_path: Path) -> None:
    sizes = [f"--set=data.{part}_size={size}" for part, size in (("train", 60), ("validation", 20), ("test", 20))]
    assert nndl("train", "bn_cnn", "--synthetic", "--epochs=1", *sizes, cwd=tmp_path).returncode == 0
    images, labels = np.zeros((20, 32, 32, 3), np.uint8), np.arange(20, dtype=np.uint8) % 10
    for folder, name, about in (("CIFAR-10.1/datasets", "_data", "cifar10.1_v6"), ("CIFAR-10-C", "", "fog")):
        (tmp_path / folder).mkdir(parents=True)
        np.save(tmp_path / folder / f"{about}{name}.npy", images)
        np.save(tmp_path / folder / (f"{about}_labels.npy" if name else "labels.npy"), labels)
    (tmp_path / "photos").mkdir()
    Image.fromarray(images[0]).save(tmp_path / "cat.jpg")
    Image.fromarray(images[0]).save(tmp_path / "photos" / "dog.png")
    lines = [line for block in blocks(ROOT / "docs" / "using.md", "sh") for line in block.splitlines()]
    ran = [line for line in lines if line.startswith("nndl ")]
    assert len(ran) > 10
    for line in ran:
        words, _, source = line.partition("#")[0].partition("<")
        given = tmp_path / source.strip() if source else None
        done = nndl(*shlex.split(words)[1:], cwd=tmp_path, stdin=given)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def commands() -> list[tuple[str, str]]:
    """(page, line) for every line of shell that runs nndl."""
    lines = [(page.name, line) for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return [(page, line) for page, line in lines if line.startswith("nndl ")]


@pytest.mark.parametrize(("page", "line"), commands())
def test_the_commands_shown_are_commands(page: str, line: str) -> None:
    del page
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(app)
    with typer.Context(command) as context:
        while words and hasattr(command, "commands") and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        if words and not words[0].startswith("-") and hasattr(command, "for_other_words"):
            command = command.commands[command.for_other_words]
        known = {
            name for parameter in command.get_params(context) for name in parameter.opts + parameter.secondary_opts
        }
    known |= {"--debug", "--help", "--install-completion", "--show-completion"}
    asked = {word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1}
    assert asked <= known, f"{line}: {sorted(asked - known)}"
    assert not hasattr(command, "commands") or not words or words[0].startswith("-"), f"{line}: no such command"
