"""The class that `python -m benchmarks.grading` makes: what is planted is what is looked for."""

import random
from pathlib import Path

from benchmarks.grading import HOSTILE, USUAL, as_it_should, made


def test_the_class_has_mistakes_and_every_hostile_kind(tmp_path: Path) -> None:
    kinds = dict(made(tmp_path, 20, random.Random(0)))
    assert {kind for kind, _ in kinds.values()} == {"mistakes", *HOSTILE}
    assert sum(len(ids) for _, ids in kinds.values()) > 10
    for name, (kind, ids) in kinds.items():
        texts = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / name).iterdir()}
        usual = {file: path.read_text(encoding="utf-8") for file, path in USUAL.items()}
        assert texts.keys() == usual.keys()
        changed = sum(texts[file] != usual[file] for file in texts)
        assert changed == (len(ids) if kind == "mistakes" else 1)


def test_what_is_not_named_is_not_as_it_should_be() -> None:
    right = {"function": "relu_forward", "passed": True, "findings": [], "notes": []}
    wrong = {"function": "conv_forward_naive", "passed": False, "findings": [{"id": "C43"}], "notes": []}
    graded = {"records": [right, wrong], "broke_off": ""}
    assert as_it_should(graded, "mistakes", ["C43"])
    assert not as_it_should(graded, "mistakes", ["C43", "C44"])
    assert not as_it_should({**graded, "broke_off": "too long"}, "mistakes", ["C43"])
    assert not as_it_should(graded, "loops", [])
