/* Activations and their slopes, a vector at a time.

   GELU (in its tanh form) and SiLU are both x s(v) with the logistic function s(v) = 1 / (1 + exp(-v)): v = x for SiLU,
   v = 2 sqrt(2/pi) (x + 0.044715 x^3) for GELU, since (1 + tanh u) / 2 = s(2 u). The slope is s + x s (1 - s) v'.
   exp is 2^n times a polynomial (Cephes), right to 2 units in the last place. Measured and held by the tests: values
   are right to 2 of 2^-23 max(1, |x|), slopes to 2 of 2^-23.

   NaN comes out as NaN, and what the definitions make of infinities comes out too: 0 times one is NaN. So masks multiply
   where a gradient may be one of these, and comparisons are written the way round that NaN falls on the side of "keep". */

#pragma once

#include "vector.h"

enum { IDENTITY, RELU, GELU, SILU };

/* The places of a ReLU that runs with a max pooling: behind it, or before it. Then a window without positive numbers is all zero,
   and the first of them is the largest. */
enum { NO_RELU, RELU_BEHIND, RELU_BEFORE };

/* exp(-v) */
ALWAYS_INLINE Vector decay(Vector v) {
    const float LOG2E = 1.44269504f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f, ROUND = 12582912.f; /* 1.5 2^23 */
    v = choose(v < -88.f, splat(-88.f), v);
    v = choose(v > 87.f, splat(87.f), v);
    Vector shifted = ROUND - v * LOG2E;
    Mask n = (Mask)shifted - 0x4b400000;  /* the bits of ROUND: what is left is the whole number */
    Vector whole = __builtin_convertvector(n, Vector);
    Vector r = -v - whole * LN2_HIGH - whole * LN2_LOW;
    Vector p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.f;
    return p * (Vector)((n + 127) << 23);
}

/* x s(v). The definition of -inf is -inf 0, NaN, but decay() is never infinite: 0 x sees to it. */
ALWAYS_INLINE Vector gated(Vector x, Vector v) { return x * (1.f / (0.f * x + 1.f + decay(v))); }

/* s + x s (1 - s) v', with 1 - s = exp(-v) s: the difference would lose all figures where s is near 1. */
ALWAYS_INLINE Vector slope(Vector x, Vector v, Vector dv) {
    Vector e = decay(v), s = 1.f / (1.f + e);
    return s + x * s * (e * s) * dv;
}

#define GELU_LINEAR 1.5957691216057308f /* 2 sqrt(2/pi) */
#define GELU_CUBIC 0.044715f

/* max(0, x): zero where x <= 0. */
ALWAYS_INLINE Vector relu(Vector x) { return keep(~(x <= 0.f), x); }

/* dout (x > 0) */
ALWAYS_INLINE Vector relu_back(Vector x, Vector dout) { return dout * keep(x > 0.f, splat(1.f)); }

ALWAYS_INLINE Vector activate(const int kind, Vector x) {
    if (kind == RELU) return relu(x);
    if (kind == SILU) return gated(x, x);
    if (kind == GELU) return gated(x, GELU_LINEAR * x * (1.f + GELU_CUBIC * x * x));
    return x;
}

/* dout times the slope at x. */
ALWAYS_INLINE Vector activate_back(const int kind, Vector x, Vector dout) {
    if (kind == RELU) return relu_back(x, dout);
    if (kind == SILU) return dout * slope(x, x, splat(1.f));
    if (kind == GELU) {
        Vector v = GELU_LINEAR * x * (1.f + GELU_CUBIC * x * x);
        return dout * slope(x, v, GELU_LINEAR * (1.f + 3.f * GELU_CUBIC * x * x));
    }
    return dout;
}

/* Run CALL(kind) with a kind that the compiler knows. */
#define WITH_ACTIVATION(kind, CALL) \
    switch (kind) { \
    case RELU: CALL(RELU); break; \
    case GELU: CALL(GELU); break; \
    case SILU: CALL(SILU); break; \
    default: CALL(IDENTITY); \
    }
