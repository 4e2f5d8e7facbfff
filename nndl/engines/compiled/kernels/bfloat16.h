/* Products of bfloat16 numbers, summed in float32, where the processor has an instruction for it.

   A bfloat16 is the upper half of a float32: 8 bits of mantissa, the same range. _mm512_dpbf16_ps multiplies 32 pairs at once and
   adds them to 16 float32 sums, twice what float32 multiply-adds do. Two neighbouring k make a pair, so B is packed as
   (k / 2, columns, 2) and a pair of A is broadcast as one 32-bit word; an odd k is filled up with zero. */

#pragma once

#ifdef __AVX512BF16__

#include "tile.h"

typedef uint16_t BFloat16;

typedef struct {
    const BFloat16 *a;  /* pair k of segment s in row r begins at a[s * a_segment + r * a_row + k * a_step] */
    long a_row, a_step, a_segment;
    const BFloat16 *b;  /* pair k of segment s begins at b[s * b_segment + k * b_step] */
    long b_step, b_segment;
    long segments, pairs;
    int narrow;         /* B and C are one vector wide, not two */
} PairProduct;

ALWAYS_INLINE long pairs_of(long count) { return (count + 1) / 2; }

ALWAYS_INLINE __m256i rounded(Vector v) { return (__m256i)_mm512_cvtneps_pbh((__m512)v); }

/* VL numbers as bfloat16. */
ALWAYS_INLINE void store_rounded(BFloat16 *to, Vector v) { _mm256_storeu_si256((__m256i *)to, rounded(v)); }

/* VL pairs (even, odd). */
ALWAYS_INLINE Vector pairs(Vector even, Vector odd) {
    __m512i low = _mm512_cvtepu16_epi32(rounded(even)), high = _mm512_cvtepu16_epi32(rounded(odd));
    return (Vector)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

ALWAYS_INLINE void store_pairs(BFloat16 *to, Vector even, Vector odd) { _mm512_storeu_si512(to, (__m512i)pairs(even, odd)); }

ALWAYS_INLINE __m512bh load_pairs(const BFloat16 *p) { return (__m512bh)_mm512_loadu_si512(p); }

ALWAYS_INLINE __m512bh splat_pair(const BFloat16 *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
}

ALWAYS_INLINE void pair_tile_of(const int rows, const int vectors, PairProduct p, float *c, long c_row, int accumulate) {
    __m512 sum[TILE_ROWS][2];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
            sum[r][v] = accumulate ? _mm512_loadu_ps(c + r * c_row + v * VL) : _mm512_setzero_ps();
    for (long s = 0; s < p.segments; s++) {
        const BFloat16 *a = p.a + s * p.a_segment, *b = p.b + s * p.b_segment;
        for (long k = 0; k < p.pairs; k++, a += p.a_step, b += p.b_step) {
            __m512bh left = load_pairs(b), right = vectors == 2 ? load_pairs(b + 2 * VL) : left;
            UNROLL for (int r = 0; r < rows; r++) {
                __m512bh x = splat_pair(a + r * p.a_row);
                sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, left);
                if (vectors == 2) sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, right);
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) _mm512_storeu_ps(c + r * c_row + v * VL, sum[r][v]);
}

/* C (rows x TILE_COLUMNS) = or += A B; tile.h has the float32 one. */
static __attribute__((noinline)) void pair_tile(int rows, PairProduct p, float *c, long c_row, int accumulate) {
#define CASE(n) \
    case n: p.narrow ? pair_tile_of(n, 1, p, c, c_row, accumulate) : pair_tile_of(n, 2, p, c, c_row, accumulate); break;
    switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

#endif
