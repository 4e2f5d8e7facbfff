"""Numerical gradients as the notebooks call them: on functions that ignore their argument, and leaving x as it was."""

import numpy as np
import pytest

from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, grad_check_sparse


def test_the_gradient_of_a_number() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3))
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: (x**3).sum(), x, verbose=False), 3 * x**2, rtol=1e-7)


def test_a_function_may_ignore_its_argument_and_x_is_put_back() -> None:
    x = np.random.default_rng(0).standard_normal((3, 2))
    before = x.copy()
    gradient = eval_numerical_gradient(lambda _: (x**2).sum(), x, verbose=False, h=1e-4)
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-7)
    assert np.array_equal(x, before)


def test_the_gradient_of_an_array_under_an_upstream() -> None:
    random = np.random.default_rng(0)
    x, w, df = random.standard_normal((2, 3)), random.standard_normal((3, 4)), random.standard_normal((2, 4))
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: x @ w, x, df), df @ w.T, rtol=1e-7)


def test_a_function_may_return_x_itself() -> None:
    x, df = np.zeros(3), np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: x, x, df), df, rtol=1e-9)


def test_x_is_put_back_when_the_function_fails() -> None:
    x = np.array([1.0, 2.0])

    def fails(_: object) -> float:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        eval_numerical_gradient(fails, x)
    assert x.tolist() == [1.0, 2.0]


def test_verbose_prints_every_place(capsys: pytest.CaptureFixture[str]) -> None:
    eval_numerical_gradient(lambda x: x.sum(), np.zeros((2, 2)))
    assert [line.split(")")[0] for line in capsys.readouterr().out.splitlines()] == ["(0, 0", "(0, 1", "(1, 0", "(1, 1"]


def test_the_sparse_check_prints_both_gradients_and_their_error(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.ones((3, 4))
    grad_check_sparse(lambda x: (x**2).sum(), x, 2 * x, num_checks=2)
    grad_check_sparse(lambda x: (x**2).sum(), x, 3 * x, num_checks=1)
    lines = capsys.readouterr().out.splitlines()
    errors = [float(line.rsplit(" ", 1)[1]) for line in lines]
    assert lines[0].startswith("numerical: 2.000000 analytic: 2.000000, relative error: ")
    assert max(errors[:2]) < 1e-8
    assert errors[2] == pytest.approx(1 / 5, rel=1e-6)


def test_the_sparse_check_takes_a_gradient_of_zero(capsys: pytest.CaptureFixture[str]) -> None:
    grad_check_sparse(lambda _: 0.0, np.ones(3), np.zeros(3), num_checks=1)
    assert capsys.readouterr().out.endswith("relative error: 0.000000e+00\n")
