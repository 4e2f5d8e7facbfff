/* Batch norm with the activation behind it, and activations alone.

   All that batch norm does to a pixel once the statistics are known is a line, u = scale (x - mean) + shift, with numbers
   per channel; out = act(u). With g = dout act'(u), the two sums over the batch that going back needs are sum g and
   sum g (x - mean), and then dx = scale (g - k (x - mean) - c), a line again (nndl.layers.batchnorm_backward_alt has the
   algebra). The mean is taken off first: a scale of 300 times a number far from zero would leave nothing but rounding.
   Where the layer is pooled, x above is the maximum of each window alone, a quarter of the pixels.

   u and act'(u) are computed again on the way back: that is cheaper than reading a saved copy. Rows of C channels are
   shared out in chunks, sums taken per chunk and added up in order. Sums run over 8 rows at a time, so that the running
   total is loaded and stored once for 8. */

#include "activation.h"
#include "threads.h"

enum { CHUNK = 1 << 16, ROWS_AT_ONCE = 8 };  /* floats in a chunk: 256 KB pass through the cache at a time */

typedef struct {
    long rows, channels, kind;
    float parameter;
    const float *x, *scale, *shift, *mean, *dout, *k, *c;
    float *out, *sums;
    long chunk;
} Norm;

static long rows_in_chunk(long channels) {
    long rows = CHUNK / channels / ROWS_AT_ONCE * ROWS_AT_ONCE;
    return rows < ROWS_AT_ONCE ? ROWS_AT_ONCE : rows;
}

/* A vector of out or, on the way back, of dx. */
ALWAYS_INLINE void line_vector(const Norm *n, long r, long c, const long count, const int kind, const int back) {
    long i = r * n->channels + c;
    Vector x = load_part(n->x + i, count) - load_part(n->mean + c, count), scale = load_part(n->scale + c, count);
    Vector u = scale * x + load_part(n->shift + c, count);
    if (!back) {
        store_part(n->out + i, activate(kind, n->parameter, u), count);
        return;
    }
    Vector g = activate_back(kind, n->parameter, u, load_part(n->dout + i, count));
    Vector line = load_part(n->k + c, count) * x + load_part(n->c + c, count);
    store_part(n->out + i, scale * (g - line), count);
}

/* Whole vectors have code without branches. */
ALWAYS_INLINE void line_rows(const Norm *n, long first, long last, const int kind, const int back) {
    for (long r = first; r < last; r++) {
        long c = 0;
        for (; c + VL <= n->channels; c += VL) line_vector(n, r, c, VL, kind, back);
        if (c < n->channels) line_vector(n, r, c, n->channels - c, kind, back);
    }
}

static void line_chunk(void *context, long task, int thread) {
    (void)thread;
    const Norm *n = context;
    long first = task * n->chunk, last = smaller_of(first + n->chunk, n->rows);
#define CALL(kind) n->dout ? line_rows(n, first, last, kind, 1) : line_rows(n, first, last, kind, 0)
    WITH_ACTIVATION(n->kind, CALL)
#undef CALL
}

/* out = act(scale (x - mean) + shift); x and out (rows, C), which may be the same. */
void nndl_norm_forward(long rows, long channels, const float *x, const float *mean, const float *scale,
                       const float *shift, long kind, float parameter, float *out) {
    Norm n = {.rows = rows, .channels = channels, .kind = kind, .parameter = parameter, .x = x, .mean = mean, .scale = scale,
              .shift = shift, .out = out};
    n.chunk = rows_in_chunk(channels);
    share(line_chunk, &n, (rows + n.chunk - 1) / n.chunk);
}

/* To the sums of `rows` rows from r: of g and of g (x - mean), or with g = x - mean itself where there is no dout. */
ALWAYS_INLINE void sum_vector(const Norm *n, long r, long rows, float *sums, long c, const long count, const int kind) {
    long C = n->channels;
    Vector scale = {}, shift = {}, mean = load_part(n->mean + c, count);
    if (n->dout) scale = load_part(n->scale + c, count), shift = load_part(n->shift + c, count);
    Vector plain = load_part(sums + c, count), weighted = load_part(sums + C + c, count);
    for (long i = r * C + c; rows > 0; rows--, i += C) {
        Vector x = load_part(n->x + i, count) - mean;
        Vector g = n->dout ? activate_back(kind, n->parameter, scale * x + shift, load_part(n->dout + i, count)) : x;
        plain += g;
        weighted += g * x;
    }
    store_part(sums + c, plain, count);
    store_part(sums + C + c, weighted, count);
}

ALWAYS_INLINE void sum_rows(const Norm *n, long first, long last, float *sums, const int kind) {
    for (long r = first; r < last; r += ROWS_AT_ONCE) {
        long c = 0, rows = smaller_of(ROWS_AT_ONCE, last - r);
        for (; c + VL <= n->channels; c += VL) sum_vector(n, r, rows, sums, c, VL, kind);
        if (c < n->channels) sum_vector(n, r, rows, sums, c, n->channels - c, kind);
    }
}

static void sum_chunk(void *context, long task, int thread) {
    (void)thread;
    const Norm *n = context;
    long first = task * n->chunk, last = smaller_of(first + n->chunk, n->rows);
    float *sums = n->sums + task * 2 * n->channels;
    memset(sums, 0, sizeof(float) * 2 * (size_t)n->channels);
#define CALL(kind) sum_rows(n, first, last, sums, kind)
    WITH_ACTIVATION(n->kind, CALL)
#undef CALL
}

/* sums (2, C): sum g and sum g (x - mean), g = dout act'(scale (x - mean) + shift).
   Without dout: sum (x - mean) and sum (x - mean)^2, for statistics centred on a first estimate of the mean. */
void nndl_norm_sums(long rows, long channels, const float *x, const float *mean, const float *dout, const float *scale,
                    const float *shift, long kind, float parameter, double *sums) {
    Norm n = {.rows = rows, .channels = channels, .kind = kind, .parameter = parameter, .x = x, .mean = mean, .dout = dout,
              .scale = scale, .shift = shift};
    n.chunk = rows_in_chunk(channels);
    long chunks = (rows + n.chunk - 1) / n.chunk;
    n.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * chunks * channels);
    share(sum_chunk, &n, chunks);
    add_up(n.sums, chunks, 2 * channels, sums);
}

/* dx = scale (g - k (x - mean) - c); dx may be the memory of x. */
void nndl_norm_backward(long rows, long channels, const float *x, const float *mean, const float *dout,
                        const float *scale, const float *shift, const float *k, const float *c, long kind,
                        float parameter, float *dx) {
    Norm n = {.rows = rows, .channels = channels, .kind = kind, .parameter = parameter, .x = x, .mean = mean, .dout = dout,
              .scale = scale, .shift = shift, .k = k, .c = c, .out = dx};
    n.chunk = rows_in_chunk(channels);
    share(line_chunk, &n, (rows + n.chunk - 1) / n.chunk);
}

/* Activations alone ---------------------------------------------------------------------------------------------- */

typedef struct { long size, kind; float parameter; const float *x, *dout; float *out; } Activation;

static void activation_chunk(void *context, long task, int thread) {
    (void)thread;
    const Activation *a = context;
    long end = smaller_of((task + 1) * CHUNK, a->size);
#define CALL(kind) \
    for (long i = task * CHUNK; i < end; i += VL) { \
        Vector x = load_part(a->x + i, end - i); \
        Vector v = a->dout ? activate_back(kind, a->parameter, x, load_part(a->dout + i, end - i)) \
                           : activate(kind, a->parameter, x); \
        store_part(a->out + i, v, end - i); \
    }
    WITH_ACTIVATION(a->kind, CALL)
#undef CALL
}

/* out = act(x) or, with dout, dx = dout act'(x): `size` numbers. */
void nndl_activation(long size, const float *x, const float *dout, long kind, float parameter, float *out) {
    Activation a = {size, kind, parameter, x, dout, out};
    share(activation_chunk, &a, (size + CHUNK - 1) / CHUNK);
}

