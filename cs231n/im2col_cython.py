"""The names of the course's Cython extension, in NumPy: there is nothing to compile."""

from nndl.im2col import Array, col2im_indices, im2col_indices

im2col_cython = im2col_indices


def col2im_cython(
    cols: Array, N: int, C: int, H: int, W: int, field_height: int, field_width: int, padding: int, stride: int
) -> Array:
    """cols (C * field_height * field_width, H' * W' * N) -> (N, C, H, W)."""
    return col2im_indices(cols, (N, C, H, W), field_height, field_width, padding, stride)


def col2im_6d_cython(cols: Array, N: int, C: int, H: int, W: int, HH: int, WW: int, pad: int, stride: int) -> Array:
    """cols (C, HH, WW, N, H', W') -> (N, C, H, W)."""
    images_last = cols.transpose(0, 1, 2, 4, 5, 3).reshape(C * HH * WW, -1)
    return col2im_indices(images_last, (N, C, H, W), HH, WW, pad, stride)
