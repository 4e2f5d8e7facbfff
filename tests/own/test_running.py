"""Code of one's own that cannot be used is told by its line and its words; what it registers is its configs' alone."""

import re
from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.config.own.using import chosen
from nndl.errors import ConfigError
from nndl.own import registry
from nndl.own.registry import forget
from tests.cli.command import nndl
from tests.own.written import CONFIG, SWISH, write


def fault(tmp_path: Path, code: str, config: str = CONFIG) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, config, code))
    return str(caught.value)


WRONG = [
    ("x = (\n", "my_layers.py:1:5: '(' was never closed"),
    ("x = 1\n1 / 0\n", "my_layers.py:2: ZeroDivisionError: division by zero, in: 1 / 0"),
    ("import sys\nsys.exit(3)\n", "my_layers.py:2: SystemExit: 3"),
    ("raise GeneratorExit\n", "my_layers.py:1: GeneratorExit"),
    ("import nothing_of_the_kind\n", "my_layers.py:1: ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
    ("x = '\0'\n", "my_layers.py:1"),
    (SWISH.replace('kind = "swish"', 'kind = "relu"'), "nndl's own layer is called so (nndl.net.catalog.activation"),
    (SWISH.replace('kind = "swish"', 'kind = "repeat"'), "a row of layers is repeated by that word"),
    (SWISH.replace('kind = "swish"', 'kind = "Swish!"'), "kind 'Swish!' is no such name"),
    (SWISH.replace('    kind = "swish"\n', ""), "it has no kind"),
    (SWISH.replace("    pair = ", "    other = "), "it has no pair"),
    (SWISH.replace("swish_backward(dout, cache)", "swish_backward(dout)"), "swish_backward is backward(dout, cache)"),
    (SWISH.replace("swish_forward(x, beta)", "swish_forward()"), "swish_forward takes no x"),
    (SWISH.replace("beta: float = 1.0", "beta: np.ndarray = None"), "option 'beta' is of type ndarray, which no"),
    (SWISH.replace("beta: float = 1.0", "beta: list[float] = None"), "option 'beta' is of type list[float], which no"),
    (SWISH.replace("beta: float = 1.0", "beta: list = []"), "its options cannot be those of a description"),
    (SWISH.replace("beta: float = 1.0", "beta: 'Nothing' = 1.0"), "the types of its options cannot be told"),
    (SWISH.replace('shorthand = "beta"', 'shorthand = "bta"'), "there is no option 'bta'"),
    (
        SWISH.replace("beta: float = 1.0", "beta: float = 1.0\n    macs: int = 1"),
        "option 'macs' has the name of what every Layer has",
    ),
    (SWISH.replace("(Layer)", ""), "takes a class derived from one of Layer, Rule, Schedule, Transform, Observer"),
    (SWISH + "nndl.register(Layer)\n", "takes a class derived from one of"),
    (SWISH + "nndl.register(3)\n", "takes a class derived from one of"),
]


@pytest.mark.parametrize(("code", "words"), WRONG, ids=[words[:40] for _, words in WRONG])
def test_its_line_and_its_words_are_told_at_its_place_in_the_config(tmp_path: Path, code: str, words: str) -> None:
    told = fault(tmp_path, code)
    assert words in told
    assert "mine.yaml:1:7: my_layers.py:" in told
    assert told.endswith("      ^")


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    write(tmp_path, code="x = 1\n1 / 0\n")
    plain = nndl("train", "mine.yaml", cwd=tmp_path)
    assert plain.returncode == 2
    assert "Traceback" not in plain.stderr
    assert 'my_layers.py", line 2, in <module>' in nndl("train", "mine.yaml", "--debug", cwd=tmp_path).stderr


IDLE = CONFIG.replace("swish: 2.0, swish", "relu")


def test_a_file_that_registers_nothing_is_told(tmp_path: Path) -> None:
    words = (
        "mine.yaml:1:7: my_layers.py registers nothing; write @nndl.register above a class there, or leave the file out"
    )
    assert words in fault(tmp_path, "", IDLE)
    assert words in fault(tmp_path, SWISH.replace("@nndl.register\n", ""), IDLE)
    assert "colorsys registers nothing" in fault(tmp_path, "", IDLE.replace("my_layers.py", "colorsys"))
    with pytest.raises(ConfigError, match=r"my_layers\.py registers nothing"), chosen([str(tmp_path / "my_layers.py")]):
        pass


def test_a_file_may_import_what_registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path, code=SWISH.replace('"swish"', '"imported_swish"'), name="parts_of_a_package.py")
    try:
        for code in ("import parts_of_a_package\n", "from parts_of_a_package import Swish\n"):
            config = write(tmp_path, CONFIG.replace("swish", "imported_swish"), code)
            assert load_config(config).model.layers[2].kind == "imported_swish"
    finally:
        forget(next(part for part in registry._shared if part.described.kind == "imported_swish"))


def test_a_file_that_fails_is_run_once(tmp_path: Path) -> None:
    code = f"with open({str(tmp_path / 'times')!r}, 'a') as file:\n    file.write('x')\n"
    first = fault(tmp_path, f"{code}1 / 0\n")
    assert fault(tmp_path, f"{code}1 / 0\n") == first
    assert (tmp_path / "times").read_text() == "x"
    fault(tmp_path, f"{code}import not_installed_yet\n")
    fault(tmp_path, f"{code}import not_installed_yet\n")
    assert (tmp_path / "times").read_text() == "xxx"  # what it looks for may have come


def test_a_name_registered_twice_is_told_with_both_places(tmp_path: Path) -> None:
    told = fault(tmp_path, SWISH + "\n\nnndl.register(Swish)\n")
    at = tmp_path / "my_layers.py"
    assert re.search(
        rf"swish: registered twice as layer, at {re.escape(str(at))}:1\d and at {re.escape(str(at))}:34;", told
    )
    write(tmp_path, name="other.py")
    told = fault(tmp_path, f"{SWISH}# another text\n", CONFIG.replace("[my_layers.py]", "[my_layers.py, other.py]", 1))
    assert "mine.yaml:1:21: swish: registered twice as layer" in told
    assert all(f"{tmp_path / name}:" in told for name in ("my_layers.py", "other.py"))


PAIRS = [
    ("return x * s, (x, s, beta)", "return x * s", "swish_forward should return (out, cache), not ndarray"),
    ("return x * s, (x, s, beta)", "return (x * s)[:, 0], (x, s, beta)", "swish_forward has shape (2, 4, 4)"),
    (
        "return x * s, (x, s, beta)",
        "x *= s\n    return x, (x, s, beta)",
        "swish_forward changes the x that it is given",
    ),
    ("return x * s, (x", "return np.sqrt(4.0) * x * s, (x", "swish_forward makes float64 of float32"),
    ("return dout *", "return np.sqrt(4.0) * dout *", "swish_backward makes float64 of float32"),
    ("return dout *", "return dout, dout *", "swish_backward should return dx, and returns 2 values"),
    (
        "return dout * (s + beta * x * s * (1 - s))",
        "return dout[:1]",
        "dx of swish_backward has shape (1, 4, 4, 4); it should be (2, 4, 4, 4)",
    ),
    ("x * s, (x", "x @ s[0, 0, 0, :2], (x", "swish: tried on 2 images 4 x 4 x 4: ValueError: matmul"),
    ("return (self.beta,)", "return ()", "missing 1 required positional argument: 'beta'"),
    ("return (self.beta,)", "return (self.bta,)", "AttributeError: 'Swish' object has no attribute 'bta'"),
    ("    beta: float", "    gradients = ('w',)\n    beta: float", "initial_params gives none, and gradients says"),
]


@pytest.mark.parametrize(("old", "new", "words"), PAIRS, ids=[words[:40] for _, _, words in PAIRS])
def test_a_pair_that_is_none_is_told_before_training(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in fault(tmp_path, SWISH.replace(old, new))


def test_an_error_in_a_shape_rule_is_told_by_its_line(tmp_path: Path) -> None:
    told = fault(tmp_path, SWISH + "\n    def out_shape(self, shape):\n        return 1 / 0\n")
    assert "my_layers.py:34: out_shape: ZeroDivisionError: division by zero" in told


def test_options_are_checked_as_nndl_s_own_are(tmp_path: Path) -> None:
    told = fault(tmp_path, SWISH, CONFIG.replace("swish: 2.0", "swish: {bta: 2.0}"))
    assert "swish: unknown key 'bta'; did you mean 'beta'?" in told
    assert "no layer 'swsh'; did you mean 'swish'?" in fault(tmp_path, SWISH, CONFIG.replace("swish: 2.0", "swsh: 2.0"))
    assert "beta should be a number, not 'x'" in fault(tmp_path, SWISH, CONFIG.replace("swish: 2.0", "swish: x"))


def test_two_experiments_of_one_process_have_each_their_own_parts(tmp_path: Path) -> None:
    one = load_config(write(tmp_path / "one"))
    other = load_config(write(tmp_path / "other", code=SWISH.replace("-beta * x", "-2 * beta * x")))
    assert type(one.model.layers[2]) is not type(other.model.layers[2])
    assert type(load_config(tmp_path / "one" / "mine.yaml").model.layers[2]) is type(one.model.layers[2])
    told = fault(tmp_path / "none", SWISH, CONFIG.replace("use: [my_layers.py]\n", ""))
    assert "no layer 'swish'" in told
