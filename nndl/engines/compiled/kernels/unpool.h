/* Gradients of pooled outputs, to be spread over the pixels they come from. */

#pragma once

#include "vector.h"

/* dout goes to the place that `index` says; with relu `below` times where the pooled number, `best` or (where there is a scale)
   its batch norm, is not positive. With x, back through the batch norm too, as norm.c has it: dx = scale (g - k (x - mean) - c).
   Pointers that are not used may be NULL. */
typedef struct {
    long images, height, width, channels, pool, relu;  /* sizes before pooling */
    float below;                                        /* 0 for a ReLU, the slope of a leaky one */
    const float *dout, *best;                           /* (N, H / pool, W / pool, C) */
    const uint8_t *index;
    const float *x;                                     /* (N, H, W, C) */
    const float *mean, *scale, *shift, *k, *c;          /* (C) */
} Unpool;

/* dx (H, W, C) of image n, which may be where x has it. */
void unpool_image(const Unpool *unpool, long n, float *dx);
