"""The checks that ECE C147 homework 4 runs before it starts (Optimization.ipynb): each prints what it finds."""

import numpy as np

from nndl.check.gradients import Function, check_gradients, relative_error
from nndl.fc_net import FullyConnectedNet
from nndl.layer_utils import affine_relu_backward, affine_relu_forward
from nndl.layers import Array, affine_backward, affine_forward, relu_backward, relu_forward

__all__ = [
    "affine_backward_test",
    "affine_forward_test",
    "affine_relu_test",
    "fc_net_test",
    "relu_backward_test",
    "relu_forward_test",
]


def affine_forward_test() -> None:
    """Print the difference from the course's figures."""
    x = np.linspace(-0.1, 0.5, num=240).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, num=360).reshape(120, 3)
    out, _ = affine_forward(x, w, np.linspace(-0.3, 0.1, num=3))
    expected = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
    print("If affine_forward function is working, difference should be less than 1e-9:")
    print(f"difference: {relative_error(out, expected)}")


def affine_backward_test() -> None:
    """Print the errors of the gradients."""
    arrays = {"x": _draw(10, 2, 3), "w": _draw(6, 5), "b": _draw(5)}
    dout = _draw(10, 5)
    _, cache = affine_forward(**arrays)
    print("If affine_backward is working, error should be less than 1e-9:")
    _print_errors(lambda: affine_forward(**arrays)[0], arrays, affine_backward(dout, cache), dout)


def relu_forward_test() -> None:
    """Print the difference from the course's figures."""
    out, _ = relu_forward(np.linspace(-0.5, 0.5, num=12))
    expected = [0, 0, 0, 0, 0, 0, 0.04545455, 0.13636364, 0.22727273, 0.31818182, 0.40909091, 0.5]
    print("If relu_forward function is working, difference should be around 1e-8:")
    print(f"difference: {relative_error(out, expected)}")


def relu_backward_test() -> None:
    """Print the error of the gradient."""
    x, dout = _draw(10, 10), _draw(10, 10)
    _, cache = relu_forward(x)
    print("If relu_backward function is working, error should be less than 1e-9:")
    _print_errors(lambda: relu_forward(x)[0], {"x": x}, (relu_backward(dout, cache),), dout)


def affine_relu_test() -> None:
    """Print the errors of the gradients."""
    arrays = {"x": _draw(2, 3, 4), "w": _draw(12, 10), "b": _draw(10)}
    dout = _draw(2, 10)
    _, cache = affine_relu_forward(**arrays)
    print("If affine_relu_forward and affine_relu_backward are working, error should be less than 1e-9:")
    _print_errors(lambda: affine_relu_forward(**arrays)[0], arrays, affine_relu_backward(dout, cache), dout)


def fc_net_test() -> None:
    """Print initial losses and the errors of the gradients, without and with L2."""
    X, y = _draw(2, 15), np.random.randint(10, size=2)  # noqa: NPY002
    for reg in (0, 3.14):
        print(f"Running check with reg = {reg}")
        _check_net(X, y, reg)


def _check_net(X: Array, y: Array, reg: float) -> None:
    model = FullyConnectedNet([20, 30], input_dim=15, num_classes=10, reg=reg, weight_scale=5e-2, dtype=np.float64)
    loss, grads = model.loss(X, y)
    print(f"Initial loss: {loss}")
    check = check_gradients(lambda: model.loss(X, y)[0], model.params, grads)
    for row in sorted(check.rows, key=lambda row: row.name):
        print(f"{row.name} relative error: {row.error}")


def _draw(*shape: int) -> Array:
    """Draw from NumPy's global state, which notebooks seed."""
    return np.random.standard_normal(shape)  # noqa: NPY002


def _print_errors(function: Function, arrays: dict[str, Array], gradients: tuple[Array, ...], dout: Array) -> None:
    named = dict(zip(arrays, gradients, strict=True))
    for row in check_gradients(function, arrays, named, dout).rows:
        print(f"d{row.name} error: {row.error}")
