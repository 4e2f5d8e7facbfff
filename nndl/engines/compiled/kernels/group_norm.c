/* Group normalisation, with the activation behind it; for vectors, layer normalisation: one group, one pixel.

   An example's statistics are its own, so a task is one example (pixels, C): it passes through the second-level cache three times,
   for the mean, for the variance, which is taken centred, and for the line u = scale (x - mean) + shift, out = act(u), with numbers
   per channel. Channels of a group share mean and deviation; sums are taken per channel first, a vector of channels at a time.
   On the way back, with g = dout act'(u) and the sums A of gamma g and B of gamma g (x - mean) / std over the group's M numbers,

       dx = (gamma g - A / M - B / M (x - mean) / std) / std

   and dgamma, dbeta are the sums of g (x - mean) / std and of g, which are kept per example and added up in order. */

#include "activation.h"
#include "threads.h"

typedef struct {
    long examples, pixels, channels, groups;
    long kind;
    float parameter, eps;
    const float *x, *gamma, *beta, *dout;
    float *mean, *inverse_std;  /* (N, G) */
    float *out;                 /* or dx */
    float *sums;                /* (N, 2, C): of g and of g (x - mean) / std */
} Group;

/* Numbers for each channel of one example. */
typedef struct { float *mean, *scale, *inverse_std, *first, *second; } Channels;

static Channels channels_of(const Group *g, int thread) {
    float *room = scratch(thread, SLOT_PRODUCT, sizeof(float) * 5 * g->channels);
    return (Channels){room, room + g->channels, room + 2 * g->channels, room + 3 * g->channels, room + 4 * g->channels};
}

/* Pixels added up one behind the other: a sum over more of them is one of such sums, or it would lose its last figures. */
enum { TOGETHER = 1024 };

/* sums[c] = the sum over the pixels of x - mean or, where squared, of its square. */
static void sum_pixels(const Group *g, const float *x, const float *mean, const int squared, float *sums) {
    for (long c = 0, C = g->channels; c < C; c += VL) {
        Vector total = {}, middle = mean ? load_part(mean + c, C - c) : (Vector){};
        for (long p = 0, end; p < g->pixels; p = end) {
            Vector sum = {};
            for (end = smaller_of(p + TOGETHER, g->pixels); p < end; p++) {
                Vector v = load_part(x + p * C + c, C - c) - middle;
                sum += squared ? v * v : v;
            }
            total += sum;
        }
        store_part(sums + c, total, C - c);
    }
}

/* The mean over the numbers of group i of what is summed up in `sums` for each channel. */
static double mean_of_group(const Group *g, long i, const float *sums) {
    long size = g->channels / g->groups;
    double sum = 0;
    for (long c = i * size; c < (i + 1) * size; c++) sum += (double)sums[c];
    return sum / (double)(size * g->pixels);
}

/* values[c] = the value of c's group. */
static void spread(const Group *g, const float *groups, float *values) {
    for (long c = 0, size = g->channels / g->groups; c < g->channels; c++) values[c] = groups[c / size];
}

static void statistics(const Group *g, long n, const float *x, Channels here) {
    float *mean = g->mean + n * g->groups, *inverse_std = g->inverse_std + n * g->groups;
    sum_pixels(g, x, NULL, 0, here.first);
    for (long i = 0; i < g->groups; i++) mean[i] = (float)mean_of_group(g, i, here.first);
    spread(g, mean, here.mean);
    sum_pixels(g, x, here.mean, 1, here.first);
    for (long i = 0; i < g->groups; i++)
        inverse_std[i] = (float)(1 / __builtin_sqrt(mean_of_group(g, i, here.first) + (double)g->eps));
}

/* The numbers of each channel, once those of the groups are known. */
static void load_channels(const Group *g, long n, Channels here) {
    spread(g, g->mean + n * g->groups, here.mean);
    spread(g, g->inverse_std + n * g->groups, here.inverse_std);
    for (long c = 0; c < g->channels; c++) here.scale[c] = (g->gamma ? g->gamma[c] : 1.f) * here.inverse_std[c];
}

ALWAYS_INLINE void forward_pixels(const Group *g, const float *x, float *out, Channels here, const int kind) {
    for (long p = 0, C = g->channels; p < g->pixels; p++)
        for (long c = 0; c < C; c += VL) {
            Vector centred = load_part(x + p * C + c, C - c) - load_part(here.mean + c, C - c);
            Vector u = load_part(here.scale + c, C - c) * centred + load_part(g->beta + c, C - c);
            store_part(out + p * C + c, activate(kind, g->parameter, u), C - c);
        }
}

static void forward_example(void *context, long n, int thread) {
    const Group *g = context;
    long size = g->pixels * g->channels;
    Channels here = channels_of(g, thread);
    statistics(g, n, g->x + n * size, here);
    load_channels(g, n, here);
#define CALL(kind) forward_pixels(g, g->x + n * size, g->out + n * size, here, kind)
    WITH_ACTIVATION(g->kind, CALL)
#undef CALL
}

/* x - mean of VL channels of a pixel, and g. */
typedef struct { Vector centred, g; } Pixel;

ALWAYS_INLINE Pixel pixel_of(const Group *g, const float *x, const float *dout, Channels here, long i, long c, const int kind) {
    long count = g->channels - c;
    Vector centred = load_part(x + i + c, count) - load_part(here.mean + c, count);
    Vector u = load_part(here.scale + c, count) * centred + load_part(g->beta + c, count);
    return (Pixel){centred, activate_back(kind, g->parameter, u, load_part(dout + i + c, count))};
}

ALWAYS_INLINE void sum_back(const Group *g, const float *x, const float *dout, Channels here, float *sums, const int kind) {
    for (long c = 0, C = g->channels; c < C; c += VL) {
        Vector plain = {}, weighted = {};
        for (long p = 0, end; p < g->pixels; p = end) {
            Vector sum = {}, products = {};
            for (end = smaller_of(p + TOGETHER, g->pixels); p < end; p++) {
                Pixel at = pixel_of(g, x, dout, here, p * C, c, kind);
                sum += at.g, products += at.g * at.centred;
            }
            plain += sum, weighted += products;
        }
        store_part(sums + c, plain, C - c);
        store_part(sums + C + c, weighted * load_part(here.inverse_std + c, C - c), C - c);
    }
}

/* here.first, here.second = A / (M std) and B / (M std^2) of each channel's group. */
static void lines_back(const Group *g, const float *sums, Channels here) {
    long C = g->channels, size = C / g->groups;
    for (long c = 0; c < C; c++) {
        float gamma = g->gamma ? g->gamma[c] : 1.f;
        here.first[c] = gamma * sums[c], here.second[c] = gamma * sums[C + c];
    }
    for (long i = 0; i < g->groups; i++) {
        float inverse = here.inverse_std[i * size];
        float a = (float)mean_of_group(g, i, here.first) * inverse, b = (float)mean_of_group(g, i, here.second) * inverse * inverse;
        for (long c = i * size; c < (i + 1) * size; c++) here.first[c] = a, here.second[c] = b;
    }
}

ALWAYS_INLINE void back_pixels(const Group *g, const float *x, const float *dout, Channels here, float *dx, const int kind) {
    for (long p = 0, C = g->channels; p < g->pixels; p++)
        for (long c = 0; c < C; c += VL) {
            Pixel at = pixel_of(g, x, dout, here, p * C, c, kind);
            Vector line = load_part(here.first + c, C - c) + load_part(here.second + c, C - c) * at.centred;
            store_part(dx + p * C + c, load_part(here.scale + c, C - c) * at.g - line, C - c);
        }
}

static void back_example(void *context, long n, int thread) {
    const Group *g = context;
    long at = n * g->pixels * g->channels;
    float *sums = g->sums + n * 2 * g->channels;
    Channels here = channels_of(g, thread);
    load_channels(g, n, here);
#define CALL(kind) sum_back(g, g->x + at, g->dout + at, here, sums, kind)
    WITH_ACTIVATION(g->kind, CALL)
#undef CALL
    lines_back(g, sums, here);
#define CALL(kind) back_pixels(g, g->x + at, g->dout + at, here, g->out + at, kind)
    WITH_ACTIVATION(g->kind, CALL)
#undef CALL
}

/* out = act(gamma (x - mean) / sqrt(var + eps) + beta); x, out (N, pixels, C); gamma may be NULL: ones. Writes mean and inverse_std
   (N, G), for the way back. */
void nndl_group_norm(long examples, long pixels, long channels, long groups, const float *x, const float *gamma,
                     const float *beta, float eps, long kind, float parameter, float *mean, float *inverse_std, float *out) {
    Group g = {.examples = examples, .pixels = pixels, .channels = channels, .groups = groups, .kind = kind,
               .parameter = parameter, .eps = eps, .x = x, .gamma = gamma, .beta = beta, .mean = mean,
               .inverse_std = inverse_std, .out = out};
    share(forward_example, &g, examples);
}

/* dx, and gradients (2, C): dbeta and dgamma. */
void nndl_group_norm_backward(long examples, long pixels, long channels, long groups, const float *x, const float *gamma,
                              const float *beta, const float *dout, long kind, float parameter, float *mean,
                              float *inverse_std, float *dx, double *gradients) {
    Group g = {.examples = examples, .pixels = pixels, .channels = channels, .groups = groups, .kind = kind,
               .parameter = parameter, .x = x, .gamma = gamma, .beta = beta, .dout = dout, .mean = mean,
               .inverse_std = inverse_std, .out = dx};
    g.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * examples * channels);
    share(back_example, &g, examples);
    add_up(g.sums, examples, 2 * channels, gradients);
}
