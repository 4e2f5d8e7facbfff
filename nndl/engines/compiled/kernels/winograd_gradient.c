/* The weight gradient of a 3 x 3 convolution of stride 1 by Winograd's tiles in float32. */

#include "winograd_gradient.h"

/* dy or unpool is NULL. */
void nndl_winograd_weight_gradient(const Shape *s, const float *x, const float *dy, const Unpool *unpool, float *dw) {
    weight_gradient(s, x, dy, unpool, dw);
}
