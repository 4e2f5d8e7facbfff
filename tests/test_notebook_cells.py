"""Cells in the notebooks' style run: star imports, functions that ignore their argument, parameters changed in place.

Each test is a little notebook: its cells run in order in one namespace, as IPython would run them.
"""

import sys
from typing import Any

import numpy as np
import pytest

SETUP = """
import numpy as np
def rel_error(x, y):
    return np.max(np.abs(x - y) / (np.maximum(1e-8, np.abs(x) + np.abs(y))))
np.random.seed(231)
"""


def run(*cells: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    for cell in (SETUP, *cells):
        exec(compile(cell, "<cell>", "exec"), namespace)
    return namespace


def test_ece_c147_layers_come_from_fc_net() -> None:
    cells = run(
        "from nndl.fc_net import *\nfrom cs231n.gradient_check import eval_numerical_gradient_array",
        """
x, w, b, dout = np.random.randn(10, 2, 3), np.random.randn(6, 5), np.random.randn(5), np.random.randn(10, 5)
dx_num = eval_numerical_gradient_array(lambda x: affine_forward(x, w, b)[0], x, dout)
dw_num = eval_numerical_gradient_array(lambda _: affine_forward(x, w, b)[0], w, dout)
_, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)
errors = [rel_error(dx_num, dx), rel_error(dw_num, dw)]
""",
        """
x, gamma, beta, dout = 5 * np.random.randn(4, 5) + 12, np.random.randn(5), np.random.randn(5), np.random.randn(4, 5)
bn_param = {'mode': 'train'}
fg = lambda a: batchnorm_forward(x, gamma, beta, bn_param)[0]
da_num = eval_numerical_gradient_array(fg, gamma, dout)
_, cache = batchnorm_forward(x, gamma, beta, bn_param)
dx, dgamma, dbeta = batchnorm_backward(dout, cache)
errors.append(rel_error(da_num, dgamma))
""",
        """
dropout_param = {'mode': 'train', 'p': 0.8, 'seed': 123}
out, cache = dropout_forward(x, dropout_param)
dx_num = eval_numerical_gradient_array(lambda xx: dropout_forward(xx, dropout_param)[0], x, dout)
errors.append(rel_error(dropout_backward(dout, cache), dx_num))
""",
    )
    assert max(cells["errors"]) < 1e-7


@pytest.mark.parametrize("course", ["nndl.fc_net", "cs231n.classifiers.fc_net"])
def test_gradients_of_a_model_whose_parameters_are_perturbed_in_place(course: str) -> None:
    cells = run(
        f"from {course} import *\nfrom cs231n.gradient_check import eval_numerical_gradient",
        """
N, D, H1, H2, C = 2, 15, 20, 30, 10
X, y = np.random.randn(N, D), np.random.randint(C, size=(N,))
worst = {}
for reg in [0, 3.14]:
    model = FullyConnectedNet([H1, H2], input_dim=D, num_classes=C, reg=reg, weight_scale=5e-2, dtype=np.float64)
    loss, grads = model.loss(X, y)
    for name in sorted(grads):
        f = lambda _: model.loss(X, y)[0]
        grad_num = eval_numerical_gradient(f, model.params[name], verbose=False, h=1e-5)
        worst[reg, name] = rel_error(grad_num, grads[name])
""",
    )
    assert len(cells["worst"]) == 12
    # For W2 without L2 published runs print 1.0e-05 and 2.2e-05, "fine" says the notebook: one gradient is almost zero.
    assert cells["worst"].pop((0, "W2")) < 3e-5
    assert max(cells["worst"].values()) < 1e-6


def test_cs231n_names_of_arguments() -> None:
    cells = run(
        "from cs231n.classifiers.fc_net import *",
        """
nets = [
    FullyConnectedNet([5], input_dim=4, dropout_keep_ratio=0.75, normalization='layernorm', seed=123),
    FullyConnectedNet([5], input_dim=4, dropout=0.75, use_batchnorm=True),
    FullyConnectedNet([5], 4, 10, 0.75, 'batchnorm'),
    TwoLayerNet(input_dim=4, hidden_dim=5, num_classes=10, weight_scale=1e-2),
]
shapes = [net.loss(np.random.randn(3, 4)).shape for net in nets]
out, _ = layernorm_forward(np.random.randn(4, 3), np.ones(3), np.zeros(3), {'mode': 'train'})
""",
    )
    assert cells["shapes"] == [(3, 10)] * 4
    assert [net.normalization for net in cells["nets"][:3]] == ["layernorm", "batchnorm", "batchnorm"]
    assert all(net.use_dropout for net in cells["nets"][:3])


def test_convolutions_fast_and_naive() -> None:
    cells = run(
        "from nndl.conv_layers import *\nfrom cs231n.fast_layers import *\nfrom cs231n.layers import *",
        """
x, w, b = np.random.randn(3, 3, 9, 9), np.random.randn(4, 3, 3, 3), np.random.randn(4,)
dout = np.random.randn(3, 4, 5, 5)
conv_param = {'stride': 2, 'pad': 1}
out_naive, cache_naive = conv_forward_naive(x, w, b, conv_param)
out_fast, cache_fast = conv_forward_fast(x, w, b, conv_param)
naive, fast = conv_backward_naive(dout, cache_naive), conv_backward_fast(dout, cache_fast)
errors = [rel_error(out_naive, out_fast)] + [rel_error(a, b) for a, b in zip(naive, fast)]
""",
        """
gamma, beta = np.asarray([3, 4, 5]), np.asarray([6, 7, 8])
out, _ = spatial_batchnorm_forward(4 * np.random.randn(2, 3, 4, 5) + 10, gamma, beta, {'mode': 'train'})
means, stds = out.mean(axis=(0, 2, 3)), out.std(axis=(0, 2, 3))
""",
    )
    assert max(cells["errors"]) < 1e-8
    np.testing.assert_allclose(cells["means"], [6, 7, 8], rtol=1e-12)
    np.testing.assert_allclose(cells["stds"], [3, 4, 5], rtol=1e-5)


@pytest.mark.parametrize("cnn", ["nndl.cnn", "cs231n.classifiers.cnn"])
def test_a_conv_net_overfits_a_few_images_with_the_solver(cnn: str) -> None:
    cells = run(
        f"from {cnn} import *\nfrom cs231n.solver import Solver",
        """
X, y = np.random.randn(20, 3, 8, 8), np.random.randint(10, size=20)
data = {'X_train': X, 'y_train': y, 'X_val': X, 'y_val': y}
model = ThreeLayerConvNet(input_dim=(3, 8, 8), num_filters=8, filter_size=3, weight_scale=5e-2, use_batchnorm=True)
model.reg = 0.001
solver = Solver(model, data, num_epochs=15, batch_size=10, update_rule='adam',
                optim_config={'learning_rate': 3e-3}, verbose=False, print_every=1)
solver.train()
""",
    )
    assert cells["solver"].best_val_acc == 1.0
    assert cells["solver"].check_accuracy(cells["X"], cells["y"]) == 1.0


def test_the_checks_of_homework_4_print_small_errors(capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "from nndl.layer_tests import *",
        "affine_forward_test(); affine_backward_test(); relu_forward_test(); relu_backward_test()",
        "affine_relu_test(); fc_net_test()",
    )
    lines = [line for line in capsys.readouterr().out.splitlines() if "error:" in line or "difference:" in line]
    assert len(lines) == 2 + 3 + 1 + 3 + 12
    assert max(float(line.rsplit(" ", 1)[1]) for line in lines) < 1e-6


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def test_another_year_says_utils(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The one line that docs/courses.md gives for notebooks which import utils.solver instead of cs231n.solver."""
    (tmp_path / "utils.py").write_text("from cs231n import __path__\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    forget("utils")
    cells = run("from utils.solver import Solver\nfrom utils.fast_layers import conv_forward_fast")
    forget("utils")
    assert cells["Solver"].__name__ == "Solver"
    assert np.array_equal(
        cells["conv_forward_fast"](np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), None, {"stride": 1, "pad": 0})[0],
        np.ones((1, 1, 2, 2)),
    )
