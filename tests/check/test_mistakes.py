"""Mistakes of the catalogue are detected and named, planted into another way of writing the layers; right ones pass."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nndl.check.exercises import EXERCISES
from nndl.check.exercises.exercise import Exercise
from nndl.check.mistakes import CATALOGUE
from nndl.check.mistakes.entry import mistake
from nndl.check.running.executor import Executor
from nndl.check.running.probe import GIVEN
from nndl.check.students.judge import Case, attempt, judge
from nndl.check.students.outcome import Outcome
from nndl.check.students.reading import read_text
from nndl.check.variants import definitions
from tests.check.planted import DROPOUT, LOSSES, NORMS, RULES, VECTORS, WINDOWS, Planted
from tests.check.planted_nets import NETS
from tests.check.planted_solver import SOLVERS

STYLES = sorted((Path(__file__).parent / "styles").glob("*.py"))
PLANTED = (*VECTORS, *LOSSES, *NORMS, *DROPOUT, *WINDOWS, *RULES, *NETS, *SOLVERS)


@cache
def usual(function: str) -> str:
    """Return the text of the file, of the usual ones, that has a function."""
    texts = [path.read_text(encoding="utf-8") for path in STYLES if path.name.startswith("usual_")]
    return next(text for text in texts if re.search(rf"^(def|class) {function}\b", text, re.MULTILINE))


def exercise_of(function: str) -> Exercise:
    return next(each for each in EXERCISES.values() if function in each.functions)


def outcomes(text: str, exercise: Exercise) -> dict[str, Outcome]:
    """Judge the functions of a file here, without a process of its own."""
    names: dict[str, Any] = dict(GIVEN)
    exec(compile(text, "<student>", "exec"), names)
    case = Case(exercise, read_text(text), lambda situation: list(Executor(names).run(situation.program())))
    return {outcome.function: outcome for outcome in judge(attempt(case), "student.py")}


def with_planted(planted: Planted) -> str:
    """Return the usual file with one text exchanged, which must stand in its function once."""
    text = usual(planted.function)
    source = read_text(text).functions[planted.function]
    assert [source.count(old) for old in planted.old.split(" ... ")] == [1] * (1 + planted.old.count(" ... ")), planted
    for old, new in zip(planted.old.split(" ... "), planted.new.split(" ... "), strict=True):
        source, before = source.replace(old, new), source
        text = text.replace(before, source)
    return text


def named(outcome: Outcome) -> set[str]:
    return {finding.id for finding in (*outcome.findings, *outcome.notes)}


NAMES = [f"{p.id} {p.function} {i}" for i, p in enumerate(PLANTED)]


@pytest.mark.parametrize("planted", PLANTED, ids=NAMES)
def test_a_planted_mistake_is_detected_and_named(planted: Planted) -> None:
    function = planted.told_of or planted.function
    outcome = outcomes(with_planted(planted), exercise_of(function))[function]
    assert planted.id in named(outcome), outcome
    is_note = any(finding.id == planted.id for finding in outcome.notes)
    assert is_note <= any(entry.note for entry in CATALOGUE if (entry.id, entry.function) == (planted.id, function))
    assert outcome.verdict == ("correct with notes" if is_note else "known mistake")


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "out = None\n    cache = None\n    return out, cache",
        "raise NotImplementedError",
        "pass\n    return out, (x, w, b)",
        "out = np.zeros(1)\n    return 0, (x, w, b)",
    ],
)
def test_what_is_not_written_yet_is_no_mistake(body: str) -> None:
    text = f"import numpy as np\n\ndef affine_forward(x, w, b):\n    {body}\n"
    text += "\ndef affine_backward(dout, cache):\n    pass\n"
    verdicts = [outcome.verdict for outcome in outcomes(text, exercise_of("affine_forward")).values()]
    assert verdicts == ["not implemented", "not implemented"]


GIVEN_UP = {  # by the list's id: function, right text, and what stands there of a function that was begun
    "N34": ("spatial_groupnorm_backward", "return dx.reshape(N, C, H, W)", "return np.zeros(dout.shape)"),
    "C53": ("conv_backward_naive", "dx = dx_pad[:, :, pad : pad + H, pad : pad + W]", "dx = None"),
}


@pytest.mark.parametrize("id", GIVEN_UP)
def test_what_is_begun_and_given_up_is_no_mistake(id: str) -> None:
    function, right, begun = GIVEN_UP[id]
    outcome = outcomes(with_planted(Planted(id, function, right, begun)), exercise_of(function))[function]
    assert outcome.verdict == "not implemented", outcome


def test_a_solver_that_takes_no_step_is_not_implemented() -> None:
    text = "class Solver:\n    def __init__(self, model, data, **kwargs):\n        self.model = model\n\n"
    text += "    def train(self):\n        pass\n"
    assert outcomes(text, exercise_of("Solver"))["Solver"].verdict == "not implemented"


FOUND = "self.update_rule = getattr(optim, self.update_rule)"
RULES = """def sgd(w, dw, config):
    w -= config["learning_rate"] * dw
    return w, config


RULES = {"sgd": sgd}"""
WAYS = {  # of a right Solver
    "another name": (("from cs231n import optim", "import cs231n.optim as rules"), ("optim,", "rules,")),
    "rules of its own": (
        ("from cs231n import optim", RULES),
        ("not hasattr(optim, self.update_rule)", "self.update_rule not in RULES"),
        (FOUND, "self.rule = RULES[self.update_rule]"),
        ("= self.update_rule(w", "= self.rule(w"),
    ),
    "looked up late": ((FOUND, "pass"), ("= self.update_rule(w", "= getattr(optim, self.update_rule)(w")),
    "each image once an epoch": (
        (
            "mask = np.random.choice(num_train, self.batch_size)  # noqa: NPY002",
            "n = self.batch_size\n        if len(self.loss_history) % (num_train // n or 1) == 0:\n"
            "            self.order = np.random.permutation(num_train)\n"
            "        mask, self.order = self.order[:n], self.order[n:]",
        ),
    ),
    "histories as arrays": (
        ("self.loss_history.append(loss)", "self.loss_history = np.append(self.loss_history, loss)"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_right_solver_is_not_accused(way: str) -> None:
    text = usual("Solver")
    for old, new in WAYS[way]:
        assert old in text
        text = text.replace(old, new)
    outcome = outcomes(text, exercise_of("Solver"))["Solver"]
    assert (outcome.verdict, named(outcome)) == ("correct with notes", {"V18"}), outcome


def test_prints_that_are_left_are_no_mistake() -> None:
    planted = Planted("C53", "conv_backward_naive", "db = np.sum(", 'print("here", dout.shape)\n    db = np.sum(')
    assert outcomes(with_planted(planted), exercise_of("conv_backward_naive"))["conv_backward_naive"].passed


def test_a_cache_that_holds_the_padded_image_is_right() -> None:
    """C51 of the list: backward has to know of it, and does."""
    text = usual("conv_forward_naive").replace("cache = (x, w, b, conv_param)", "cache = (x_pad, w, b, conv_param)")
    padded = 'x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "constant")\n    dx_pad'
    assert padded in text
    text = text.replace(padded, "x_pad, H, W = x, H - 2 * pad, W - 2 * pad\n    dx_pad")
    found = outcomes(text, exercise_of("conv_forward_naive"))
    assert {outcome.verdict for outcome in found.values()} == {"correct"}


def test_a_right_derivative_of_a_wrong_forward_half_is_told_as_that() -> None:
    text = usual("affine_forward").replace("np.dot(x_row, w) + b", "np.dot(x_row, w) + b + 0.1 * np.sum(w)")
    text = text.replace("dw = np.dot(x_row.T, dout)", "dw = np.dot(x_row.T, dout) + 0.1 * np.sum(dout)")
    forward, backward = outcomes(text, exercise_of("affine_forward")).values()
    assert (forward.verdict, backward.verdict) == ("unknown mistake", "correct with notes")
    assert "the derivative of your affine_forward, which is wrong" in backward.notes[0].says


def test_two_mistakes_of_one_function_are_both_told() -> None:
    text = usual("conv_backward_naive").replace("pad : pad + H, pad : pad + W", "pad:-pad, pad:-pad")
    text = text.replace("np.sum(dout, axis=(0, 2, 3))\n    for n", "np.sum(dout, axis=(0, 2))\n    for n")
    outcome = outcomes(text, exercise_of("conv_backward_naive"))["conv_backward_naive"]
    assert named(outcome) == {"C43", "C65"}


def test_an_unknown_mistake_is_told_with_what_its_situations_share() -> None:
    text = usual("conv_forward_naive").replace("+ b[f]", "+ b[f] + (stride > 1)")
    says = outcomes(text, exercise_of("conv_forward_naive"))["conv_forward_naive"].findings[0].says
    assert "First wrong: out[0, 0, 0, 0] is " in says
    assert "out is right but for stride above 1." in says


@pytest.mark.parametrize("half", ["forward", "backward"])
def test_float32_on_the_way_is_told(half: str) -> None:
    narrowed = {"forward": "np.dot(x_row, w)", "backward": "np.dot(x_row.T, dout)"}[half]
    text = usual("affine_forward")
    assert text.count(narrowed) == 1
    found = outcomes(text.replace(narrowed, f"{narrowed}.astype(np.float32)"), exercise_of("affine_forward"))
    told = found.pop(f"affine_{half}")
    assert (told.verdict, [note.title for note in told.notes]) == ("correct with notes", ["computed in float32"])
    assert {outcome.verdict for outcome in found.values()} == {"correct"}


def test_float32_where_the_variance_is_near_eps_is_told_as_that() -> None:
    text = usual("batchnorm_forward").replace("xmu = x - mu", "xmu = (x - mu.astype(np.float32)).astype(np.float32)")
    outcome = outcomes(text, exercise_of("batchnorm_forward"))["batchnorm_forward"]
    assert (outcome.verdict, outcome.notes[-1].title) == ("correct with notes", "computed in float32")
    wrong = text.replace("gamma * xhat + beta", "gamma * xhat + 1.01 * beta")
    assert outcomes(wrong, exercise_of("batchnorm_forward"))["batchnorm_forward"].verdict == "unknown mistake"


NOTED = {
    "batchnorm_forward": (
        "sq = xmu**2\n        var = 1 / float(N) * np.sum(sq, axis=0)",
        "var = np.mean(x**2, axis=0) - mu**2",
        "far from zero digits are lost",
    ),
    "layernorm_forward": (
        "np.var(x, axis=1, keepdims=True)",
        "np.mean(x**2, axis=1, keepdims=True) - mu**2",
        "far from zero digits are lost",
    ),
    "dropout_forward": ('if "seed" in dropout_param:', 'if False and "seed":', "is not used"),
}


@pytest.mark.parametrize("function", NOTED)
def test_what_is_right_and_will_fail_elsewhere_is_noted(function: str) -> None:
    old, new, says = NOTED[function]
    outcome = outcomes(with_planted(Planted("", function, old, new)), exercise_of(function))[function]
    assert outcome.verdict == "correct with notes", outcome
    assert [says in note.says for note in outcome.notes] == [True]


def test_numbers_that_differ_late_are_told_with_more_digits() -> None:
    text = usual("softmax_loss").replace("return loss, dx", "return np.round(loss, 6), dx")
    says = outcomes(text, exercise_of("softmax_loss"))["softmax_loss"].findings[0].says
    got, wanted = re.findall(r"loss is ([\d.]+), should be ([\d.]+) with", says)[0]
    assert got != wanted


def test_an_output_that_depends_on_another_channel_is_told_so() -> None:
    text = usual("spatial_batchnorm_forward")
    text = text.replace("rows = x.transpose(", "rows = (x + 0.01 * np.roll(x, 1, axis=1)).transpose(")
    says = outcomes(text, exercise_of("spatial_batchnorm_forward"))["spatial_batchnorm_forward"].findings[0].says
    assert "depends on x[1, 1, 1, 1]: channel 2 of your output depends on channel 1 of x" in says
    text = usual("layernorm_forward").replace("xhat = (x - mu) / std", "xhat = (x - mu) / std + 0.1 * x.mean(axis=0)")
    says = outcomes(text, exercise_of("layernorm_forward"))["layernorm_forward"].findings[0].says
    assert "example 0 of your output depends on example 1 of x" in says


def test_a_group_norm_with_another_default_is_held_to_the_shape_that_it_takes() -> None:
    text = usual("spatial_groupnorm_forward").replace('gn_param.get("eps", 1e-5)', 'gn_param.get("eps", 1e-8)')
    text = text.replace("of shape (1, C, 1, 1)", "scale and shift")
    found = outcomes(text, exercise_of("spatial_groupnorm_forward"))["spatial_groupnorm_forward"]
    assert named(found) == {"B39"}


def test_a_float_of_ones_own_is_not_blamed_on_the_starter() -> None:
    starters = "filter_size = W1.shape[2]\n        unused = (filter_size - 1) / 2\n        out1, cache1 = conv"
    text = usual("ThreeLayerConvNet").replace("out1, cache1 = conv", starters)
    own = text.replace("(H // 2) * (W // 2)", "(H / 2) * (W / 2)")
    theirs = text.replace("(W1.shape[2] - 1) // 2", "(W1.shape[2] - 1) / 2")
    found = [
        outcomes(each, exercise_of("ThreeLayerConvNet"))["ThreeLayerConvNet"].findings[0] for each in (own, theirs)
    ]
    assert [finding.id for finding in found] == ["C54", "C55"]


def test_a_mistake_is_told_without_its_solution() -> None:
    outcome = outcomes(with_planted(VECTORS[3]), exercise_of("affine_backward"))["affine_backward"]
    assert outcome.findings[0].solution.startswith("wrong: db = dout.sum(axis=0, keepdims=True)\nright: ")
    assert outcome.without_solutions().findings[0].solution == ""


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_right_layers_in_any_style_are_not_accused(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    functions = read_text(text).functions
    found: dict[str, Outcome] = {}
    for exercise in EXERCISES.values():
        if set(exercise.functions) & set(functions):
            found |= outcomes(text, exercise)
    starters = {"Solver": "correct with notes"} if "Solver" in found else {}  # without the running statistics
    assert {name: outcome.verdict for name, outcome in found.items()} == dict.fromkeys(found, "correct") | starters
    assert len(found) >= 3 or named(found["Solver"]) == {"V18"}


def test_every_variant_differs_from_its_definition_in_lines_that_stand_there() -> None:
    for entry in CATALOGUE:
        for edits in entry.variants:
            names = definitions(edits)  # ValueError where a line does not stand in its function once
            assert entry.function in names
        assert entry.variants or entry.text or entry.error


def test_an_entry_whose_line_is_gone_is_passed_over_and_the_others_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = mistake("A0", "affine_backward", "gone", "Gone.", {"db = dout.total()": "db = dout"})
    monkeypatch.setattr("nndl.check.students.judge.CATALOGUE", (gone, *CATALOGUE))
    outcome = outcomes(with_planted(VECTORS[3]), exercise_of("affine_backward"))["affine_backward"]
    assert named(outcome) == {"A4"}


def test_an_option_that_is_given_is_said() -> None:
    text = usual("batchnorm_forward").replace('eps = bn_param.get("eps", 1e-5)', "eps = 1e-5")
    says = outcomes(text, exercise_of("batchnorm_forward"))["batchnorm_forward"].findings[0].says
    assert "with x (3, 6), momentum = 0.7, eps = 0.001" in says


def test_diagnoses_are_sentences_that_do_not_give_the_line_away() -> None:
    for entry in CATALOGUE:
        assert re.search(r"[.?]$", entry.says), entry
        assert all(edit.old.strip() not in entry.says for edits in entry.variants for edit in edits if edit.old)


def planted_by_id() -> Mapping[str, int]:
    return {planted.id: 1 for planted in PLANTED}


def test_the_catalogue_is_planted() -> None:
    """The mistakes that are planted nowhere are those that only whole files show, and a few of the rarest."""
    assert len(planted_by_id()) >= 90
    assert planted_by_id().keys() <= {entry.id for entry in CATALOGUE}


@pytest.mark.parametrize(
    "wrong",
    [
        Planted("", "relu_forward", "np.maximum(0, x)", "np.clip(x, 0, 6)"),
        Planted("", "sgd_momentum", "config=None", "config={}"),
        Planted("", "FullyConnectedNet", '"p": dropout_keep_ratio}', '"p": 1 - dropout_keep_ratio}'),
        Planted("", "FullyConnectedNet", "L = self.num_layers", "L = 3"),
        Planted("", "FullyConnectedNet", "for i in range(L - 1, 0, -1):", "for i in range(min(L - 1, 2), 0, -1):"),
        Planted("", "ThreeLayerConvNet", '"pad": (W1.shape[2] - 1) // 2}', '"pad": 1}'),
        Planted("", "ThreeLayerConvNet", "num_filters * (H // 2) * (W // 2)", "num_filters * (H // 2) ** 2"),
        Planted("", "Solver", "np.random.choice(num_train, ", "np.random.choice(num_train // 2, "),
        Planted("", "Solver", "getattr(optim, self.update_rule)", "optim.sgd"),
        Planted("", "Solver", "grads[p], self", "grads[p] / self.batch_size, self"),
    ],
    ids=lambda wrong: f"{wrong.function} {wrong.new}",
)
def test_what_no_entry_tells_is_no_less_wrong_and_gets_no_name(wrong: Planted) -> None:
    outcome = outcomes(with_planted(wrong), exercise_of(wrong.function))[wrong.function]
    assert outcome.verdict in ("unknown mistake", "crashed")
    assert not {finding.id for finding in outcome.findings if finding.id}


def test_a_mask_that_is_read_off_the_output_is_wrong_where_x_is_0() -> None:
    text = usual("dropout_forward").replace("cache = (dropout_param, mask)", "cache = (dropout_param, (out != 0) / p)")
    forward, backward = outcomes(text, exercise_of("dropout_forward")).values()
    assert (forward.verdict, backward.verdict) == ("correct", "unknown mistake")
    assert "share of units at 0 that pass the gradient is '0.00', should be 'p'" in backward.findings[0].says


def test_weights_by_the_root_of_their_inputs_are_not_taken_for_another_scale() -> None:
    drawn = "weight_scale * np.random.randn(dims[i], dims[i + 1])"
    text = usual("FullyConnectedNet")
    assert text.count(drawn) == 1
    text = text.replace(drawn, f"{drawn} / np.sqrt(dims[i])")
    says = outcomes(text, exercise_of("FullyConnectedNet"))["FullyConnectedNet"].findings[0].says
    assert "squared" not in says


def test_dropout_of_which_both_halves_are_wrong_is_judged() -> None:
    text = usual("dropout_forward").replace("< p) / p", "< p) / p * 1.3").replace("dx = dout * mask", "dx = dout[:1]")
    found = outcomes(text, exercise_of("dropout_forward"))
    assert {outcome.verdict for outcome in found.values()} == {"unknown mistake"}
