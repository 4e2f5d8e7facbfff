/* The way back through max pooling, and through the batch norm before it.

   Each window is written whole: its gradient goes to the place that was kept, zero to the others, so nothing is cleared
   first and every number is written once. */

#include "unpool.h"
#include "activation.h"
#include "threads.h"

/* The numbers of VL channels, loaded once for all pixels of a window. */
typedef struct { Vector mean, scale, shift, k, c; } Channels;

ALWAYS_INLINE Channels load_channels(const Unpool *u, long c, long count) {
    if (!u->scale) return (Channels){};
    return (Channels){load_part(u->mean + c, count), load_part(u->scale + c, count), load_part(u->shift + c, count),
                      u->x ? load_part(u->k + c, count) : (Vector){}, u->x ? load_part(u->c + c, count) : (Vector){}};
}

/* The gradient of a pooled number, where the ReLU let it pass. */
ALWAYS_INLINE Vector passed(const Unpool *u, Channels channels, long place, long count) {
    Vector g = load_part(u->dout + place, count);
    if (!u->relu) return g;
    Vector best = load_part(u->best + place, count);
    if (u->scale) best = channels.scale * (best - channels.mean) + channels.shift;
    return activate_back(LEAKY_RELU, u->below, best, g);
}

/* dx of a pixel whose own gradient is g. */
ALWAYS_INLINE void store_pixel(const float *x, float *dx, Channels channels, Vector g, long pixel, long count) {
    if (x) g = channels.scale * (g - channels.k * (load_part(x + pixel, count) - channels.mean) - channels.c);
    store_part(dx + pixel, g, count);
}

ALWAYS_INLINE void unpool_vector(const Unpool *u, const float *x, float *dx, long pixel, long place, const long size,
                                 long c, const long count) {
    Channels channels = load_channels(u, c, count);
    Vector g = passed(u, channels, place + c, count);
    Mask index = load_bytes(u->index + place + c, count);
    for (long i = 0; i < size; i++)
        for (long j = 0; j < size; j++) {
            if (x) __builtin_prefetch(x + pixel + ((size + i) * u->width + j) * u->channels + c);
            Vector here = keep(index == (Mask){} + (int32_t)(i * size + j), g);
            store_pixel(x, dx, channels, here, pixel + (i * u->width + j) * u->channels + c, count);
        }
}

ALWAYS_INLINE void unpool_window(const Unpool *u, const float *x, float *dx, long pixel, long place, const long size) {
    long c = 0;
    for (; c + VL <= u->channels; c += VL) unpool_vector(u, x, dx, pixel, place, size, c, VL);
    if (c < u->channels) unpool_vector(u, x, dx, pixel, place, size, c, u->channels - c);
}

/* Pixels that no window covers. */
static void outside_windows(const Unpool *u, const float *x, float *dx) {
    long height = u->height / u->pool * u->pool, width = u->width / u->pool * u->pool;
    for (long i = 0; i < u->height; i++)
        for (long j = i < height ? width : 0; j < u->width; j++)
            for (long c = 0; c < u->channels; c += VL) {
                Channels channels = load_channels(u, c, u->channels - c);
                store_pixel(x, dx, channels, (Vector){}, (i * u->width + j) * u->channels + c, u->channels - c);
            }
}

void unpool_image(const Unpool *u, long n, float *dx) {
    long height = u->height / u->pool, width = u->width / u->pool;
    const float *x = u->x ? u->x + n * u->height * u->width * u->channels : NULL;
    for (long i = 0; i < height; i++)
        for (long j = 0; j < width; j++) {
            long pixel = (i * u->width + j) * u->pool * u->channels;
            long place = ((n * height + i) * width + j) * u->channels;
            if (u->pool == 2) unpool_window(u, x, dx, pixel, place, 2);
            else unpool_window(u, x, dx, pixel, place, u->pool);
        }
    outside_windows(u, x, dx);
}

typedef struct { const Unpool *unpool; float *dx; } Images;

static void unpool_task(void *context, long n, int thread) {
    (void)thread;
    const Images *images = context;
    const Unpool *u = images->unpool;
    unpool_image(u, n, images->dx + n * u->height * u->width * u->channels);
}

/* dx (N, H, W, C), which may be the memory of x. */
void nndl_unpool(const Unpool *u, float *dx) {
    Images images = {u, dx};
    share(unpool_task, &images, u->images);
}
