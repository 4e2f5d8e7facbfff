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

/* A dy A' of one tile for up to VL filters from f; v is where they go in plane 0. */
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
        UNROLL for (int i = 0; i < PATCH; i++) store(v + (i * PATCH + j) * plane, column[i]);
    }
}

/* The same for all filters: panels lie `panel` floats apart. */
static __attribute__((noinline)) void gradient_to_planes(const float *pixels[OUT * OUT], long filters, float *v, long plane,
                                                         long panel) {
    long f = 0;
    for (; f + VL <= filters; f += VL) gradient_vector(pixels, f, VL, v + f / PANEL * panel + f % PANEL, plane);
    if (f < filters) gradient_vector(pixels, f, filters - f, v + f / PANEL * panel + f % PANEL, plane);
}

/* Where the outputs of a panel go, and what is done to them on the way. */
typedef struct {
    float *y;
    long row, pixel, count;  /* floats from row to row, from pixel to pixel; filters that there are */
    int relu, streams;       /* streams: whole lines, written past the cache */
    Vector bias[PANEL / VL];
    Vector *sums;            /* (2, PANEL / VL): the sums of y and y squared are added to, if not NULL */
} Output;

/* A' m A of one tile and a panel of filters, to as many of 4 x 4 pixels of y as `rows` and `columns` leave. */
ALWAYS_INLINE void tile_panel(const float *m, long plane, const Output *out, long row, long column, long rows, long columns,
                              const int whole) {
    for (long f = 0; f < PANEL / VL; f++) {
        if (!whole && f * VL >= out->count) break;
        Vector half[OUT][PATCH], sum = {}, squares = {};
        UNROLL for (int j = 0; j < PATCH; j++) {
            Vector line[PATCH];
            UNROLL for (int i = 0; i < PATCH; i++) line[i] = load(m + (i * PATCH + j) * plane + f * VL);
            transform_product(line);
            UNROLL for (int i = 0; i < OUT; i++) half[i][j] = line[i];
        }
        UNROLL for (int i = 0; i < OUT; i++) {
            transform_product(half[i]);
            UNROLL for (int j = 0; j < OUT; j++) {
                if (!whole && (i >= rows || j >= columns)) continue;
                Vector v = half[i][j] + out->bias[f];
                if (out->relu) v = larger(v, (Vector){});
                sum += v, squares += v * v;
                float *y = out->y + (row + i) * out->row + (column + j) * out->pixel + f * VL;
                if (!whole) store_part(y, v, out->count - f * VL);
                else if (out->streams) stream(y, v);
                else store(y, v);
            }
        }
        if (out->sums) out->sums[f] += sum, out->sums[PANEL / VL + f] += squares;
    }
}

/* The same; whole tiles of whole panels have code without branches. */
static __attribute__((noinline)) void planes_to_tile(const float *m, long plane, const Output *out, long row, long column,
                                                     long rows, long columns) {
    if (rows >= OUT && columns >= OUT && out->count == PANEL) tile_panel(m, plane, out, row, column, OUT, OUT, 1);
    else tile_panel(m, plane, out, row, column, rows, columns, 0);
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

static void planes_to_images(const Forward *f, const float *m, Output out, long images) {
    const Shape *s = f->shape;
    for (long n = 0; n < images; n++, out.y += s->out_height * out.row)
        for (long t = 0; t < f->tiling.in_image; t++, m += PANEL) {
            long top = t / f->tiling.across * OUT, left = t % f->tiling.across * OUT;
            planes_to_tile(m, f->m_plane, &out, top, left, s->out_height - top, s->out_width - left);
        }
}

/* Outputs that are not pooled go where they are wanted at once: to memory past the cache, if they are too many to be found in
   it again. */
static void write_panel(const Forward *f, const float *m, Block block, float *sums) {
    const Shape *s = f->shape;
    const Finish *finish = f->finish;
    Vector totals[2 * PANEL / VL] = {};
    Output out = {.y = finish->y + block.first * s->out_height * s->out_width * s->filters + block.from,
                  .row = s->out_width * s->filters, .pixel = s->filters, .count = block.count,
                  .relu = finish->relu != 0, .sums = finish->sums ? totals : NULL};
    out.streams = writes_past_cache(s, out.y);
    for (long c = 0; finish->bias && c < block.count; c += VL)
        out.bias[c / VL] = load_part(finish->bias + block.from + c, block.count - c);
    planes_to_images(f, m, out, block.last - block.first);
    finish_streaming();
    for (long c = 0; finish->sums && c < block.count; c += VL) {
        store_part(sums + block.from + c, totals[c / VL], block.count - c);
        store_part(sums + s->filters + block.from + c, totals[PANEL / VL + c / VL], block.count - c);
    }
}

static void forward_block(void *context, long task, int thread) {
    const Forward *f = context;
    const Shape *s = f->shape;
    long first = task * f->images, last = smaller_of(first + f->images, s->images);
    float *v = scratch(thread, SLOT_INPUT, sizeof(float) * PLANES * f->v_plane);
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * PLANES * f->m_plane);
    float *y = scratch(thread, SLOT_OUTPUT, sizeof(float) * f->images * s->out_height * s->out_width * PANEL);
    float *sums = f->sums + task * 2 * s->filters;
    images_to_planes(f, first, last, v);
    for (long panel = 0; panel < f->panels; panel++) {
        long from = panel * PANEL;
        multiply_planes(f, v, panel, (last - first) * f->tiling.in_image, m);
        Block block = {.y = y, .first = first, .last = last, .from = from, .count = smaller_of(PANEL, s->filters - from)};
        if (f->finish->pool) {
            planes_to_images(f, m, (Output){.y = y, .row = s->out_width * PANEL, .pixel = PANEL, .count = PANEL}, last - first);
            finish_block(s, f->finish, block, sums);
        } else {
            write_panel(f, m, block, sums);
        }
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
    float *du;                        /* (ranges, 36, panels, C, 2 VL) */
    float *dw;
    float *v, *y;                     /* of the tiles at hand, where all threads share them */
    long tiles, ranges, at_once;      /* in all; each with a dU of its own; transformed at a time */
    long first, count;                /* the tiles at hand */
    long panels, v_row, v_plane, y_panel, y_plane;
} Gradient;

/* Tiles `first` up to `last` to V and Y, where V begins with tile `origin`. */
static void tiles_to_planes(const Gradient *g, long origin, long first, long last, float *v, float *y) {
    const Shape *s = g->shape;
    for (long t = first; t < last; t++) {
        long n = t / g->tiling.in_image, place = t % g->tiling.in_image;
        long top = place / g->tiling.across * OUT, left = place % g->tiling.across * OUT;
        const float *pixels[PLANES];
        Source image = {s->height * s->width * s->channels * n + g->x, g->nothing, s->height, s->width, s->channels};
        prefetch_tile(image, g->tiling, place + g->tiling.across);
        find_pixels(image, top - s->pad, left - s->pad, PATCH, pixels);
        patch_to_planes(pixels, s->channels, v + (t - origin) * g->v_row, g->v_plane);
        Source gradient = {g->dy + s->out_height * s->out_width * s->filters * n, g->nothing, s->out_height, s->out_width,
                           s->filters};
        prefetch_tile(gradient, g->tiling, place + g->tiling.across);
        find_pixels(gradient, top, left, OUT, pixels);
        gradient_to_planes(pixels, s->filters, y + (t - origin) * PANEL, g->y_plane, g->y_panel);
    }
}

/* dU[p] = or += V[p]' Y[p] over `count` tiles, for channels `from` up to `to`. */
static void multiply_plane(const Gradient *g, long p, long from, long to, long count, const float *v, const float *y,
                           float *du, int accumulate) {
    for (long panel = 0; panel < g->panels; panel++)
        for (long c = from, rows; c < to; c += rows) {
            rows = next_rows(to - c);
            Product product = {.a = v + p * g->v_plane + c, .a_step = g->v_row, .segments = 1, .length = count,
                               .b = y + p * g->y_plane + panel * g->y_panel, .b_step = PANEL};
            float *tile = du + ((p * g->panels + panel) * g->shape->channels + c) * PANEL;
            columns_tile((int)rows, product, tile, PANEL, accumulate);
        }
}

/* Small dU: a thread adds a range of tiles up in a dU of its own. */
static void range_task(void *context, long range, int thread) {
    const Gradient *g = context;
    long C = g->shape->channels, begin = g->tiles * range / g->ranges, end = g->tiles * (range + 1) / g->ranges;
    float *v = scratch(thread, SLOT_INPUT, sizeof(float) * PLANES * g->v_plane);
    float *y = scratch(thread, SLOT_GRADIENT, sizeof(float) * PLANES * g->y_plane);
    float *du = g->du + range * PLANES * C * g->panels * PANEL;
    for (long t = begin; t < end; t += g->at_once) {
        long count = smaller_of(g->at_once, end - t);
        tiles_to_planes(g, t, t, t + count, v, y);
        for (long p = 0; p < PLANES; p++) multiply_plane(g, p, 0, C, count, v, y, du, t > begin);
    }
}

/* Large dU: all threads transform the tiles at hand, then all multiply them, a plane and a group of channels at a time. */
enum { TRANSFORM = 32 };  /* tiles: an image or two, so that what is asked for ahead is asked for by who needs it */

static void transform_task(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long from = g->first + task * TRANSFORM, to = smaller_of(from + TRANSFORM, g->first + g->count);
    tiles_to_planes(g, g->first, from, to, g->v, g->y);
}

static void plane_task(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long C = g->shape->channels, groups = (C + GROUP - 1) / GROUP, group = task % groups;
    multiply_plane(g, task / groups, C * group / groups, C * (group + 1) / groups, g->count, g->v, g->y, g->du, g->first > 0);
}

static void add_up_together(Gradient *g) {
    g->v = scratch(SHARED, SLOT_INPUT, sizeof(float) * PLANES * g->v_plane);
    g->y = scratch(SHARED, SLOT_GRADIENT, sizeof(float) * PLANES * g->y_plane);
    long groups = (g->shape->channels + GROUP - 1) / GROUP;
    for (g->first = 0; g->first < g->tiles; g->first += g->count) {
        g->count = smaller_of(g->at_once, g->tiles - g->first);
        share(transform_task, g, (g->count + TRANSFORM - 1) / TRANSFORM);
        share(plane_task, g, PLANES * groups);
    }
}

/* G' dU G for some channels and a panel of filters, dU summed over the ranges of tiles. */
enum { FINISHED = 16, AHEAD = 8 * LINE };  /* channels; 36 streams are more than the processor follows by itself */

static void finish_filters(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long C = g->shape->channels, F = g->shape->filters, plane = g->panels * C * PANEL, panel = task % g->panels;
    long from = task / g->panels * FINISHED, to = smaller_of(from + FINISHED, C), last = smaller_of(F, (panel + 1) * PANEL);
    for (long c = from; c < to; c++)
        for (long f = panel * PANEL; f < last; f += VL) {
            const float *du = g->du + (panel * C + c) * PANEL + f % PANEL;
            Vector half[3][PATCH] = {};
            for (int i = 0; i < PATCH; i++)
                for (int j = 0; j < PATCH; j++, du += plane) {
                    __builtin_prefetch(du + AHEAD);
                    Vector u = {};
                    for (long r = 0; r < g->ranges; r++) u += load(du + r * PLANES * plane);
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

/* A dU for each thread, if they are no more than SMALL floats together. Tiles transformed at a time: with a dU each as many as
   the second-level cache holds (WORKING_SET floats of V and Y), together enough that dU is not read and written too often. */
enum { SMALL = 5 << 19, WORKING_SET = 220 * 1024, LEAST_TILES = 32, TILES_TOGETHER = 256 };

void nndl_winograd_weight_gradient(const Shape *s, const float *x, const float *dy, float *dw) {
    Gradient g = {.shape = s, .tiling = tiling_of(s), .x = x, .dy = dy, .dw = dw};
    g.nothing = pixel_of_zeros(s->channels > s->filters ? s->channels : s->filters);
    g.tiles = s->images * g.tiling.in_image;
    g.panels = (s->filters + PANEL - 1) / PANEL;
    g.v_row = odd_lines(s->channels);
    long u_size = PLANES * s->channels * g.panels * PANEL, tile_size = PLANES * (g.v_row + g.panels * PANEL);
    int small = thread_count() * u_size <= SMALL;
    g.ranges = small && g.tiles >= thread_count() ? thread_count() : 1;
    g.at_once = small ? WORKING_SET / tile_size : TILES_TOGETHER;
    if (g.at_once < LEAST_TILES) g.at_once = LEAST_TILES;
    g.at_once = smaller_of(g.at_once, (g.tiles + g.ranges - 1) / g.ranges);
    g.v_plane = odd_lines(g.at_once * g.v_row);
    g.y_panel = odd_lines(g.at_once * PANEL);
    g.y_plane = odd_lines(g.panels * g.y_panel);
    g.du = scratch(SHARED, SLOT_FILTERS, sizeof(float) * g.ranges * u_size);
    if (small) share(range_task, &g, g.ranges);
    else add_up_together(&g);
    share(finish_filters, &g, (s->channels + FINISHED - 1) / FINISHED * g.panels);
}
