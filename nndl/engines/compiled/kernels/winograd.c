/* 3 x 3 convolutions of stride 1 by Winograd's tiles in float32. */

#include "winograd_forward.h"

void nndl_winograd_forward(const Shape *s, const float *x, const float *w, const Finish *finish) { forward(s, x, w, finish); }

/* dy or unpool is NULL. */
void nndl_winograd_input_gradient(const Shape *s, const float *dy, const Unpool *unpool, const float *w, float *dx) {
    input_gradient(s, dy, unpool, w, dx);
}
