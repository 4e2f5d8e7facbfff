/* Activations and their slopes, a vector at a time.

   GELU (in its tanh form) and SiLU are both x s(v) with the logistic function s(v) = 1 / (1 + exp(-v)): v = x for SiLU,
   v = 2 sqrt(2/pi) (x + 0.044715 x^3) for GELU, since (1 + tanh u) / 2 = s(2 u). The slope is s + x s (1 - s) v'.
   exp is 2^n times a polynomial (Cephes), right to 2 units in the last place; so is tanh's near 0. Measured and held by the tests:
   values are right to 2 of 2^-23 max(1, |x|), slopes to 2 of 2^-23.

   NaN comes out as NaN, and what the definitions make of infinities comes out too: 0 times one is NaN. So masks multiply
   where a gradient may be one of these, and comparisons are written the way round that NaN falls on the side of "keep". */

#pragma once

#include "vector.h"

enum { IDENTITY, RELU, GELU, SILU, LEAKY_RELU, SIGMOID, TANH, ELU, RELU6, HARD_SIGMOID, HARD_SWISH };

/* The places of a ReLU that runs with a max pooling: behind it, or before it. Then a window without positive numbers is all zero,
   and the first of them is the largest. */
enum { NO_RELU, RELU_BEHIND, RELU_BEFORE };

/* exp(-v) = scale (1 + rest) */
typedef struct { Vector scale, rest; } Decay;

ALWAYS_INLINE Decay decay_parts(Vector v) {
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
    return (Decay){(Vector)((n + 127) << 23), p * r * r + r};
}

/* exp(-v) */
ALWAYS_INLINE Vector decay(Vector v) {
    Decay d = decay_parts(v);
    return (d.rest + 1.f) * d.scale;
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

/* tanh(x): (1 - exp(-2 |x|)) / (1 + exp(-2 |x|)), near 0 a polynomial: what is left of 1 there has lost its figures. */
ALWAYS_INLINE Vector tanh_of(Vector x) {
    Vector size = choose(x < 0.f, -x, x), square = x * x, e = decay(2.f * size), far = (1.f - e) / (1.f + e);
    Vector p = splat(-5.70498872745e-3f);
    p = p * square + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    return choose(size < 0.625f, p * square * x + x, choose(x < 0.f, -far, far));
}

ALWAYS_INLINE Vector not_above(Vector most, Vector x) { return choose(x > most, most, x); }

ALWAYS_INLINE Vector hard_sigmoid(Vector x) { return not_above(splat(6.f), relu(x + 3.f)) / 6.f; }

/* Where -3 < x < 3. */
ALWAYS_INLINE Mask bends(Vector x) { return (x > -3.f) & (x < 3.f); }

/* parameter: the slope of a leaky ReLU below 0, the alpha of an ELU. */
ALWAYS_INLINE Vector activate(const int kind, const float parameter, Vector x) {
    if (kind == RELU) return relu(x);
    if (kind == SILU) return gated(x, x);
    if (kind == GELU) return gated(x, GELU_LINEAR * x * (1.f + GELU_CUBIC * x * x));
    if (kind == LEAKY_RELU) return choose(x > 0.f, x, parameter * x);
    if (kind == SIGMOID) return keep(~(x < -88.f), 1.f / (1.f + decay(x)));  /* decay() never comes to infinity */
    if (kind == TANH) return tanh_of(x);
    if (kind == ELU) {
        Decay d = decay_parts(-not_above((Vector){}, x));
        return choose(x > 0.f, x, parameter * (d.scale * d.rest + (d.scale - 1.f)));
    }
    if (kind == RELU6) return not_above(splat(6.f), relu(x));
    if (kind == HARD_SIGMOID) return hard_sigmoid(x);
    if (kind == HARD_SWISH) return x * hard_sigmoid(x);
    return x;
}

/* dout times the slope at x. */
ALWAYS_INLINE Vector activate_back(const int kind, const float parameter, Vector x, Vector dout) {
    if (kind == RELU) return relu_back(x, dout);
    if (kind == SILU) return dout * slope(x, x, splat(1.f));
    if (kind == GELU) {
        Vector v = GELU_LINEAR * x * (1.f + GELU_CUBIC * x * x);
        return dout * slope(x, v, GELU_LINEAR * (1.f + 3.f * GELU_CUBIC * x * x));
    }
    if (kind == LEAKY_RELU) return choose(x > 0.f, dout, parameter * dout);
    if (kind == SIGMOID) {
        Vector e = decay(x), s = 1.f / (1.f + e);
        return dout * (s * (e * s));
    }
    if (kind == TANH) {
        Vector t = tanh_of(x);
        return dout * (1.f - t * t);
    }
    if (kind == ELU) return choose(x > 0.f, dout, dout * parameter * decay(-not_above((Vector){}, x)));
    if (kind == RELU6) return dout * keep((x > 0.f) & (x < 6.f), splat(1.f));
    if (kind == HARD_SIGMOID) return dout * keep(bends(x), splat(1.f)) / 6.f;
    if (kind == HARD_SWISH) return dout * (hard_sigmoid(x) + keep(bends(x), x) / 6.f);
    return dout;
}

/* Run CALL(kind) with a kind that the compiler knows. */
#define WITH_ACTIVATION(kind, CALL) \
    switch (kind) { \
    case RELU: CALL(RELU); break; \
    case GELU: CALL(GELU); break; \
    case SILU: CALL(SILU); break; \
    case LEAKY_RELU: CALL(LEAKY_RELU); break; \
    case SIGMOID: CALL(SIGMOID); break; \
    case TANH: CALL(TANH); break; \
    case ELU: CALL(ELU); break; \
    case RELU6: CALL(RELU6); break; \
    case HARD_SIGMOID: CALL(HARD_SIGMOID); break; \
    case HARD_SWISH: CALL(HARD_SWISH); break; \
    default: CALL(IDENTITY); \
    }
