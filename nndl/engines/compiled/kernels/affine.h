/* The common part of the affine kernels: the sizes, the places of rows of w, and the tasks of a forward pass. */

#pragma once

#include "threads.h"
#include "tile.h"

typedef struct {
    long examples, positions, channels, outputs;
} AffineShape;

typedef struct {
    AffineShape s;
    const float *x, *w, *bias, *dout;
    float *out, *sums, *dw, *dx;
    void *packed;                   /* dout in panels */
    long relu, inputs, columns, slices;
} Affine;

enum { EXAMPLES = 128, DEPTH = 128, WIDTH = 128, LINE = 16 };  /* LINE: floats of a cache line */

ALWAYS_INLINE Affine affine_of(const AffineShape *s) {
    return (Affine){.s = *s, .inputs = s->positions * s->channels, .columns = round_up(s->outputs, VL)};
}

/* The row of w for number k of x. */
ALWAYS_INLINE long row_of(const Affine *a, long k) {
    return k % a->s.channels * a->s.positions + k / a->s.channels;
}

/* The width of the panel that begins at column f. */
ALWAYS_INLINE long width_of(long columns, long f) { return smaller_of(TILE_COLUMNS, columns - f); }

ALWAYS_INLINE void copy_rows(const float *from, long from_row, float *to, long to_row, long rows, long floats) {
    for (long r = 0; r < rows; r++) memcpy(to + r * to_row, from + r * from_row, sizeof(float) * (size_t)floats);
}

/* Cut into tasks, each of which adds up its slice of the inputs in a->sums; add the slices up, with bias and ReLU. */
void run_affine_forward(Affine *a, Work task);
