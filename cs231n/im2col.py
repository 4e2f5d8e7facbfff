"""The course's im2col: nndl.im2col."""

from nndl.im2col import col2im_indices, im2col_indices

__all__ = ["col2im_indices", "im2col_indices"]
