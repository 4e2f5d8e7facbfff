/* The last row and column of an input gradient, which tiles need not cover where outputs are dropped; see edge.c. */

#pragma once

#include "convolution.h"

/* The filters for both, packed; kept until the next call. `s` is the convolution that computes dx, `turned` its filters. */
const float *pack_edges(const Shape *s, const float *turned);

/* dx (images, H, W, C) in its last row and column, from dy (images, H - 1, W - 1, F). */
void compute_edges(const Shape *s, const float *packed, const float *dy, long images, float *dx, int thread);
