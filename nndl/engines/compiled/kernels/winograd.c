/* 3 x 3 convolutions of stride 1 by Winograd's F(4 x 4, 3 x 3): forward, input gradient and weight gradient.

   Lavin and Gray 2016, "Fast algorithms for convolutional neural networks": 4 x 4 outputs of a 3 x 3 filter come from a
   6 x 6 patch of the image with 36 multiplications in place of 144,

       y = A' [(G w G') * (B' d B)] A        (* number by number, summed over channels)

   so over all tiles and channels it is 36 matrix products, one for each place of the patch ("plane"):
   P[p] (tiles, F) = V[p] (tiles, C) U[p] (C, F). The weight gradient is the exact adjoint:
   dw = G' [sum over tiles of (B' d B) (A dy A')] G; the input gradient is a convolution with the filters turned.

   Loop order, forward. A task is a block of whole images, about 64 tiles: their V, 36 x 64 x C floats, stays in the
   second-level cache for C up to 64 and near it above. For each panel of 2 VL filters: 36 products on the panel of U
   (C x 2 VL a plane: first-level cache), then the panel's inverse transform and finish, while the product is in cache.
   U streams past once a block: 64 tiles are enough arithmetic to hide that.
   Planes lie an odd number of cache lines apart, or their 36 stores would fall into few sets of the cache.

   Weight gradient: tasks are groups of channels x ranges of tiles; a task adds up its own dU (36, channels, F), so no
   two write to the same memory, and the sums have one order for a given number of threads. Ranges of tiles are used
   where there are more threads than groups of 64 channels.

   Rounding: the transforms multiply by numbers up to 8 whose effects cancel. In float32 the error is about 1e-5 of the
   largest output at 256 channels (plain sums: 1e-6); the tests state and hold it. */

#include "convolution.h"
#include "threads.h"
#include "tile.h"

enum { OUT = 4, PATCH = 6, PLANES = PATCH * PATCH, LINE = 16, TILES = 64, GROUP = 64 };

static const float G[PATCH][3] = {
    {1 / 4.f, 0, 0},
    {-1 / 6.f, -1 / 6.f, -1 / 6.f},
    {-1 / 6.f, 1 / 6.f, -1 / 6.f},
    {1 / 24.f, 1 / 12.f, 1 / 6.f},
    {1 / 24.f, -1 / 12.f, 1 / 6.f},
    {0, 0, 1},
};

/* B' d for six vectors. */
ALWAYS_INLINE void transform_patch(Vector d[PATCH]) {
    Vector even = d[4] - 4.f * d[2], odd = d[3] - 4.f * d[1];
    Vector even2 = d[4] - d[2], odd2 = 2.f * (d[3] - d[1]);
    Vector first = 4.f * d[0] - 5.f * d[2] + d[4], last = 4.f * d[1] - 5.f * d[3] + d[5];
    d[0] = first, d[1] = even + odd, d[2] = even - odd, d[3] = even2 + odd2, d[4] = even2 - odd2, d[5] = last;
}

/* A' m: six vectors to four. */
ALWAYS_INLINE void transform_product(Vector m[PATCH]) {
    Vector sum = m[1] + m[2], difference = m[1] - m[2], sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    m[0] = m[0] + sum + sum2, m[1] = difference + 2.f * difference2;
    m[2] = sum + 4.f * sum2, m[3] = difference + 8.f * difference2 + m[5];
}

/* A y: four vectors to six. */
ALWAYS_INLINE void transform_gradient(Vector y[PATCH]) {
    Vector even = y[0] + y[2], odd = y[1] + y[3], even2 = y[0] + 4.f * y[2], odd2 = 2.f * y[1] + 8.f * y[3];
    y[5] = y[3], y[1] = even + odd, y[2] = even - odd, y[3] = even2 + odd2, y[4] = even2 - odd2;
}

static long odd_lines(long floats) { return (round_up(floats, LINE) / LINE | 1) * LINE; }

/* How the outputs of an image are cut into tiles of 4 x 4. */
typedef struct { long across, in_image; } Tiling;

static Tiling tiling_of(const Shape *s) {
    long across = (s->out_width + OUT - 1) / OUT;
    return (Tiling){across, across * ((s->out_height + OUT - 1) / OUT)};
}

/* An image to take patches from. `nothing` is a pixel of zeros, for what lies outside: patches at the border then run
   through the same code, without a branch on every load. */
typedef struct { const float *image, *nothing; long height, width, pixel; } Source;

/* Pointers to the size x size pixels from (top, left). */
ALWAYS_INLINE void find_pixels(Source s, long top, long left, const int size, const float *found[]) {
    const float *corner = s.image + (top * s.width + left) * s.pixel;
    if (top >= 0 && left >= 0 && top + size <= s.height && left + size <= s.width) {
        UNROLL for (int i = 0; i < size; i++)
            UNROLL for (int j = 0; j < size; j++) found[i * size + j] = corner + (i * s.width + j) * s.pixel;
        return;
    }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            int inside = top + i >= 0 && top + i < s.height && left + j >= 0 && left + j < s.width;
            found[i * size + j] = inside ? corner + (i * s.width + j) * s.pixel : s.nothing;
        }
}

/* Ask for the pixels that tile t of an image is the first to read; t may lie in the next image. The processor itself does
   not see the order in patches. */
static void prefetch_tile(Source s, Tiling tiling, long t) {
    long size = s.height * s.width * s.pixel, first = size * t / tiling.in_image, last = size * (t + 1) / tiling.in_image;
    for (long i = first; i < last; i += LINE) __builtin_prefetch(s.image + i, 0, 2);
}

static const float *pixel_of_zeros(long channels) {
    size_t bytes = sizeof(float) * (size_t)channels;
    return memset(scratch(SHARED, SLOT_NOTHING, bytes), 0, bytes);
}

/* B' d B of one patch for up to VL channels from c: plane p of channel c goes to v[p * plane + c]. */
ALWAYS_INLINE void patch_vector(const float *pixels[PLANES], long c, long count, float *v, long plane) {
    Vector half[PATCH][PATCH];
    UNROLL for (int j = 0; j < PATCH; j++) {
        Vector column[PATCH];
        UNROLL for (int i = 0; i < PATCH; i++) column[i] = load_part(pixels[i * PATCH + j] + c, count);
        transform_patch(column);
        UNROLL for (int i = 0; i < PATCH; i++) half[i][j] = column[i];
    }
    UNROLL for (int i = 0; i < PATCH; i++) {
        transform_patch(half[i]);
        UNROLL for (int j = 0; j < PATCH; j++) store(v + (i * PATCH + j) * plane + c, half[i][j]);
    }
}

static __attribute__((noinline)) void patch_to_planes(const float *pixels[PLANES], long channels, float *v, long plane) {
    long c = 0;
    for (; c + VL <= channels; c += VL) patch_vector(pixels, c, VL, v, plane);
    if (c < channels) patch_vector(pixels, c, channels - c, v, plane);
}

/* A dy A' of one tile for up to VL filters from f. */
ALWAYS_INLINE void gradient_vector(const float *pixels[OUT * OUT], long f, long count, float *v, long plane) {
    Vector half[OUT][PATCH];
    UNROLL for (int i = 0; i < OUT; i++) {
        UNROLL for (int j = 0; j < OUT; j++) half[i][j] = load_part(pixels[i * OUT + j] + f, count);
        transform_gradient(half[i]);
    }
    UNROLL for (int j = 0; j < PATCH; j++) {
        Vector column[PATCH];
        UNROLL for (int i = 0; i < OUT; i++) column[i] = half[i][j];
        transform_gradient(column);
        UNROLL for (int i = 0; i < PATCH; i++) store(v + (i * PATCH + j) * plane + f, column[i]);
    }
}

static __attribute__((noinline)) void gradient_to_planes(const float *pixels[OUT * OUT], long filters, float *v, long plane) {
    long f = 0;
    for (; f + VL <= filters; f += VL) gradient_vector(pixels, f, VL, v, plane);
    if (f < filters) gradient_vector(pixels, f, filters - f, v, plane);
}

/* A' m A of one tile and a panel of filters, to as many of 4 x 4 pixels of y as `rows` and `columns` leave. */
ALWAYS_INLINE void tile_panel(const float *m, long plane, float *y, long row, long rows, long columns) {
    for (long f = 0; f < PANEL; f += VL) {
        Vector half[OUT][PATCH];
        UNROLL for (int j = 0; j < PATCH; j++) {
            Vector column[PATCH];
            UNROLL for (int i = 0; i < PATCH; i++) column[i] = load(m + (i * PATCH + j) * plane + f);
            transform_product(column);
            UNROLL for (int i = 0; i < OUT; i++) half[i][j] = column[i];
        }
        UNROLL for (int i = 0; i < OUT; i++) {
            transform_product(half[i]);
            UNROLL for (int j = 0; j < OUT; j++)
                if (i < rows && j < columns) store(y + i * row + j * PANEL + f, half[i][j]);
        }
    }
}

/* The same; whole tiles have code without branches. */
static __attribute__((noinline)) void planes_to_tile(const float *m, long plane, float *y, long row, long rows,
                                                     long columns) {
    if (rows >= OUT && columns >= OUT) tile_panel(m, plane, y, row, OUT, OUT);
    else tile_panel(m, plane, y, row, rows, columns);
}

/* Filters -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Shape *shape;
    const float *w;
    float *u;
    long panels, streams;  /* streams: write past the cache, in whole lines */
} Filters;

enum { LARGE = 8 << 20 };  /* bytes of U that the cache does not keep until they are used */

/* G w G' for one channel: U is (36, panels, C, 2 VL), zero behind the last filter. */
static void transform_filters_of_channel(void *context, long c, int thread) {
    (void)thread;
    const Filters *t = context;
    long C = t->shape->channels, F = t->shape->filters;
    for (long f = 0; f < t->panels * PANEL; f += VL) {
        Vector w[3][3], half[PATCH][3];
        UNROLL for (int i = 0; i < 9; i++)
            w[i / 3][i % 3] = f < F ? load_part(t->w + (i * C + c) * F + f, F - f) : (Vector){};
        UNROLL for (int i = 0; i < PATCH; i++)
            UNROLL for (int j = 0; j < 3; j++) half[i][j] = G[i][0] * w[0][j] + G[i][1] * w[1][j] + G[i][2] * w[2][j];
        float *u = t->u + (f / PANEL * C + c) * PANEL + f % PANEL;
        UNROLL for (int p = 0; p < PLANES; p++) {
            const float *g = G[p % PATCH];
            Vector *h = half[p / PATCH];
            Vector value = h[0] * g[0] + h[1] * g[1] + h[2] * g[2];
            if (t->streams) stream(u + p * t->panels * C * PANEL, value);
            else store(u + p * t->panels * C * PANEL, value);
        }
    }
    finish_streaming();
}

/* Forward -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Shape *shape;
    const Finish *finish;
    Tiling tiling;
    const float *x, *u, *nothing;
    float *sums;
    long images, panels;  /* images in a block */
    long v_row, v_plane, m_plane;
} Forward;

static void images_to_planes(const Forward *f, long first, long last, float *v) {
    const Shape *s = f->shape;
    Source image = {f->x + first * s->height * s->width * s->channels, f->nothing, s->height, s->width, s->channels};
    for (long n = first; n < last; n++, image.image += s->height * s->width * s->channels)
        for (long t = 0; t < f->tiling.in_image; t++, v += f->v_row) {
            prefetch_tile(image, f->tiling, t + f->tiling.across);
            const float *pixels[PLANES];
            long top = t / f->tiling.across * OUT - s->pad, left = t % f->tiling.across * OUT - s->pad;
            find_pixels(image, top, left, PATCH, pixels);
            patch_to_planes(pixels, s->channels, v, f->v_plane);
        }
}

static void multiply_planes(const Forward *f, const float *v, long panel, long tiles, float *m) {
    long C = f->shape->channels;
    for (long p = 0; p < PLANES; p++) {
        Product product = {.a = v + p * f->v_plane, .a_row = f->v_row, .segments = 1, .length = C,
                           .b = f->u + (p * f->panels + panel) * C * PANEL, .b_step = PANEL};
        for (long t = 0, rows; t < tiles; t += rows, product.a += rows * f->v_row) {
            rows = next_rows(tiles - t);
            rows_tile((int)rows, product, m + p * f->m_plane + t * PANEL, PANEL, 0);
        }
    }
}

static void planes_to_images(const Forward *f, const float *m, Block block) {
    const Shape *s = f->shape;
    long row = s->out_width * PANEL;
    for (long n = 0; n < block.last - block.first; n++)
        for (long t = 0; t < f->tiling.in_image; t++, m += PANEL) {
            long top = t / f->tiling.across * OUT, left = t % f->tiling.across * OUT;
            planes_to_tile(m, f->m_plane, block.y + (n * s->out_height + top) * row + left * PANEL, row,
                           s->out_height - top, s->out_width - left);
        }
}

static void forward_block(void *context, long task, int thread) {
    const Forward *f = context;
    const Shape *s = f->shape;
    long first = task * f->images, last = smaller_of(first + f->images, s->images);
    float *v = scratch(thread, SLOT_INPUT, sizeof(float) * PLANES * f->v_plane);
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * PLANES * f->m_plane);
    float *y = scratch(thread, SLOT_OUTPUT, sizeof(float) * f->images * s->out_height * s->out_width * PANEL);
    images_to_planes(f, first, last, v);
    for (long panel = 0; panel < f->panels; panel++) {
        long from = panel * PANEL;
        multiply_planes(f, v, panel, (last - first) * f->tiling.in_image, m);
        Block block = {.y = y, .first = first, .last = last, .from = from, .count = smaller_of(PANEL, s->filters - from)};
        planes_to_images(f, m, block);
        finish_block(s, f->finish, block, f->sums + task * 2 * s->filters);
    }
}

void nndl_winograd_forward(const Shape *s, const float *x, const float *w, const Finish *finish) {
    Forward f = {.shape = s, .finish = finish, .tiling = tiling_of(s), .x = x, .nothing = pixel_of_zeros(s->channels)};
    long share_of_thread = (s->images + thread_count() - 1) / thread_count();
    f.images = smaller_of(share_of_thread, (TILES + f.tiling.in_image - 1) / f.tiling.in_image);
    f.panels = (s->filters + PANEL - 1) / PANEL;
    long tiles = f.images * f.tiling.in_image, blocks = (s->images + f.images - 1) / f.images;
    f.v_row = odd_lines(s->channels);
    f.v_plane = odd_lines(tiles * f.v_row);
    f.m_plane = odd_lines(tiles * PANEL);
    long u_bytes = (long)sizeof(float) * PLANES * f.panels * s->channels * PANEL;
    float *u = scratch(SHARED, SLOT_FILTERS, (size_t)u_bytes);
    f.u = u;
    f.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * blocks * s->filters);
    Filters filters = {s, w, u, f.panels, VL == LINE && u_bytes > LARGE};
    share(transform_filters_of_channel, &filters, s->channels);
    share(forward_block, &f, blocks);
    add_up_blocks(s, finish, f.sums, blocks);
}

/* dx from dy. */
void nndl_winograd_input_gradient(const Shape *s, const float *dy, const float *w, float *dx) {
    float *turned = scratch(SHARED, SLOT_TURNED, sizeof(float) * 9 * s->channels * s->filters);
    turn_filters(s, w, turned);
    Shape backwards = input_gradient_shape(s);
    Finish finish = {.y = dx};
    nndl_winograd_forward(&backwards, dy, turned, &finish);
}

/* Weight gradient ------------------------------------------------------------------------------------------------ */

typedef struct {
    const Shape *shape;
    Tiling tiling;
    const float *x, *dy, *nothing;
    float *du;               /* (ranges, 36, C, columns) */
    float *dw;
    long groups, ranges;     /* of channels, of tiles */
    long tiles, at_once;     /* in all, and transformed at a time */
    long columns;            /* F rounded up to whole tiles */
    long v_row, v_plane, y_row, y_plane;
} Gradient;

static void tiles_to_planes(const Gradient *g, long first, long last, long from, long count, float *v, float *y) {
    const Shape *s = g->shape;
    for (long t = first; t < last; t++, v += g->v_row, y += g->y_row) {
        long n = t / g->tiling.in_image, place = t % g->tiling.in_image;
        long top = place / g->tiling.across * OUT, left = place % g->tiling.across * OUT;
        const float *pixels[PLANES];
        Source image = {s->height * s->width * s->channels * n + g->x + from, g->nothing, s->height, s->width, s->channels};
        prefetch_tile(image, g->tiling, place + g->tiling.across);
        find_pixels(image, top - s->pad, left - s->pad, PATCH, pixels);
        patch_to_planes(pixels, count, v, g->v_plane);
        Source gradient = {g->dy + s->out_height * s->out_width * s->filters * n, g->nothing, s->out_height, s->out_width,
                           s->filters};
        prefetch_tile(gradient, g->tiling, place + g->tiling.across);
        find_pixels(gradient, top, left, OUT, pixels);
        gradient_to_planes(pixels, s->filters, y, g->y_plane);
    }
}

static void gradient_task(void *context, long task, int thread) {
    const Gradient *g = context;
    long C = g->shape->channels, blocks = (C + VL - 1) / VL;
    long group = task % g->groups, range = task / g->groups;
    long from = blocks * group / g->groups * VL, to = smaller_of(blocks * (group + 1) / g->groups * VL, C);
    long begin = g->tiles * range / g->ranges, end = g->tiles * (range + 1) / g->ranges;
    float *v = scratch(thread, SLOT_INPUT, sizeof(float) * PLANES * g->v_plane);
    float *y = scratch(thread, SLOT_GRADIENT, sizeof(float) * PLANES * g->y_plane);
    float *du = g->du + range * PLANES * C * g->columns;
    for (long t = begin; t < end; t += g->at_once) {
        long count = smaller_of(g->at_once, end - t);
        tiles_to_planes(g, t, t + count, from, to - from, v, y);
        for (long p = 0; p < PLANES; p++)
            for (long c = from, rows; c < to; c += rows) {
                rows = next_rows(to - c);
                for (long f = 0; f < g->columns; f += PANEL) {
                    Product product = {.a = v + p * g->v_plane + c - from, .a_step = g->v_row, .segments = 1,
                                       .length = count, .b = y + p * g->y_plane + f, .b_step = g->y_row};
                    columns_tile((int)rows, product, du + (p * C + c) * g->columns + f, g->columns, t > begin);
                }
            }
    }
}

enum { AHEAD = 8 * LINE };  /* 36 streams are more than the processor follows by itself */

/* G' dU G for one channel, dU summed over the ranges of tiles. */
static void finish_filters_of_channel(void *context, long c, int thread) {
    (void)thread;
    const Gradient *g = context;
    long C = g->shape->channels, F = g->shape->filters, range_size = PLANES * C * g->columns;
    for (long f = 0; f < F; f += VL) {
        Vector half[3][PATCH] = {};
        for (int i = 0; i < PATCH; i++)
            for (int j = 0; j < PATCH; j++) {
                Vector u = {};
                for (long r = 0; r < g->ranges; r++) {
                    const float *du = g->du + r * range_size + ((i * PATCH + j) * C + c) * g->columns + f;
                    __builtin_prefetch(du + AHEAD);
                    u += load(du);
                }
                UNROLL for (int a = 0; a < 3; a++) half[a][j] += G[i][a] * u;
            }
        UNROLL for (int a = 0; a < 3; a++)
            UNROLL for (int b = 0; b < 3; b++) {
                Vector sum = {};
                UNROLL for (int j = 0; j < PATCH; j++) sum += G[j][b] * half[a][j];
                store_part(g->dw + ((a * 3 + b) * C + c) * F + f, sum, F - f);
            }
    }
}

static long largest_divisor(long n, long at_most) {
    long divisor = at_most < 1 ? 1 : smaller_of(at_most, n);
    while (n % divisor) divisor--;
    return divisor;
}

/* Tiles transformed at a time: as many as the second-level cache holds (WORKING_SET floats of V and dY), but where dU itself
   is larger than that, enough that it is not read and written too often. */
enum { WORKING_SET = 220 * 1024, LEAST_TILES = 32, LEAST_TILES_LARGE = 128, LARGE_FILTERS = 1 << 16 };

void nndl_winograd_weight_gradient(const Shape *s, const float *x, const float *dy, float *dw) {
    Gradient g = {.shape = s, .tiling = tiling_of(s), .x = x, .dy = dy, .dw = dw};
    g.nothing = pixel_of_zeros(s->channels > s->filters ? s->channels : s->filters);
    g.groups = largest_divisor(thread_count(), s->channels / GROUP);
    g.ranges = thread_count() / g.groups;
    g.tiles = s->images * g.tiling.in_image;
    g.columns = round_up(s->filters, PANEL);
    long blocks = (s->channels + VL - 1) / VL;
    g.v_row = odd_lines((blocks + g.groups - 1) / g.groups * VL);
    g.y_row = odd_lines(g.columns);
    g.at_once = WORKING_SET / (PLANES * (g.v_row + g.y_row));
    long least = s->channels * s->filters >= LARGE_FILTERS ? LEAST_TILES_LARGE : LEAST_TILES;
    g.at_once = smaller_of(g.at_once < least ? least : g.at_once, (g.tiles + g.ranges - 1) / g.ranges);
    g.v_plane = odd_lines(g.at_once * g.v_row);
    g.y_plane = odd_lines(g.at_once * g.y_row);
    g.du = scratch(SHARED, SLOT_FILTERS, sizeof(float) * g.ranges * PLANES * s->channels * g.columns);
    if (g.tiles < g.ranges) g.ranges = 1;
    share(gradient_task, &g, g.groups * g.ranges);
    share(finish_filters_of_channel, &g, s->channels);
}
