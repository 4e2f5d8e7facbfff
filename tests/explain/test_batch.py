"""A layer of a config with the numbers of a batch: what is watched is what the network computes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nndl.cli.screen.follow import show_followed
from nndl.config import load_config
from nndl.config.build import build
from nndl.errors import UsageError
from nndl.explain.batch import EXACT, chosen, follow, layers_of
from nndl.explain.page import followed_page
from nndl.explain.watching import watch
from nndl.jobs.trained import load_run
from tests.cli.command import nndl
from tests.own.written import write as own_config
from tests.small_run import trained

CONFIG = """\
data: {dataset: synthetic, train_size: 60, validation_size: 10, test_size: 10}
model:
  loss: {softmax: {label_smoothing: 0.1}}
  layers:
    - conv: {filters: 4, stride: 2}
    - spatial_bn: {scale: false}
    - leaky_relu: 0.1
    - max_pool: {size: 3, stride: 2}
    - conv: {filters: 4, bias: false}
    - group_norm: 2
    - gelu
    - residual:
        - conv: 4
        - silu
        - squeeze_excite: 2
        - prelu
        - stochastic_depth: {drop: 0.4}
    - avg_pool: 2
    - dropout: {keep: 0.8}
    - flatten
    - affine: 8
    - layer_norm
    - prelu: 0.1
    - stochastic_depth: {keep: 0.7}
    - elu: 0.5
    - bn
    - scale: 0.5
    - affine: {out_features: 10, bias: false}
train: {l2: 0.01, batch_size: 20}
"""


def small_batches(images: int) -> list[str]:
    """Return what the command sets for so many images."""
    return [*EXACT, f"train.batch_size={images}"]


LAYERS = [str(number) for number in range(1, 25)]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explain") / "net.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


INSIDE = [f"residual1.{layer}1" for layer in ("silu", "squeeze_excite", "prelu", "stochastic_depth")]


@pytest.mark.parametrize("layer", [*LAYERS, *INSIDE, "loss"])
def test_the_steps_of_the_explanation_give_what_the_network_computed(config: Path, layer: str) -> None:
    followed = follow(load_config(config, small_batches(6)), layer)
    assert followed.images == 6
    assert followed.agreement() < 1e-9
    assert followed.verdict().startswith("The steps")
    names = [step.name for step in followed.steps_taken()]
    assert {"out", "loss"} & {*names}
    assert layer == "1" or "dx" in followed.arrays
    assert {name for name in followed.arrays if name.startswith("d")} <= {*names, "dout", "dx_body", "dx_shortcut"}
    rows = followed.by_hand()
    assert len(rows) == len(names)
    assert all(np.isfinite(row["value"]) for row in rows)


OTHER_FORMS = ("grouped_conv", "padded_max_pool", "padded_avg_pool", "hard_squeeze_excite")


@pytest.mark.parametrize("name", ["ghost", "global_max", "svm", *OTHER_FORMS])
def test_other_kinds(config: Path, name: str) -> None:
    sets = {
        "ghost": ("model.layers[1]={spatial_bn: {ghost_batch_size: 4}}", "2", 4),
        "global_max": ("model.layers[8]=global_max_pool", "residual1.silu1", 6),
        "svm": ("model.loss=svm", "loss", 6),
        "grouped_conv": ("model.layers[4]={conv: {filters: 8, groups: 4, kernel: [3, 5], dilation: [2, 1]}}", "5", 6),
        "padded_max_pool": ("model.layers[3]={max_pool: {size: [3, 4], stride: 2, pad: [1, 2]}}", "4", 6),
        "padded_avg_pool": ("model.layers[8]={avg_pool: {size: 3, stride: [1, 2], pad: 1}}", "avg_pool1", 6),
        "hard_squeeze_excite": ("model.layers[3]={squeeze_excite: {ratio: 4, gate: hard_sigmoid}}", "4", 6),
    }
    change, layer, images = sets[name]
    more = ["model.layers[10]=relu"] if name == "global_max" else []
    followed = follow(load_config(config, [*small_batches(6), change, *more]), layer)
    assert followed.images == images
    assert ("_" in name and followed.kind == name) or followed.kind in ("spatial_bn", "silu", "svm")
    assert followed.agreement() < 1e-9


def test_a_number_is_followed_with_the_numbers_of_the_batch(config: Path) -> None:
    followed = follow(load_config(config, small_batches(4)), "conv1")
    x, w, b = (followed.arrays[name] for name in ("x", "w", "b"))
    terms = w[0, :, 1:, 1:] * x[0, :, :2, :2]  # at the upper left edge a row and a column lie in the padding
    out = followed.by_hand()[0]
    assert out["formula"] == "out[0,0,0,0] = b[0] + Σ_cuv w[0,c,u,v] · x[0,c,u−1,v−1]"
    assert out["value"] == pytest.approx(b[0] + terms.sum())
    row = next(row for row in followed.figures() if row["array"] == "x")
    assert row["shape"] == [4, 3, 32, 32]
    assert row["mean"] == pytest.approx(x.mean())
    assert row["std"] == pytest.approx(x.std())


def test_a_block_is_followed_as_the_sum_of_its_branches(config: Path) -> None:
    experiment = load_config(config, small_batches(4))
    block, inside, behind = (
        follow(experiment, word) for word in ("residual1", "residual1.stochastic_depth1", "avg_pool1")
    )
    assert np.array_equal(block.arrays["f"], inside.arrays["out"])
    assert np.array_equal(block.arrays["out"], behind.arrays["x"])
    assert np.array_equal(block.arrays["s"], block.arrays["x"])
    assert np.array_equal(block.arrays["dx_shortcut"], behind.arrays["dx"])
    assert block.by_hand()[0]["formula"].startswith("out[0,0,0,0] = f[0,0,0,0] + s[0,0,0,0]")


def test_a_block_that_projects_and_is_in_a_block(config: Path) -> None:
    nested = "model.layers[7]={residual: [{residual: [{conv: {filters: 6, stride: 2}}]}, relu]}"
    more = ["model.layers[8]=flatten", "model.layers[10]=relu"]
    experiment = load_config(config, [*small_batches(4), nested, *more])
    inner, first = follow(experiment, "residual1.residual1"), follow(experiment, "residual1.residual1.conv1")
    assert np.array_equal(inner.arrays["f"], first.arrays["out"])
    assert inner.arrays["s"].shape == inner.arrays["out"].shape != inner.arrays["x"].shape
    assert np.array_equal(inner.arrays["x"], first.arrays["x"])
    assert inner.agreement() == 0


def test_branches_with_names_are_followed_to_where_they_meet(config: Path) -> None:
    dense = "model.layers[7]={concat: {x: [], new: [{conv: 5}], last: [{sum: {a: [relu], b: [], c: [silu]}}]}}"
    experiment = load_config(config, [*small_batches(4), dense])
    block, inner, inside = (follow(experiment, word) for word in ("concat1", "concat1.last.sum1", "concat1.new.conv1"))
    assert np.array_equal(block.arrays["f1"], block.arrays["x"])
    assert np.array_equal(block.arrays["f2"], inside.arrays["out"])
    assert np.array_equal(block.arrays["dx3"], inner.arrays["dx"])
    assert block.agreement() == inner.agreement() == 0
    assert block.by_hand()[0]["formula"].startswith("out[0,0,0,0] = f1[0,0,0,0] if 0 < C1")
    vectors = [
        "model.layers[7]=flatten",
        "model.layers[8]={concat: {x: [], new: [{affine: 4}]}}",
        "model.layers[10]=relu",
    ]
    assert follow(load_config(config, [*small_batches(4), *vectors]), "concat1").agreement() == 0


def test_a_layer_that_computes_something_else_is_told(config: Path) -> None:
    followed = follow(load_config(config, small_batches(4)), "conv1")
    wrong = replace(followed, arrays={**followed.arrays, "out": followed.arrays["out"] + 1e-3})
    assert wrong.verdict().startswith("THIS DOES NOT HOLD")


def test_watching_changes_nothing_that_is_computed(config: Path) -> None:
    built = build(load_config(config, small_batches(6)))
    network = built.network
    X, y = next(built.solver.batches.epoch(0))
    before, buffers = network.params.vector.copy(), network.buffers.vector.copy()
    arrays, loss = watch(network, "conv2", X, y)
    assert np.array_equal(network.params.vector, before)
    assert np.array_equal(network.buffers.vector, buffers)
    assert loss == pytest.approx(network.part_loss(X, y), rel=1e-12)
    assert np.allclose(arrays["dw"], network.grads["conv2.w"], rtol=0, atol=1e-12)


def test_steps_come_before_the_batch(config: Path) -> None:
    experiment = load_config(config, small_batches(6))
    untrained, trained = follow(experiment, "1", steps=0), follow(experiment, "1", steps=2)
    assert not np.array_equal(untrained.arrays["x"], trained.arrays["x"])
    assert not np.array_equal(untrained.arrays["w"], trained.arrays["w"])
    with pytest.raises(UsageError, match="an epoch has 9"):
        follow(experiment, "1", steps=9)


def test_of_a_step_of_several_batches_the_first_is_followed_and_weights_of_classes_count(config: Path) -> None:
    sets = [*small_batches(6), "train.accumulate=3", "train.class_weights=balanced"]
    found = follow(load_config(config, sets), "spatial_bn1", steps=1)
    assert found.images == 6
    assert found.agreement() < 1e-9
    for loss in ("softmax", "svm"):
        experiment = load_config(config, [*sets, f"model.loss={loss}"])
        plain = load_config(config, [*sets, f"model.loss={loss}", "train.class_weights=null"])
        weighted, without = follow(experiment, "loss"), follow(plain, "loss")
        assert (weighted.kind, without.kind) == (f"weighted_{loss}", loss)
        assert weighted.agreement() < 1e-9
        assert without.agreement() < 1e-9
        assert weighted.arrays["w"].shape == (10,)


def test_a_layer_of_one_s_own_says_its_own_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNDL_KNOWN_CODE", str(tmp_path / "known-code"))
    experiment = load_config(own_config(tmp_path))
    followed = follow(experiment, "swish1")
    assert {"x", "out", "dx", "dout"} <= followed.arrays.keys()
    show_followed(followed, "mine")
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "swish1 of mine swish, a layer of your own, layer 3 of 5",
        "Swish: x times the logistic function of beta x.",
        "beta: 2.0. The steepness.",
        f"Forward is swish_forward ({tmp_path / 'my_layers.py'}:9), backward swish_backward",
        "nndl gradcheck swish --use FILE",
    ):
        assert words in said
    page = followed_page(followed, "mine")
    assert "Swish: x times the logistic function of beta x." in page
    assert "by hand" not in page


def test_weights_to_start_from_are_those_that_are_followed(config: Path, tmp_path: Path) -> None:
    drawn = build(load_config(config, small_batches(6)))
    source = tmp_path / "w.npz"
    shifted = {name: array + 1 for name, array in drawn.network.params.items()}
    np.savez(source, **shifted, **drawn.network.buffers)
    experiment = load_config(config, [*small_batches(6), f"train.start_from={{file: '{source}'}}"])
    assert np.array_equal(follow(experiment, "1", steps=0).arrays["w"], shifted["conv1.w"])
    source.unlink()
    trained = follow(experiment, "1", trained=drawn.network)  # as of a run whose source is gone
    assert np.array_equal(trained.arrays["w"], drawn.network.params["conv1.w"])


def test_words_for_layers(config: Path) -> None:
    layers = layers_of(load_config(config))
    assert [layers[chosen(layers, word)].path for word in ("1", "9", "conv2")] == ["conv1", "residual1.conv1", "conv2"]
    with pytest.raises(UsageError, match="did you mean conv2"):
        chosen(layers, "conv4")
    with pytest.raises(UsageError, match="takes 1 to 24"):
        chosen(layers, "0")


def test_a_run_is_followed_with_its_trained_weights(tmp_path: Path) -> None:
    whole = trained(tmp_path / "runs" / "mine", schedule="constant")
    network = load_run(whole.path).network
    done = nndl("explain", "mine", "--layer", "conv1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["when"] == "with the trained weights"
    assert data["difference"] < 1e-9
    w = network.params[f"{data['path']}.w"]
    row = next(row for row in data["arrays"] if row["array"] == "w")
    assert row["std"] == pytest.approx(float(np.std(w, dtype=np.float64)), rel=1e-6)
    listed = json.loads(nndl("explain", "mine", "--json", cwd=tmp_path).stdout)
    assert listed[1]["layer"] == data["path"]


def test_the_command(config: Path, tmp_path: Path) -> None:
    listed = nndl("explain", str(config), cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "residual1.conv1" in listed.stdout
    assert json.loads(nndl("explain", str(config), "--json", cwd=tmp_path).stdout)[4]["layer"] == "conv2"
    shown = nndl("explain", config.name, "--layer", "2", "--images", "4", cwd=config.parent, COLUMNS="80")
    assert shown.returncode == 0, shown.stderr
    assert "μ[0] = 1/M · Σ_nij x[n,0,i,j]" in shown.stdout
    assert [line for line in shown.stdout.splitlines() if len(line) > 80] == []
    data = json.loads(nndl("explain", str(config), "--layer", "loss", "--json", cwd=tmp_path).stdout)
    assert data["kind"] == "softmax"
    assert data["constants"] == {"a": 0.1}
    assert data["difference"] < 1e-9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("relu", "--layer", "2"), "--layer goes with a config"),
        (("relu", "-o", "x.html"), "--output goes with --html"),
        (("quickstart", "--layer", "99"), "this network has no such layer"),
        (("quickstart", "--html"), "which layer?"),
        (("nowhere.yaml", "--layer", "1"), "no file nowhere.yaml"),
        (("bn_cnn", "--layer", "1"), "CIFAR-10 is not in data"),
        (("bn_cn", "--layer", "1"), "did you mean 'bn_cnn'"),
        (("latest", "--layer", "1"), "no run"),
        (("bn_cn",), "did you mean bn_cnn?"),
        (("lates",), "did you mean latest?"),
    ],
)
def test_words_that_do_not_fit(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = nndl("explain", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
