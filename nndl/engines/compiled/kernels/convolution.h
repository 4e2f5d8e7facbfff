/* The common part of the convolution kernels: the sizes, and what happens to a block of outputs while it is in the cache.

   Images lie channels last, (N, H, W, C); filters (K, K, C, F), as the engine keeps them. */

#pragma once

#include "vector.h"

typedef struct {
    long images, height, width, channels;
    long filters, kernel, stride, pad;
    long out_height, out_width;
    long tile;  /* outputs along a side of the largest of Winograd's tiles; 0: the usual number */
    long edge;  /* 1: Winograd's tiles leave the last row and column of dx to edge.c; 0 */
} Shape;

/* The finishing of the outputs y = x * w. Pointers may be NULL: then that is not wanted. */
typedef struct {
    float *y;           /* (N, H', W', F): the outputs themselves */
    const float *scale; /* (F): what the filters are multiplied by before all else */
    const float *bias;  /* (F): added first */
    double *sums;       /* (2, F): the sums of y and of y squared over all pixels, or */
    long sums_of_best;  /* where this is set, of best and its squares: of what is pooled */
    long relu;          /* y (without pooling) or best (with) is cut at zero: where the ReLU stands, activation.h */
    long pool;          /* windows of pool x pool pixels, side by side; 0: none */
    const float *order; /* (F): the largest of order[f] * y is looked for: 1, -1 where the least is wanted, 0: the first */
    float *best;        /* (N, H' / pool, W' / pool, F): that y */
    uint8_t *index;     /* the same shape: its place in the window, counted in rows; the first of equal ones, or of NaNs */
} Finish;

enum { PANEL = 2 * VL };  /* filters in a block: the columns of the register tile */

/* Tell whether a panel's filters are so few that its second vector holds none. */
ALWAYS_INLINE int is_narrow(const Shape *s, long panel) { return s->filters - panel * PANEL <= VL; }

/* The first `count` of VL filters from f, zeros behind them: a row of w, scaled. */
ALWAYS_INLINE Vector load_filters(const float *row, const Finish *finish, long f, long count) {
    if (count <= 0) return (Vector){};
    Vector w = load_part(row + f, count);
    return finish->scale ? w * load_part(finish->scale + f, count) : w;
}

/* A block of outputs in the cache: images `first` up to `last`, filters `from` up to `from + count`. */
typedef struct {
    float *y;  /* (last - first, H', W', PANEL) */
    long first, last, from, count;
} Block;

/* Add the bias, cut, sum up and pool a block, and write it out if y is wanted. `sums`, (2, F) floats of this block's own,
   is written for its filters. */
void finish_block(const Shape *shape, const Finish *finish, Block block, float *sums);

/* Tell whether whole lines of outputs go to y past the cache: aligned, and too many to be in the cache for the reader. */
int writes_past_cache(const Shape *shape, const float *y);

/* finish->sums = the sums over `blocks` blocks of (2, F), in order. */
void add_up_blocks(const Shape *shape, const Finish *finish, const float *sums, long blocks);

/* Filters for the input gradient: turned by half a turn and with channels and filters swapped, (K, K, F, C). */
void turn_filters(const Shape *shape, const float *w, float *turned);

/* The convolution that computes dx from dy: for stride 1, sizes, channels and filters swapped. */
Shape input_gradient_shape(const Shape *shape);
