/* Products of windows whose groups are narrower than a vector: several groups side by side in the lanes of one.

   A pixel is a vector that holds its channels of all these groups. For each channel of a group it is permuted, so that every lane
   has that channel of the group that the lane's output belongs to. Where windows are three pixels wide at step 1, what is permuted
   once serves three outputs, or three filters. */

#pragma once

#include "tile.h"

typedef struct {
    const float *a;               /* row s of the window of output j begins at a[s * a_segment + j * a_step] */
    long a_step, a_segment;
    const float *b;               /* filters: vector (s, tap, channel) is the one numbered so; dw: row j of segment s of dy */
    long b_step, b_segment;
    long segments, length;        /* rows, and outputs in each where these are summed over */
    long taps, gap, in;           /* pixels of a row of a window, floats from one to the next, channels of a group */
    const float *start;           /* a vector that sums begin with */
    Mask first;                   /* the lane of each lane's channel 0 */
} Lanes;

/* v[index]: index below VL. */
ALWAYS_INLINE Vector permuted(Vector v, Mask index) {
#if defined(__AVX512F__)
    return (Vector)_mm512_permutexvar_ps((__m512i)index, (__m512)v);
#elif defined(__AVX2__)
    return (Vector)_mm256_permutevar8x32_ps((__m256)v, (__m256i)index);
#else
    Vector found;
    for (int lane = 0; lane < VL; lane++) found[lane] = v[index[lane]];
    return found;
#endif
}

ALWAYS_INLINE int slides(const Lanes *p) { return p->taps == 3 && p->gap == VL && p->a_step == VL; }

/* c (outputs, VL) = start + the windows times b. */
ALWAYS_INLINE void lanes_tile_of(const int outputs, const int slides, const Lanes *p, float *c, long c_row) {
    Vector sum[TILE_ROWS];
    UNROLL for (int j = 0; j < outputs; j++) sum[j] = load(p->start);
    for (long s = 0; s < p->segments; s++)
        for (long k = 0; k < p->in; k++) {
            Mask index = p->first + (int32_t)k;
            const float *a = p->a + s * p->a_segment, *b = p->b + (s * p->taps * p->in + k) * VL;
            if (slides) {
                Vector left = load(b), middle = load(b + p->in * VL), right = load(b + 2 * p->in * VL);
                UNROLL for (int j = 0; j < outputs + 2; j++) {
                    Vector x = permuted(load(a + j * VL), index);
                    if (j < outputs) sum[j] += x * left;
                    if (j >= 1 && j <= outputs) sum[j - 1] += x * middle;
                    if (j >= 2) sum[j - 2] += x * right;
                }
            } else
                for (long t = 0; t < p->taps; t++, a += p->gap, b += p->in * VL) {
                    Vector w = load(b);
                    UNROLL for (int j = 0; j < outputs; j++) sum[j] += permuted(load(a + j * p->a_step), index) * w;
                }
        }
    UNROLL for (int j = 0; j < outputs; j++) store(c + j * c_row, sum[j]);
}

static __attribute__((noinline)) void lanes_tile(int outputs, const Lanes *p, float *c, long c_row) {
#define CASE(n) case n: slides(p) ? lanes_tile_of(n, 1, p, c, c_row) : lanes_tile_of(n, 0, p, c, c_row); break;
    switch (outputs) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

#if defined(__AVX512F__) || defined(__aarch64__)
enum { CHANNELS = 4 };  /* summed up at a time: with three taps each, that many sums and permuted vectors stay in registers */
#else
enum { CHANNELS = 2 };
#endif

/* c (taps, in, VL) += the products with b of `channels` channels from k, over all windows: of three taps that slide, or of tap t. */
ALWAYS_INLINE void lanes_sums_of(const int channels, const int taps, const Lanes *p, long k, long t, float *c) {
    Vector sum[CHANNELS][3], x[CHANNELS][3];
    float *to = c + (t * p->in + k) * VL;
    UNROLL for (int i = 0; i < channels; i++)
        UNROLL for (int q = 0; q < taps; q++) sum[i][q] = load(to + (q * p->in + i) * VL);
    for (long s = 0; s < p->segments; s++) {
        const float *a = p->a + s * p->a_segment + t * p->gap, *b = p->b + s * p->b_segment;
        UNROLL for (int i = 0; i < channels; i++)
            UNROLL for (int q = 1; q < taps; q++) x[i][q] = permuted(load(a + (q - 1) * VL), p->first + (int32_t)(k + i));
        a += (taps - 1) * VL;
        for (long j = 0; j < p->length; j++, a += p->a_step, b += p->b_step) {
            Vector next = load(a), y = load(b);
            UNROLL for (int i = 0; i < channels; i++) {
                UNROLL for (int q = 1; q < taps; q++) x[i][q - 1] = x[i][q];
                x[i][taps - 1] = permuted(next, p->first + (int32_t)(k + i));
                UNROLL for (int q = 0; q < taps; q++) sum[i][q] += x[i][q] * y;
            }
        }
    }
    UNROLL for (int i = 0; i < channels; i++)
        UNROLL for (int q = 0; q < taps; q++) store(to + (q * p->in + i) * VL, sum[i][q]);
}

static __attribute__((noinline)) void lanes_sums(const Lanes *p, float *c) {
    for (long k = 0, channels; k < p->in; k += channels) {
        channels = p->in - k >= CHANNELS ? CHANNELS : 1;
        for (long t = 0; t < p->taps; t += slides(p) ? 3 : 1)
            if (slides(p)) channels == CHANNELS ? lanes_sums_of(CHANNELS, 3, p, k, t, c) : lanes_sums_of(1, 3, p, k, t, c);
            else channels == CHANNELS ? lanes_sums_of(CHANNELS, 1, p, k, t, c) : lanes_sums_of(1, 1, p, k, t, c);
    }
}
