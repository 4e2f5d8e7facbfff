"""Update rules, schedules, augmentations and observers that do not what their kind does, told before training."""

import re
from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.errors import ConfigError

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")


def blocks(language: str) -> str:
    return "\n\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


CODE, CONFIG = blocks("python"), blocks("yaml")
RETURNS = "return 1 / np.sqrt(1 + max(0.0, epoch - self.hold))"
SALTED = "return np.where(white, images.dtype.type(255), images)"
WRONG = [
    ("beta: float = 1.0", "beta: float = 'x'", "option 'beta' has the default 'x', and it should be a valid number"),
    ("beta: float = 1.0", "beta: float = None", "option 'beta' has the default None"),
    ("beta: float = 1.0", "beta: float = float('nan')", "has the default nan, and it should be a finite number"),
    ("beta: float = 1.0", "beta: tuple[float, ...] = [1.0]", "a default is plain, such as a tuple for a list"),
    ("Ge(1)] = 10", "Ge(1)] = 0", "option 'count' has the default 0, and it should be greater than or equal to 1"),
    ('("velocity",)', '("velocity", "velocity")', "memory has 'velocity' twice"),
    ('("velocity",)', '("a/b",)', "memory has 'a/b' as a name, which has letters, digits and _ only"),
    (
        "w -= learning_rate",
        "w -= np.random.rand() * learning_rate",
        "sign_sgd: tried on 5 weights: update gives something else",
    ),
    ("velocity += dw", "velocity += dw; assert w.dtype == np.float64", "tried on 5 weights: AssertionError"),
    (RETURNS, "return np.random.rand()", "square_root: tried over 2 epochs: at epoch 0 it gives something else"),
    (
        SALTED,
        "return images[::-1].copy()",
        "salt: tried on 2 images 3 x 32 x 32: apply gives an image something else in",
    ),
    (SALTED, f"{SALTED} * 1.0", "apply makes float64 of bytes; it should return out.astype(images.dtype)"),
    ('kind = "salt"', 'kind = "salt"; stream = 1', "stream is a number that nndl.register gives; leave it out"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[words[:40] for _, _, words in WRONG])
def test_what_does_not_what_its_kind_does_is_told(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in CODE
    (tmp_path / "my_parts.py").write_text(CODE.replace(old, new), encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(CONFIG.split("\n\n")[0], encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "mine.yaml")
    assert words in str(caught.value)
    assert f"{tmp_path / 'mine.yaml'}:" in str(caught.value)
