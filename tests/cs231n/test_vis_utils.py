"""Grids of images."""

import numpy as np

from cs231n.vis_utils import vis_grid, vis_nn, visualize_grid


def test_five_images_stand_in_a_three_by_three_grid_each_stretched() -> None:
    Xs = np.random.default_rng(0).standard_normal((5, 4, 6, 3))
    grid = visualize_grid(Xs, ubound=200.0, padding=2)
    assert grid.shape == (3 * 4 + 2 * 2, 3 * 6 + 2 * 2, 3)
    second = grid[:4, 8:14]
    assert (second.min(), second.max()) == (0.0, 200.0)
    np.testing.assert_allclose(second, 200 * (Xs[1] - Xs[1].min()) / np.ptp(Xs[1]))
    assert not grid[4:6].any()
    assert not grid[12:].any()


def test_one_plain_image() -> None:
    assert not visualize_grid(np.full((1, 2, 2, 3), 7.0)).any()


def test_a_grid_keeps_relative_brightness() -> None:
    Xs = np.stack([np.full((2, 2, 1), value) for value in (-1.0, 0.0, 1.0, 3.0)])
    grid = vis_grid(Xs)
    assert grid[[0, 0, 3, 3], [0, 3, 0, 3], 0].tolist() == [0.0, 0.25, 0.5, 1.0]


def test_rows_of_neighbours() -> None:
    rows = [[np.full((2, 2, 1), row + 10.0 * column) for column in range(3)] for row in range(2)]
    grid = vis_nn(rows)
    assert grid.shape == (5, 8, 1)
    assert grid[3, 6, 0] == 1.0
