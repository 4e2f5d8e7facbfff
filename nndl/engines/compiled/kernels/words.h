/* The factors of Winograd's products, U, V and the transformed dy, in words of 32 bits: a float32 each, or two bfloat16s that are
   multiplied by two others and added up in one instruction. Who includes this says which two lie in a word, two channels
   (PAIRED_CHANNELS) or two images (PAIRED_IMAGES): those that the product sums over. Strides and sizes of factors count words, so
   that one text serves both; where one of two is missing, a zero stands for it. Sums are float32. */

#pragma once

#include "tile.h"

#if defined(PAIRED_CHANNELS)
enum { CHANNELS = 2, IMAGES = 1 };  /* in a word */
#elif defined(PAIRED_IMAGES)
enum { CHANNELS = 1, IMAGES = 2 };
#else
enum { CHANNELS = 1, IMAGES = 1 };
#endif

ALWAYS_INLINE long words_of(long count, const int in_word) { return (count + in_word - 1) / in_word; }

#if defined(PAIRED_CHANNELS) || defined(PAIRED_IMAGES)

#include "bfloat16.h"

/* VL words of two vectors, or of one. */
ALWAYS_INLINE Vector to_words(const Vector v[], const int in_word) {
    return in_word == 2 ? pairs(v[0], v[1]) : v[0];
}

/* Channels c up to c + VL of a pixel, of as many images as lie in a word. */
ALWAYS_INLINE void store_channels(float *words, long c, const Vector v[]) {
    if (IMAGES == 2) store(words + c, pairs(v[0], v[1]));
    else store_rounded((BFloat16 *)words + c, v[0]);
}

ALWAYS_INLINE PairProduct in_pairs(Product p) {
    return (PairProduct){.a = (const BFloat16 *)p.a, .a_row = 2 * p.a_row, .a_step = 2 * p.a_step, .b = (const BFloat16 *)p.b,
                         .b_step = 2 * p.b_step, .segments = p.segments, .pairs = p.length, .narrow = p.narrow};
}

ALWAYS_INLINE void words_in_rows(int rows, Product p, float *c, long c_row, int accumulate) {
    p.a_step = 1;
    pair_tile(rows, in_pairs(p), c, c_row, accumulate);
}

ALWAYS_INLINE void words_in_columns(int rows, Product p, float *c, long c_row, int accumulate) {
    p.a_row = 1;
    pair_tile(rows, in_pairs(p), c, c_row, accumulate);
}

#else

ALWAYS_INLINE Vector to_words(const Vector v[], const int in_word) {
    (void)in_word;
    return v[0];
}

ALWAYS_INLINE void store_channels(float *words, long c, const Vector v[]) { store(words + c, v[0]); }

ALWAYS_INLINE void words_in_rows(int rows, Product p, float *c, long c_row, int accumulate) {
    rows_tile(rows, p, c, c_row, accumulate);
}

ALWAYS_INLINE void words_in_columns(int rows, Product p, float *c, long c_row, int accumulate) {
    columns_tile(rows, p, c, c_row, accumulate);
}

#endif
