"""The report of real, small runs: whole, self-contained, accessible, and made whatever is missing."""

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from nndl.api import load_config, train
from nndl.config.writing.show import dump
from nndl.report.gather import gather
from nndl.report.page import page
from nndl.runs.folder import RunFolder
from nndl.runs.inputs import read_inputs, write_inputs
from nndl.visible import is_hidden
from tests.runs.made import make_run

CONFIG = """\
name: "<script>alert('x')</script>"
engine: vectorized
threads: 1
data: {dataset: synthetic, train_size: 120, test_size: 60, validation_size: 40}
model: {layers: [conv: {filters: 4, kernel: 2, stride: 2, pad: 0}, relu, avg_pool: 8, affine: 10]}
train: {epochs: 2, batch_size: 32, optimizer: {adam: 0.01}}
record: {statistics: 2 steps}
"""
ILL = CONFIG.replace("conv: {filters: 4,", "conv: {filters: 4, init: zeros,").replace("script>alert", "b>ill")
VOID = {"meta", "link", "img", "br", "line", "path", "rect", "circle"}


class Reader(HTMLParser):
    """Collects what the tests ask for, and fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in tags]

    def inside(self, outer: str, tag: str) -> int:
        """Count the elements `tag` right after the beginning of `outer`, or after one more."""
        names = [name for name, _ in self.tags]
        return sum(outer in names[max(0, place - 2) : place] for place, name in enumerate(names) if name == tag)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    train(load_config(folder / "config.yaml"), folder / "run")
    return folder / "run"


def read(*folders: Path) -> Reader:
    return Reader(page([gather(RunFolder(folder)) for folder in folders]))


def test_a_run_has_all_its_parts(trained: Path) -> None:
    report = read(trained)
    for part in (
        "test accuracy",
        "best validation accuracy",
        "Loss",
        "Learning rate",
        "Images a second",
        "Confusion",
        "precision",
        "expected calibration error",
        "Most confident mistakes",
        "First-layer filters",
        "Update over weight",
        "Norm of the gradients",
        "Activations that are zero",
        "Checksum of the images",
        "SYNTHETIC",
        "batch_size: 32",
        "cores",
    ):
        assert part in report.text, part
    accuracy = json.loads((trained / "summary.json").read_text(encoding="utf-8"))["test"]["best"]["accuracy"]
    assert f"{100 * accuracy:.2f} %" in report.text


def test_it_needs_nothing_but_itself(trained: Path) -> None:
    report = read(trained, trained)
    for attributes in report.of("img", "link", "script", "iframe", "object", "use"):
        assert (attributes.get("src") or attributes.get("href") or "").startswith("data:")
    assert report.of("script") == []
    assert not re.search(r"url\(|@import|https?://", page([gather(RunFolder(trained))]))


def test_where_the_images_were_on_this_machine_is_not_handed_on(trained: Path, tmp_path: Path) -> None:
    run = RunFolder(shutil.copytree(trained, tmp_path / "run"))
    run.write_environment({**run.read_environment(), "root": {"said": "pets", "was": "/home/me/pets"}})
    assert "/home/me" not in page([gather(run)])


def test_text_from_files_stays_text(trained: Path) -> None:
    report = read(trained)
    assert "<script>alert('x')</script> on SYNTHETIC images" in report.text


@pytest.mark.parametrize("count", [1, 2])
def test_it_can_be_read_by_ear(trained: Path, count: int) -> None:
    copies = [trained]
    if count > 1:
        copies.append(trained.with_name("copy"))
        shutil.copytree(trained, copies[-1], dirs_exist_ok=True)
    report = read(*copies)
    ids = [attributes["id"] for _, attributes in report.tags if "id" in attributes]
    assert not [name for name, times in Counter(ids).items() if times > 1]
    levels = [int(tag[1]) for tag, _ in report.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(image.get("alt") for image in report.of("img"))
    assert all(drawing.get("role") == "img" for drawing in report.of("svg"))
    assert report.inside("svg", "title") == report.inside("svg", "desc") == len(report.of("svg"))
    assert all(head.get("scope") in ("row", "col") for head in report.of("th"))
    assert [tag for tag, _ in report.tags if tag in ("header", "main", "footer")] == ["header", "main", "footer"]
    for attributes in report.of("section"):
        assert attributes.get("aria-labelledby") in (None, *ids)


def test_several_runs_are_laid_over_each_other_with_what_differs(trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(trained, other)
    experiment = load_config(other / "config.yaml", ["train.l2=0.5"])
    (other / "config.yaml").write_text(dump(experiment), encoding="utf-8")
    report = read(trained, other)
    assert "train.l2 0.0 0.5" in report.text
    assert report.text.count("Calibration") == 2


def test_several_runs_say_which_are_of_generated_images(tmp_path: Path) -> None:
    made = [make_run(tmp_path / name, dataset=dataset) for name, dataset in (("a", "synthetic"), ("b", "cifar10"))]
    text = read(*made).text
    assert "The images of a are SYNTHETIC" in text
    assert "a finished SYNTHETIC 2" in text
    assert "b finished CIFAR-10 2" in text
    assert "a (SYNTHETIC)" in text
    assert "b (SYNTHETIC)" not in text
    assert "The images are SYNTHETIC" in read(made[0], made[0]).text


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (("best.safetensors", "last.safetensors"), "Its weights cannot be loaded"),
        (("metrics.jsonl",), "test accuracy"),
        (("summary.json",), "This run ended without a word"),
        (("environment.json",), "test accuracy"),
        (("input.json",), "test accuracy"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_shown(
    trained: Path, tmp_path: Path, missing: tuple[str, ...], words: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    for name in missing:
        (folder / name).unlink()
    assert words in read(folder).text


def test_a_run_whose_images_are_gone_keeps_its_figures(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "gone", root=str(tmp_path / "nowhere"))
    report = read(folder)
    assert "55.00 %" in report.text
    assert "cannot be loaded" in report.text


def test_what_a_browser_obeys_without_showing_it_is_shown(trained: Path, tmp_path: Path) -> None:
    for name in ("one", "other\u202e"):
        shutil.copytree(trained, tmp_path / name)
        inputs = read_inputs(RunFolder(trained))
        assert inputs is not None
        write_inputs(RunFolder(tmp_path / name), replace(inputs, classes=("frog\u2066\x9b", *inputs.classes[1:])))
        environment = {"processor": "\u202e\x1b[31m", "command": ["nndl", "\u202e"]}
        (tmp_path / name / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    text = re.sub(
        "^name:.*", r'name: "evil\\u202Egpj.\\e[2J"', (trained / "config.yaml").read_text("utf-8"), flags=re.M
    )
    (tmp_path / "one" / "config.yaml").write_text(text, encoding="utf-8")
    for folders in ([tmp_path / "one"], [tmp_path / "one", tmp_path / "other\u202e"]):
        text = page([gather(RunFolder(folder)) for folder in folders])
        assert {char for char in text if is_hidden(char)} == {"\n"}
        assert r"evil\u202egpj.\x1b[2J" in text
    assert r"frog\u2066\x9b" in text
    assert r"other\u202e" in text


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{}", b'{"test": {"best": []}}', b'{"test": 3}'])
def test_damaged_files_are_no_reason_to_fail(trained: Path, tmp_path: Path, content: bytes) -> None:
    for name in ("summary.json", "environment.json", "metrics.jsonl", "config.yaml", "best.safetensors", "input.json"):
        folder = tmp_path / name
        shutil.copytree(trained, folder)
        (folder / name).write_bytes(content)
        read(folder)


def test_a_damaged_run_beside_others_is_no_hindrance(trained: Path, tmp_path: Path) -> None:
    for name in ("damaged", "other"):
        shutil.copytree(trained, tmp_path / name)
    (tmp_path / "damaged" / "config.yaml").write_bytes(b"x: [")
    experiment = load_config(tmp_path / "other" / "config.yaml", ["train.l2=0.5"])
    (tmp_path / "other" / "config.yaml").write_text(dump(experiment), encoding="utf-8")
    assert "no two configs" in read(tmp_path / "damaged", trained).text
    assert "train.l2 0.0 0.5" in read(tmp_path / "damaged", trained, tmp_path / "other").text


def test_what_was_noticed_stands_at_its_top(tmp_path: Path) -> None:
    (tmp_path / "ill.yaml").write_text(ILL, encoding="utf-8")
    run = train(load_config(tmp_path / "ill.yaml"), tmp_path / "run")
    text = page([gather(run.folder)])
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", text)
    assert headings[0] == "Health"
    words = " ".join(Reader(text).words)
    assert "before the first step activations vanish: what conv1 gives is the same for every image" in words
    assert "init: he, which keeps the scale through ReLU" in words
    lines = run.folder.metrics.read_text(encoding="utf-8").splitlines()
    lines = [line.replace("activations vanish", "<i>x</i>") for line in lines]
    run.folder.metrics.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "&lt;i&gt;x&lt;/i&gt;: what conv1" in page([gather(run.folder)])
