"""Wrong answers of the methods of a layer of one's own are told with their place, in no internal error."""

from pathlib import Path

import pytest

from nndl.check.report import report_layers
from nndl.config import load_config
from nndl.config.build import build_network
from nndl.config.own.using import chosen
from nndl.config.schema import ONE_OF
from nndl.errors import ConfigError, ExportError
from nndl.export import onnx as onnx_export
from nndl.export.pytorch import source
from tests.own.written import SWISH, write

TABLE = next(key.table for key in ONE_OF if key.what == "layer")

CLASS = [
    ("lowerings = ['vectorized']", "lowerings is a mapping of functions, by the engine"),
    ("lowerings = {'vectorized': None}", "lowerings is a mapping of functions, by the engine"),
    ("lowerings = {'vectorised': print}", "lowerings names 'vectorised'; the engines are reference, vectorized,"),
    ("example = [1]", "example is a mapping of options, such as {'beta': 2.0}, not [1]"),
    ("example = {'gamma': 1}", "example names 'gamma', which is no option; there are name, beta"),
    ("draws = 'yes'", "draws is True or False, not 'yes'"),
    ("named = 'beta'", "a part of one's own holds no list of parts (nested, named)"),
    ("onnx = 3", "onnx is a method, onnx(self, graph, placed, x)"),
    ("pytorch = lambda self, x: x", "pytorch is a method, pytorch(self)"),
    ("initial_params = lambda self: {}", "initial_params is a method, initial_params(self, shape, random)"),
    ("macs = 3", "macs is a method, macs(self, shape)"),
]
W = "gradients = ('w',); initial_params = lambda self, shape, random: {'w': %s}"
METHOD = [
    ("out_shape = lambda self, shape: None", "out_shape gives None; it is a tuple of whole numbers from 1"),
    ("out_shape = lambda self, shape: (0, 4, 4)", "out_shape gives (0, 4, 4); it is a tuple"),
    ("out_shape = lambda self, shape: shape[:2]", "out_shape gives (4, 4); it is a tuple"),
    ("out_shape = lambda self, shape: (4.0, 4.0, 4.0)", "out_shape gives (4.0, 4.0, 4.0); it is a tuple"),
    ("out_shape = lambda self, shape: 'abc'", "out_shape gives 'abc'; it is a tuple"),
    ("initial_params = lambda self, shape, random: None", "initial_params gives a mapping of arrays by their names"),
    (W % "'abc'", "initial_params: w is no array of numbers, but str"),
    (W % "np.full(3, np.nan)", "initial_params: w has values that are not finite"),
    (W % "np.random.rand(3)", "initial_params: w is another the second time; draw by random('w')"),
    ("buffers = lambda self, shape: None", "buffers gives a mapping of arrays by their names"),
    ("buffers = lambda self, shape: {2: shape}", "buffers: a name has letters, digits and _ only, not 2"),
    (f"{W % 'np.ones(3)'}; buffers = lambda self, shape: {{'w': 1.0}}", "w is a parameter and a buffer; rename one"),
    ("arguments = lambda self, params, param_dict: self.beta", "arguments gives a tuple of what forward takes after x"),
    ("options = lambda self: None", "options gives a mapping of constants by their names"),
    ("options = lambda self: {1: 2}", "options gives a mapping of constants by their names"),
    ("drawn = lambda self, shape: None", "drawn gives a shape, such as (16, 32, 32), not None"),
    ("in_evaluation = lambda self: None", "in_evaluation gives a layer, such as self, not NoneType"),
    ("macs = lambda self, shape: None", "macs gives a whole number of multiply-adds, not None"),
    ("macs = lambda self, shape: 1.5", "macs gives a whole number of multiply-adds, not 1.5"),
    ("is_plain = lambda self: 1 / 0", "ZeroDivisionError: division by zero (line 33, in <lambda>)"),
]


@pytest.mark.parametrize(("line", "words"), CLASS + METHOD, ids=[line[:40] for line, _ in CLASS + METHOD])
def test_a_wrong_answer_is_told_at_its_place(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, code=f"{SWISH}\n    {line}\n"))
    assert words in str(caught.value)
    assert "mine.yaml:1:7: my_layers.py:19: Swish: " in str(caught.value) or "mine.yaml:6:34: " in str(caught.value)


def test_a_pair_that_draws_unasked_is_told(tmp_path: Path) -> None:
    code = SWISH.replace("return x * s,", "return x * s + np.random.rand(),")
    with pytest.raises(ConfigError, match="gives something else the second time; say draws = True, and draw by"):
        load_config(write(tmp_path, code=code))


def test_a_shape_of_numpy_s_numbers_is_a_shape(tmp_path: Path) -> None:
    line = "\n    out_shape = lambda self, shape: np.array(shape).tolist()\n"
    experiment = load_config(write(tmp_path, code=SWISH + line))
    assert build_network(experiment, "reference").placed[2].out_shape == (4, 4, 4)


def test_a_way_of_its_own_that_is_none_is_told(tmp_path: Path) -> None:
    experiment = load_config(write(tmp_path, code=SWISH + "\n    lowerings = {'vectorized': print}\n"))
    with pytest.raises(ConfigError, match=r"swish1: its way for vectorized gives NoneType, not nndl\.net\.contract"):
        build_network(experiment, "vectorized")


TORCH = [
    ("'torch.sigmoid({y})'", "and {y} stands for nothing; it gives an expression of {x}"),
    ("'{x.foo}'", "and {x.foo} stands for nothing"),
    ("'torch.sigmoid({x}'", "'(' was never closed"),
    ("'torch.sigmoid({x) {'", "unexpected '{' in field name"),
    ("'sigmoid({x})'", "nothing there is called sigmoid"),
    ("'y = {x}'", "invalid syntax"),
    ("'({x}\\n)'", "it is more than one line"),
    ("'torch.zeros(3)'", "without {x}"),
    ("'{}'", "without {x}"),
    ("None", "gives NoneType; it gives an expression of {x}"),
]


@pytest.mark.parametrize(("text", "words"), TORCH, ids=[text for text, _ in TORCH])
def test_what_pytorch_is_told_is_an_expression(tmp_path: Path, text: str, words: str) -> None:
    code = f"{SWISH}\n    def pytorch(self):\n        return {text}\n"
    network = build_network(load_config(write(tmp_path, code=code)), "reference")
    with pytest.raises(ExportError) as caught:
        source(network)
    assert f"{tmp_path / 'my_layers.py'}:33: pytorch() of swish1 " in str(caught.value)
    assert words in str(caught.value)


def test_an_expression_with_names_of_its_own_is_one(tmp_path: Path) -> None:
    text = "torch.stack([each.clamp(min=F.relu({x}).min()) for each in {x}]) * (lambda a: a)(1)"
    code = f"{SWISH}\n    def pytorch(self):\n        return {text!r}\n"
    network = build_network(load_config(write(tmp_path, code=code)), "reference")
    assert f"x = {text.format(x='x')}\n" in source(network)


ONNX = [
    ("None", "gives NoneType; it returns the name of its output"),
    ("'nothing'", "gives 'nothing', which is no node's"),
    ("graph.add('Swoosh', [x], placed.path)", "No Op registered for Swoosh"),
    ("graph.add('Relu', x, placed.path)", "has input size"),
    ("graph.add('Relu', ['none'], placed.path)", "Relu takes 'none', which nothing gives"),
    ("graph.add('Relu', [x], 'conv1')", "two nodes give '/conv1'; begin their names with placed.path"),
    ("graph.add('Relu', [x], placed.path, alpha=2.0)", "Unrecognized attribute: alpha for operator Relu"),
]


@pytest.mark.parametrize(("text", "words"), ONNX, ids=[text for text, _ in ONNX])
def test_what_onnx_is_told_is_an_operator(tmp_path: Path, text: str, words: str) -> None:
    pytest.importorskip("onnx")
    code = f"{SWISH}\n    def onnx(self, graph, placed, x):\n        return {text}\n"
    network = build_network(load_config(write(tmp_path, code=code)), "reference")
    with pytest.raises(ExportError) as caught:
        onnx_export.onnx_model(network)
    assert f"{tmp_path / 'my_layers.py'}:33: onnx() of swish1" in str(caught.value)
    assert words in str(caught.value)


def test_a_parameter_that_is_none_is_told(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    code = f"{SWISH}\n    def onnx(self, graph, placed, x):\n        return graph.param(placed, 'w')\n"
    network = build_network(load_config(write(tmp_path, code=code)), "reference")
    with pytest.raises(ExportError, match="swish1: a swish has no parameter or buffer 'w'"):
        onnx_export.onnx_model(network)


def test_gradcheck_holds_it_to_float32_too(tmp_path: Path) -> None:
    write(tmp_path, code=SWISH.replace("return x * s,", "return x * np.sqrt(s) * np.sqrt(s),"))
    with chosen([str(tmp_path / "my_layers.py")]):
        good = report_layers(["swish"], "reference", coordinates=3, tolerance=1e-6, seed=0, table=TABLE)
    write(tmp_path, code=SWISH.replace("return x * s,", "return np.sqrt(4.0) / 2 * x * s,"))
    with chosen([str(tmp_path / "my_layers.py")]):
        bad = report_layers(["swish"], "reference", coordinates=3, tolerance=1e-6, seed=0, table=TABLE)
    assert good["passed"]
    assert not bad["passed"]
    assert "float64" in bad["broken"][0]
