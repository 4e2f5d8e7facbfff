/* The weight gradient of a convolution of few channels whose outputs are max-pooled, with or without a ReLU.

   Only the largest of each window has a gradient, and only where the ReLU let it pass: one output in four, or in eight. So
   dw is summed over those alone. For one filter, dw (K, K, C) lies in registers, a vector or two for each row of the
   window (7 x 2 of 16 floats for 7 x 7 x 3), while the list of its pixels with a gradient is walked:
   dw[row] += g * image[pixel + row], a run of K C numbers that lie side by side in the padded image.
   A range of images has a dw of its own; these are added up in order. A task is a range, or where there are more threads than
   memory for dws, some of its filters. The bias gradient, the sum of a filter's
   gradients, is taken for each image while they are in the cache. An image that holds NaN or an infinity is added a second
   time with a gradient of zero everywhere: zero times such a number is NaN, and must not get lost. */

#include "activation.h"
#include "convolution.h"
#include "padded.h"
#include "threads.h"

typedef struct {
    const Shape *shape;
    Padded images;
    const float *dout, *best;  /* (N, H' / pool, W' / pool, F) */
    const uint8_t *index;
    float *parts, *dw;         /* parts: (ranges, F, K, run) */
    float *sums;               /* (N, F), or NULL where there is no bias */
    long pool, relu, run;
    long ranges, pieces;       /* of images; of groups of filters */
    long offset[1 << 8];       /* where the window of a pixel begins, by its place in the pooling window */
} Sparse;

/* A pixel with a gradient: where its window begins in the padded image. */
typedef struct { int32_t offset; float gradient; } Pixel;

enum { GROUP = 16 };  /* filters looked through together: the gradients of a window for them share a cache line */

/* The gradients that go back through a pooling window and its ReLU for the filters of a group; all bits set where not zero. */
typedef struct { float gradient[GROUP]; int32_t passes[GROUP]; } Window;

ALWAYS_INLINE void look_into(const Sparse *p, long at, long filters, Window *window) {
    for (long f = 0; f < filters; f += VL) {
        Vector g = load_part(p->dout + at + f, filters - f);
        if (p->relu) g = relu_back(load_part(p->best + at + f, filters - f), g);
        Mask passes = g != 0.f;
        store(window->gradient + f, g);
        memcpy(window->passes + f, &passes, sizeof passes);
    }
}

/* The pixels of an image whose output has a gradient, for filters `from` up to `from + filters`: lists `room` apart. */
static void find_gradients(const Sparse *p, long image, long from, long filters, Pixel *found, long room, long count[]) {
    const Shape *s = p->shape;
    long height = s->out_height / p->pool, width = s->out_width / p->pool;
    long step = s->stride * s->channels, row = p->images.room_width * step;
    long at = image * height * width * s->filters + from;
    Window window;
    for (long f = 0; f < filters; f++) count[f] = 0;
    for (long i = 0; i < height; i++)
        for (long j = 0; j < width; j++, at += s->filters) {
            look_into(p, at, filters, &window);
            for (long f = 0; f < filters; f++) {
                long offset = (i * row + j * step) * p->pool + p->offset[p->index[at + f]];
                found[f * room + count[f]] = (Pixel){(int32_t)offset, window.gradient[f]};
                count[f] -= window.passes[f];
            }
        }
}

/* All pixels of the outputs, with a gradient of zero; returns how many. */
static long find_zeros(const Sparse *p, Pixel *found) {
    const Shape *s = p->shape;
    long step = s->stride * s->channels, count = 0;
    for (long i = 0; i < s->out_height; i++)
        for (long j = 0; j < s->out_width; j++)
            found[count++] = (Pixel){(int32_t)((i * p->images.room_width + j) * step), 0};
    return count;
}

/* Tell whether there is a number that zero times it is not zero. */
static int holds_special(const float *image, long count) {
    Vector sum = {};
    for (long i = 0; i < count; i += VL) sum += 0.f * load_part(image + i, count - i);
    for (int i = 0; i < VL; i++)
        if (sum[i] != 0) return 1;
    return 0;
}

/* Of each filter of an image. */
static void sum_gradients(const Sparse *p, long image) {
    const Shape *s = p->shape;
    long places = (s->out_height / p->pool) * (s->out_width / p->pool), F = s->filters;
    for (long f = 0; f < F; f += VL) {
        Vector sum = {};
        for (long i = image * places; i < (image + 1) * places; i++) {
            Vector g = load_part(p->dout + i * F + f, F - f);
            sum += p->relu ? relu_back(load_part(p->best + i * F + f, F - f), g) : g;
        }
        store_part(p->sums + image * F + f, sum, F - f);
    }
}

/* Half a vector: for the 21 numbers of a row of 7 pixels, 16 + 8 lanes are quicker than 32. */
enum { HALF = VL / 2 };
typedef float Half __attribute__((vector_size(HALF * 4)));
typedef Half UnalignedHalf __attribute__((aligned(4), may_alias));

/* Add all pixels to `rows` rows of dw, (rows, run), of each the first `halves` half vectors: 1, 2, 3 or 4. */
ALWAYS_INLINE void add_rows(const int rows, const int halves, const Pixel *found, long count, const float *image,
                            long image_row, float *dw, long run) {
    const int vectors = halves / 2, odd = halves % 2;
    Vector sum[7][2];
    Half rest[7];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = load(dw + r * run + v * VL);
        if (odd) rest[r] = *(const UnalignedHalf *)(dw + r * run + vectors * VL);
    }
    for (long i = 0; i < count; i++) {
        const float *pixel = image + found[i].offset;
        Vector g = splat(found[i].gradient);
        Half g_half = found[i].gradient - (Half){};
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += g * load(pixel + r * image_row + v * VL);
            if (odd) rest[r] += g_half * *(const UnalignedHalf *)(pixel + r * image_row + vectors * VL);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) store(dw + r * run + v * VL, sum[r][v]);
        if (odd) *(UnalignedHalf *)(dw + r * run + vectors * VL) = rest[r];
    }
}

/* All of their `length` numbers; `rows` is 1, 3, 5 or 7. */
static void add_some_rows(long rows, long length, const Pixel *found, long count, const float *image, long image_row, float *dw,
                          long run) {
    for (long k = 0; k < length; k += 2 * VL) {
        long halves = smaller_of((length - k + HALF - 1) / HALF, 4);
#define CASE(n) \
    case n: \
        if (halves == 4) add_rows(n, 4, found, count, image + k, image_row, dw + k, run); \
        else if (halves == 3) add_rows(n, 3, found, count, image + k, image_row, dw + k, run); \
        else if (halves == 2) add_rows(n, 2, found, count, image + k, image_row, dw + k, run); \
        else add_rows(n, 1, found, count, image + k, image_row, dw + k, run); \
        break;
        switch (rows) { CASE(1) CASE(3) CASE(5) CASE(7) }
#undef CASE
    }
}

static void add_filter(const Sparse *p, const Pixel *found, long count, const float *image, float *dw) {
    long K = p->shape->kernel, image_row = p->images.room_width * p->shape->channels;
    for (long row = 0, rows; row < K; row += rows) {
        rows = K - row >= 7 ? 7 : (K - row) % 2 ? K - row : 1;
        add_some_rows(rows, K * p->shape->channels, found, count, image + row * image_row, image_row, dw + row * p->run, p->run);
    }
}

static void gradient_of_images(void *context, long task, int thread) {
    const Sparse *p = context;
    const Shape *s = p->shape;
    long windows = (s->out_height / p->pool) * (s->out_width / p->pool), size = s->kernel * p->run, count[GROUP];
    float *image = scratch(thread, SLOT_IMAGE, sizeof(float) * (room_of(&p->images) + p->run));
    Pixel *found = scratch(thread, SLOT_PIXELS, sizeof(Pixel) * (GROUP * (windows + 1) + s->out_height * s->out_width));
    Pixel *zeros = found + GROUP * (windows + 1);
    long range = task / p->pieces, piece = task % p->pieces, groups = (s->filters + GROUP - 1) / GROUP;
    long begin = groups * piece / p->pieces * GROUP, end = smaller_of(groups * (piece + 1) / p->pieces * GROUP, s->filters);
    float *part = p->parts + range * s->filters * size;
    memset(part + begin * size, 0, sizeof(float) * (size_t)((end - begin) * size));
    memset(image + room_of(&p->images), 0, sizeof(float) * (size_t)p->run);
    for (long n = s->images * range / p->ranges; n < s->images * (range + 1) / p->ranges; n++) {
        lay_out(&p->images, n, image);
        long zero_count = holds_special(image, room_of(&p->images)) ? find_zeros(p, zeros) : 0;
        if (p->sums && piece == 0) sum_gradients(p, n);
        for (long from = begin; from < end; from += GROUP) {
            long filters = smaller_of(GROUP, end - from);
            find_gradients(p, n, from, filters, found, windows + 1, count);
            for (long f = 0; f < filters; f++) {
                add_filter(p, found + f * (windows + 1), count[f], image, part + (from + f) * size);
                if (zero_count) add_filter(p, zeros, zero_count, image, part + (from + f) * size);
            }
        }
    }
}

static void add_up_filter(void *context, long f, int thread) {
    (void)thread;
    const Sparse *p = context;
    const Shape *s = p->shape;
    long length = s->kernel * s->channels, size = s->kernel * p->run;
    for (long row = 0; row < s->kernel; row++)
        for (long k = 0; k < length; k++) {
            float sum = 0;
            for (long range = 0; range < p->ranges; range++)
                sum += p->parts[(range * s->filters + f) * size + row * p->run + k];
            p->dw[(row * length + k) * s->filters + f] = sum;
        }
}

/* Tasks for each thread, for an even load; floats of all parts, or so many parts as two threads had. */
enum { SLICES = 8, MOST = 1 << 20, LEAST = 2 * SLICES };

static void add_up_sums(const Sparse *p, float *db) {
    for (long f = 0; f < p->shape->filters; f++) {
        double sum = 0;
        for (long n = 0; n < p->shape->images; n++) sum += (double)p->sums[n * p->shape->filters + f];
        db[f] = (float)sum;
    }
}

/* dw (K, K, C, F) and, where it is not NULL, db (F), from x (planar: (N, C, H, W)) and the gradients of pooled outputs;
   `best` is looked at with relu only. */
void nndl_sparse_weight_gradient(const Shape *s, const float *x, long planar, long pool, const float *dout,
                                 const uint8_t *index, const float *best, long relu, float *dw, float *db) {
    Sparse p = {.shape = s, .images = padded(s, x, planar), .dout = dout, .best = best, .index = index, .dw = dw, .pool = pool,
                .relu = relu, .run = round_up(s->kernel * s->channels, VL)};
    for (long i = 0; i < pool * pool; i++)
        p.offset[i] = (i / pool * p.images.room_width + i % pool) * s->stride * s->channels;
    long tasks = SLICES * thread_count(), size = s->filters * s->kernel * p.run, most = MOST / size > LEAST ? MOST / size : LEAST;
    p.ranges = smaller_of(s->images, smaller_of(tasks, most));
    p.pieces = smaller_of(tasks / p.ranges, (s->filters + GROUP - 1) / GROUP);
    p.parts = scratch(SHARED, SLOT_PARTS, sizeof(float) * p.ranges * size);
    if (db) p.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * s->images * s->filters);
    share(gradient_of_images, &p, p.ranges * p.pieces);
    share(add_up_filter, &p, s->filters);
    if (db) add_up_sums(&p, db);
}
