"""The names of the course's compiled extension."""

import subprocess
import sys
from pathlib import Path

import numpy as np

import cs231n
from cs231n.im2col import col2im_indices, im2col_indices
from cs231n.im2col_cython import col2im_6d_cython, col2im_cython, im2col_cython


def test_they_are_im2col_and_its_transpose() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    cols = im2col_cython(x, 3, 2, 1, 2)
    assert np.array_equal(cols, im2col_indices(x, 3, 2, padding=1, stride=2))
    back = col2im_indices(cols, (2, 3, 5, 4), 3, 2, padding=1, stride=2)
    assert np.array_equal(col2im_cython(cols, 2, 3, 5, 4, 3, 2, 1, 2), back)
    by_image = cols.reshape(3, 3, 2, 3, 3, 2).transpose(0, 1, 2, 5, 3, 4)
    assert np.array_equal(col2im_6d_cython(by_image, 2, 3, 5, 4, 3, 2, 1, 2), back)


def test_there_is_nothing_to_compile() -> None:
    script = Path(cs231n.__file__).with_name("setup.py")
    ran = subprocess.run([sys.executable, script, "build_ext", "--inplace"], capture_output=True, text=True, check=True)
    assert "Nothing to compile" in ran.stdout
