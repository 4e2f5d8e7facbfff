/* The same with the factors of products in bfloat16, two images to a word. x, dy and the transforms stay float32. */

#ifdef __AVX512BF16__

#define PAIRED_IMAGES
#include "winograd_gradient.h"

/* dy or unpool is NULL. */
void nndl_winograd_weight_gradient_bfloat16(const Shape *s, const float *x, const float *dy, const Unpool *unpool, float *dw) {
    weight_gradient(s, x, dy, unpool, dw);
}

#else
typedef int nothing_here;  /* a file of C is not to be empty */
#endif
