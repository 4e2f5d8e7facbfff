/* The same with the factors of products in bfloat16, two channels to a word. x, w, dy and the transforms stay float32. */

#ifdef __AVX512BF16__

#define PAIRED_CHANNELS
#include "winograd_forward.h"

void nndl_winograd_forward_bfloat16(const Shape *s, const float *x, const float *w, const Finish *finish) {
    forward(s, x, w, finish);
}

/* dy or unpool is NULL. */
void nndl_winograd_input_gradient_bfloat16(const Shape *s, const float *dy, const Unpool *unpool, const float *w, float *dx) {
    input_gradient(s, dy, unpool, w, dx);
}

#else
typedef int nothing_here;  /* a file of C is not to be empty */
#endif
