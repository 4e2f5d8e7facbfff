/* A vector of floats as wide as the processor's, by the vector extensions of gcc and clang.

   One source serves every instruction set: VL floats to a vector, 16 for AVX-512, 8 for AVX2, 4 elsewhere (SSE2, NEON).
   Arrays need no alignment and no round sizes: the last few numbers of a row are loaded and stored with `_part`. */

#pragma once

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { VL = 16 };
#elif defined(__AVX2__)
enum { VL = 8 };
#else
enum { VL = 4 };
#endif

typedef float Vector __attribute__((vector_size(VL * 4)));
typedef int32_t Mask __attribute__((vector_size(VL * 4)));  /* all bits of a lane set, or none */
typedef uint8_t Bytes __attribute__((vector_size(VL)));
typedef Vector UnalignedVector __attribute__((aligned(4), may_alias));
typedef Bytes UnalignedBytes __attribute__((aligned(1), may_alias));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Loops over the registers of a tile must disappear, or the registers become memory. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

ALWAYS_INLINE Vector load(const float *p) { return *(const UnalignedVector *)p; }

ALWAYS_INLINE void store(float *p, Vector v) { *(UnalignedVector *)p = v; }

ALWAYS_INLINE Vector splat(float value) { return value - (Vector){}; }

/* The first `count` floats, zeros behind them. */
ALWAYS_INLINE Vector load_part(const float *p, long count) {
    if (count >= VL) return load(p);
#if defined(__AVX512F__)
    return (Vector)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif defined(__AVX2__)
    static const int32_t lanes[2 * VL] = {-1, -1, -1, -1, -1, -1, -1, -1};  /* a call of memcpy takes ten times as long */
    return (Vector)_mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(lanes + VL - count)));
#else
    Vector v = {};
    memcpy(&v, p, (size_t)count * sizeof(float));
    return v;
#endif
}

ALWAYS_INLINE void store_part(float *p, Vector v, long count) {
    if (count >= VL) store(p, v);
#if defined(__AVX512F__)
    else _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#else
    else memcpy(p, &v, (size_t)count * sizeof(float));
#endif
}

/* Store past the cache where the processor can: memory is then written without being read first. For what will not be
   read soon; p must be aligned to a vector. Other threads see it after finish_streaming(). */
ALWAYS_INLINE void stream(float *p, Vector v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)v);
#elif defined(__SSE2__)
    _mm_stream_ps(p, (__m128)v);
#else
    store(p, v);
#endif
}

ALWAYS_INLINE void finish_streaming(void) {
#ifdef __SSE2__
    _mm_sfence();
#endif
}

ALWAYS_INLINE Vector choose(Mask where, Vector yes, Vector no) {
    return (Vector)(((Mask)yes & where) | ((Mask)no & ~where));
}

ALWAYS_INLINE Mask choose_mask(Mask where, Mask yes, Mask no) { return (yes & where) | (no & ~where); }

/* v where the mask is set, zero elsewhere. */
ALWAYS_INLINE Vector keep(Mask where, Vector v) { return (Vector)((Mask)v & where); }

ALWAYS_INLINE Vector larger(Vector a, Vector b) { return choose(a > b, a, b); }

ALWAYS_INLINE Mask load_bytes(const uint8_t *p, long count) {
    Bytes b = {};
    if (count >= VL) b = *(const UnalignedBytes *)p;
    else memcpy(&b, p, (size_t)count);
    return __builtin_convertvector(b, Mask);
}

ALWAYS_INLINE void store_bytes(uint8_t *p, Mask values, long count) {
    Bytes b = __builtin_convertvector(values, Bytes);
    if (count >= VL) *(UnalignedBytes *)p = b;
    else memcpy(p, &b, (size_t)count);
}

ALWAYS_INLINE long round_up(long n, long multiple) { return (n + multiple - 1) / multiple * multiple; }

ALWAYS_INLINE long smaller_of(long a, long b) { return a < b ? a : b; }

/* sums (size) = the sum of `count` arrays of floats, in order: one array after the other, as they lie in memory. No threads
   share it, so it has to be quick. */
ALWAYS_INLINE void add_up(const float *parts, long count, long size, double *sums) {
    for (long i = 0; i < size; i++) sums[i] = 0;
    for (; count > 0; count--, parts += size)
        for (long i = 0; i < size; i++) sums[i] += (double)parts[i];
}
