/* The update of the parameters, in one pass over them: the rules of nndl/train/optimizers.py, which is their definition.

   What NumPy does in five to twelve passes over memory is one. Each operation is rounded by itself, in the order of the
   definition, so that the numbers are the same to the last bit: `rounded` keeps the compiler from fusing a product and a sum.
   A task is a part of the vector, so many numbers that two threads come out even. */

#include "threads.h"
#include "vector.h"

enum { SGD, SGD_MOMENTUM, SGD_NESTEROV_MOMENTUM, RMSPROP, ADAM, SGD_PYTORCH, LION };

/* Of a part: what w is multiplied by before the rule, what share of w is added to dw, and the scalars of the rule. */
enum { SHRINK, PULL, SCALARS, NUMBERS = SCALARS + 7 };

enum { SUMMED = 1024 };  /* squares added up in float32 before they go to a double */

typedef struct {
    const int32_t *places;        /* (parts, 2): where each begins, how many numbers it has */
    const float *numbers;         /* (parts, NUMBERS) */
    const float *dw;
    float *w, *first, *second;    /* w and what the rule remembers */
    double *squares;              /* (parts) */
} Update;

ALWAYS_INLINE Vector rounded(Vector v) {
#if defined(__x86_64__) || defined(__i386__)
    __asm__("" : "+v"(v));
#elif defined(__aarch64__)
    __asm__("" : "+w"(v));
#else
    __asm__("" : "+m"(v));
#endif
    return v;
}

ALWAYS_INLINE Vector times(Vector v, float scalar) { return rounded(v * scalar); }

/* kept * mean + share * new: a running mean. */
ALWAYS_INLINE Vector average(Vector mean, float kept, Vector new, float share) { return times(mean, kept) + times(new, share); }

ALWAYS_INLINE Vector root(Vector v) {
#if defined(__AVX512F__)
    return (Vector)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX2__)
    return (Vector)_mm256_sqrt_ps((__m256)v);
#else
    for (int lane = 0; lane < VL; lane++) v[lane] = __builtin_sqrtf(v[lane]);
    return v;
#endif
}

/* 1, 0 or -1; what is no number stays none. */
ALWAYS_INLINE Vector sign(Vector v) {
    Vector zero = {}, one = splat(1.f);
    return choose(v > zero, one, choose(v < zero, -one, choose(v == zero, zero, v)));
}

/* The step that is taken off w, of up to VL numbers; the memory moves on. */
ALWAYS_INLINE Vector step_of(const int rule, const float *s, Vector dw, Vector *first, Vector *second) {
    Vector step;
    switch (rule) {
    case SGD:
        return times(dw, s[0]);
    case SGD_MOMENTUM:
        *first = times(*first, s[1]) - times(dw, s[0]);
        return -*first;
    case RMSPROP:
        *first = average(*first, s[1], rounded(dw * dw), s[2]);
        return times(dw / (root(*first) + s[3]), s[0]);
    case ADAM:
        *first = average(*first, s[2], dw, s[3]);
        *second = average(*second, s[4], rounded(dw * dw), s[5]);
        return times(*first / (root(*second * s[1]) + s[6]), s[0]);
    case SGD_PYTORCH:
        *first = average(*first, s[1], dw, s[2]);
        return times(s[3] != 0 ? times(*first, s[1]) + dw : *first, s[0]);
    default:  /* LION */
        step = times(sign(average(*first, s[1], dw, s[2])), s[0]);
        *first = average(*first, s[3], dw, s[4]);
        return step;
    }
}

/* w after the step. Nesterov's momentum is w + v + momentum (v - old v) = (w + momentum v) - learning_rate dw. */
ALWAYS_INLINE Vector moved(const int rule, const float *s, Vector w, Vector dw, Vector *first, Vector *second) {
    if (rule != SGD_NESTEROV_MOMENTUM) return w - step_of(rule, s, dw, first, second);
    Vector step = times(dw, s[0]);
    *first = times(*first, s[1]) - step;
    return (w + times(*first, s[1])) - step;
}

/* `count` numbers from number i on; returns the squares of w. */
ALWAYS_INLINE Vector update_vector(const int rule, const int memories, const Update *u, const float *n, long i, const long count) {
    Vector w = load_part(u->w + i, count), dw = load_part(u->dw + i, count);
    Vector first = memories > 0 ? load_part(u->first + i, count) : w;
    Vector second = memories > 1 ? load_part(u->second + i, count) : w;
    if (n[SHRINK] != 1) w = times(w, n[SHRINK]);
    if (n[PULL] != 0) dw += times(w, n[PULL]);
    w = moved(rule, n + SCALARS, w, dw, &first, &second);
    store_part(u->w + i, w, count);
    if (memories > 0) store_part(u->first + i, first, count);
    if (memories > 1) store_part(u->second + i, second, count);
    if (count < VL) w = load_part(u->w + i, count);  /* zeros where there are no numbers */
    return w * w;
}

ALWAYS_INLINE void update_part(const int rule, const int memories, const Update *u, long part) {
    float n[NUMBERS];
    memcpy(n, u->numbers + part * NUMBERS, sizeof n);
    long from = u->places[2 * part], to = from + u->places[2 * part + 1];
    double total = 0;
    for (long end; from < to; from = end) {
        long i = from;
        Vector squares = {};
        for (end = smaller_of(from + SUMMED, to); i + VL <= end; i += VL) squares += update_vector(rule, memories, u, n, i, VL);
        if (i < end) squares += update_vector(rule, memories, u, n, i, end - i);
        for (int lane = 0; lane < VL; lane++) total += (double)squares[lane];
    }
    u->squares[part] = total;
}

#define RULE(name, rule, memories) \
    static void name(void *context, long part, int thread) { \
        (void)thread; \
        update_part(rule, memories, context, part); \
    }
RULE(sgd, SGD, 0)
RULE(sgd_momentum, SGD_MOMENTUM, 1)
RULE(sgd_nesterov_momentum, SGD_NESTEROV_MOMENTUM, 1)
RULE(rmsprop, RMSPROP, 1)
RULE(adam, ADAM, 2)
RULE(sgd_pytorch, SGD_PYTORCH, 1)
RULE(lion, LION, 1)

/* Change the parts of w, and of what the rule remembers of each number (`first` and `second`, NULL where it remembers
   less), by the gradients dw; squares (parts) gets the sum of squares of each part of w. */
void nndl_update(long rule, long parts, const int32_t *places, const float *numbers, const float *dw, float *w, float *first,
                 float *second, double *squares) {
    static const Work works[] = {sgd, sgd_momentum, sgd_nesterov_momentum, rmsprop, adam, sgd_pytorch, lion};
    Update u = {places, numbers, dw, w, first, second, squares};
    int has_velocity = rule != SGD_PYTORCH || numbers[SCALARS + 4] != 0;
    share(works[has_velocity ? rule : SGD], &u, parts);
}
