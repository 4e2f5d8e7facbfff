/* The one matrix kernel: a tile of C += A B that stays in registers, for any strides of A.

   C is TILE_ROWS x TILE_COLUMNS: 14 x 32 floats with AVX-512 (28 of 32 registers; a step of k loads two vectors of B and
   makes 28 multiply-adds with numbers of A that the instruction itself broadcasts from memory), 6 x 16 with AVX2 (12 of
   16 registers). Fewer rows have a kernel each, so that 64 rows are five tiles of 13 and 12 rather than four of 14 and a
   thin one.

   k runs over `segments` runs of `length` numbers: the rows of a window in an image, or one run for a plain product.
   B is packed: TILE_COLUMNS floats for each k, or rows b_step apart.

   A last panel of few columns may be `narrow`: one vector wide.

   Two orientations share the text: `rows_tile` walks along the rows of A (convolution forward), `columns_tile` down its
   columns (weight gradients, where A is used transposed). */

#pragma once

#include "vector.h"

#if defined(__AVX512F__)
enum { TILE_ROWS = 14 };
#elif defined(__aarch64__)
enum { TILE_ROWS = 8 };
#else
enum { TILE_ROWS = 6 };
#endif
enum { TILE_COLUMNS = 2 * VL };

typedef struct {
    const float *a;      /* element (row, k) of segment s is a[s * a_segment + row * a_row + k * a_step] */
    long a_row, a_step, a_segment;
    const float *b;      /* row k of segment s begins at b[s * b_segment + k * b_step] */
    long b_step, b_segment;
    long segments, length;
    int narrow;          /* B and C are one vector wide, not two */
    const float *start;  /* a row that sums begin with, or NULL: zeros */
} Product;

ALWAYS_INLINE void tile_of(const int rows, const int vectors, Product p, float *c, long c_row, int accumulate) {
    Vector sum[TILE_ROWS][2], start[2];
    UNROLL for (int v = 0; v < vectors; v++) start[v] = p.start ? load(p.start + v * VL) : (Vector){};
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = accumulate ? load(c + r * c_row + v * VL) : start[v];
    for (long s = 0; s < p.segments; s++) {
        const float *a = p.a + s * p.a_segment, *b = p.b + s * p.b_segment;
        for (long k = 0; k < p.length; k++, a += p.a_step, b += p.b_step) {
            Vector left = load(b), right = vectors == 2 ? load(b + VL) : left;
            UNROLL for (int r = 0; r < rows; r++) {
                Vector x = splat(a[r * p.a_row]);
                sum[r][0] += x * left;
                if (vectors == 2) sum[r][1] += x * right;
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) store(c + r * c_row + v * VL, sum[r][v]);
}

#define EACH_ROW_COUNT(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) MORE_ROWS(CASE)
#if defined(__AVX512F__)
#define MORE_ROWS(CASE) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#elif defined(__aarch64__)
#define MORE_ROWS(CASE) CASE(7) CASE(8)
#else
#define MORE_ROWS(CASE)
#endif

/* C (rows x TILE_COLUMNS) = or += A B with A's k side by side in memory. */
static __attribute__((noinline)) void rows_tile(int rows, Product p, float *c, long c_row, int accumulate) {
    p.a_step = 1;
#define CASE(n) case n: p.narrow ? tile_of(n, 1, p, c, c_row, accumulate) : tile_of(n, 2, p, c, c_row, accumulate); break;
    switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

/* The same with A's rows side by side in memory: A is the transpose of what is stored. */
static __attribute__((noinline)) void columns_tile(int rows, Product p, float *c, long c_row, int accumulate) {
    p.a_row = 1;
#define CASE(n) case n: p.narrow ? tile_of(n, 1, p, c, c_row, accumulate) : tile_of(n, 2, p, c, c_row, accumulate); break;
    switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

/* The next of `left` rows cut into tiles of nearly equal height. */
ALWAYS_INLINE int next_rows(long left) {
    long tiles = (left + TILE_ROWS - 1) / TILE_ROWS;
    return (int)((left + tiles - 1) / tiles);
}
