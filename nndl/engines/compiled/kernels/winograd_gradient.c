/* The weight gradient of a 3 x 3 convolution of stride 1 by Winograd's F(4 x 4, 3 x 3); winograd.h has the algorithm.

   dU[p] (C, F) = sum over tiles of V[p]' Y[p], with V = B' d B and Y = A dy A', then dw = G' dU G.

   Loop order. Some tiles at a time are transformed, then dU[p] is added to, plane by plane: a panel of Y (tiles x 2 VL) in the
   first-level cache, tiles of TILE_ROWS channels of dU in registers. Where dU is small, each thread does so with a range of
   tiles and a dU of its own, in its second-level cache. Where it is large, all threads transform the tiles at hand
   into memory they share, and then take a plane and a group of channels each: no tile is transformed twice, and there is one
   dU. Either way sums have one order for a given number of threads. Where dy comes through a pooling, it is made for a few
   images at a time in the cache. */

#include "unpool.h"
#include "winograd.h"

/* The tiles at hand: `count` tiles from number `first` of some images, which begin at x and dy. */
typedef struct { Tiling tiling; long image, images, first, count; const float *x, *dy; } Batch;

typedef struct {
    const Shape *shape;
    const Unpool *unpool;           /* where there is no dy */
    const float *x, *dy, *nothing;
    float *du;                      /* (ranges, 36, panels, C, 2 VL) */
    float *dw;
    float *v, *y;                   /* of the tiles at hand, where all threads share them */
    Batch batch;
    int accumulate;
    long images, at_once, ranges;   /* images cut into tiles together, tiles transformed at a time, dUs */
    long panels, v_row, v_plane, y_panel, y_plane;
} Gradient;

/* A dy A' of one tile for up to VL filters from f; v is where they go in plane 0. */
ALWAYS_INLINE void gradient_vector(const float *pixels[OUT * OUT], long f, long count, float *v, long plane, const int tall,
                                   const int wide) {
    const int rows = tall ? OUT : SHORT_OUT, columns = wide ? OUT : SHORT_OUT;
    Vector half[OUT][PATCH];
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < columns; j++) half[i][j] = load_part(pixels[i * OUT + j] + f, count);
        transform_gradient(half[i], wide);
    }
    UNROLL for (int j = 0; j < PATCH; j++) {
        if (!wide && j == LEFT_OUT) continue;
        Vector column[PATCH];
        UNROLL for (int i = 0; i < rows; i++) column[i] = half[i][j];
        transform_gradient(column, tall);
        UNROLL for (int i = 0; i < PATCH; i++)
            if (tall || i != LEFT_OUT) store(v + (i * PATCH + j) * plane, column[i]);
    }
}

/* The same for all filters: panels lie `panel` floats apart. */
static __attribute__((noinline)) void gradient_to_planes(Source dy, Tile tile, long filters, float *v, long plane, long panel) {
    const float *pixels[OUT * OUT];
    find_pixels(dy, tile.top, tile.left, OUT, pixels);
#define CALL(tall, wide) \
    for (long f = 0; f < filters; f += VL) { \
        float *to = v + f / PANEL * panel + f % PANEL; \
        if (f + VL <= filters) gradient_vector(pixels, f, VL, to, plane, tall, wide); \
        else gradient_vector(pixels, f, filters - f, to, plane, tall, wide); \
    }
    WITH_TILE(tile, CALL);
#undef CALL
}

/* Tiles `from` up to `to` of a batch to V and Y. */
static void tiles_to_planes(const Gradient *g, const Batch *batch, long from, long to, float *v, float *y) {
    const Shape *s = g->shape;
    for (long t = from; t < to; t++) {
        Tile tile = tile_at(&batch->tiling, batch->first + t);
        long n = tile.image, below = tile.place + batch->tiling.across;
        Source image = {batch->x + s->height * s->width * s->channels * n, g->nothing, s->height, s->width, s->channels};
        prefetch_tile(image, &batch->tiling, below);
        patch_to_planes(image, tile, s->pad, s->channels, v + t * g->v_row, g->v_plane);
        Source dy = {batch->dy + s->out_height * s->out_width * s->filters * n, g->nothing, s->out_height, s->out_width,
                     s->filters};
        prefetch_tile(dy, &batch->tiling, below);
        gradient_to_planes(dy, tile, s->filters, y + t * PANEL, g->y_plane, g->y_panel);
    }
}

/* dU[p] = or += V[p]' Y[p] for channels `from` up to `to`, over those of a batch's tiles that have this plane. */
static void multiply_plane(const Gradient *g, const Batch *batch, long p, long from, long to, const float *v, const float *y,
                           float *du, int accumulate) {
    Range tiles = tiles_in_plane(&batch->tiling, p);
    long begin = tiles.from > batch->first ? tiles.from - batch->first : 0;
    long end = smaller_of(tiles.to - batch->first, batch->count);
    if (begin >= end && accumulate) return;
    for (long panel = 0; panel < g->panels; panel++)
        for (long c = from, rows; c < to; c += rows) {
            rows = next_rows(to - c);
            Product product = {.a = v + p * g->v_plane + begin * g->v_row + c, .a_step = g->v_row, .segments = 1,
                               .length = end - begin, .b = y + p * g->y_plane + panel * g->y_panel + begin * PANEL,
                               .b_step = PANEL};
            float *tile = du + ((p * g->panels + panel) * g->shape->channels + c) * PANEL;
            columns_tile((int)rows, product, tile, PANEL, accumulate);
        }
}

static long pixels_of_image(const Gradient *g) { return g->shape->out_height * g->shape->out_width * g->shape->filters; }

/* Images cut into tiles together, number `set` of them; `room` is for their dy, where it comes through a pooling. */
static Batch batch_of(const Gradient *g, long set, const float *room) {
    const Shape *s = g->shape;
    long image = set * g->images, images = smaller_of(g->images, s->images - image);
    return (Batch){.tiling = tiling_of(s, images), .image = image, .images = images,
                   .x = g->x + image * s->height * s->width * s->channels,
                   .dy = g->dy ? g->dy + image * pixels_of_image(g) : room};
}

static float *room_for_dy(const Gradient *g, int owner) {
    return g->dy ? NULL : scratch(owner, SLOT_DY, sizeof(float) * g->images * pixels_of_image(g));
}

/* The next tiles of a batch; 0 when there are no more. */
static int next_tiles(const Gradient *g, Batch *batch) {
    batch->first += batch->count;
    batch->count = smaller_of(g->at_once, batch->tiling.begin[4] - batch->first);
    return batch->count > 0;
}

static long sets_of(const Gradient *g) { return (g->shape->images + g->images - 1) / g->images; }

/* Small dU: a thread adds a range of images up in a dU of its own. */
static void range_task(void *context, long range, int thread) {
    const Gradient *g = context;
    long C = g->shape->channels, sets = sets_of(g), begin = sets * range / g->ranges, end = sets * (range + 1) / g->ranges;
    float *v = scratch(thread, SLOT_PATCHES, sizeof(float) * PLANES * g->v_plane);
    float *y = scratch(thread, SLOT_GRADIENT, sizeof(float) * PLANES * g->y_plane);
    float *du = g->du + range * PLANES * C * g->panels * PANEL;
    float *dy = room_for_dy(g, thread);
    int accumulate = 0;
    for (long set = begin; set < end; set++) {
        Batch batch = batch_of(g, set, dy);
        for (long n = 0; dy && n < batch.images; n++) unpool_image(g->unpool, batch.image + n, dy + n * pixels_of_image(g));
        for (; next_tiles(g, &batch); accumulate = 1) {
            tiles_to_planes(g, &batch, 0, batch.count, v, y);
            for (long p = 0; p < PLANES; p++) multiply_plane(g, &batch, p, 0, C, v, y, du, accumulate);
        }
    }
}

enum { TRANSFORM = 32, GROUP = 64 };  /* tiles, an image or two, so that what is asked for ahead is asked for by who needs it */

static void transform_task(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    tiles_to_planes(g, &g->batch, task * TRANSFORM, smaller_of((task + 1) * TRANSFORM, g->batch.count), g->v, g->y);
}

static void plane_task(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long C = g->shape->channels, groups = (C + GROUP - 1) / GROUP, group = task % groups;
    long from = C * group / groups, to = C * (group + 1) / groups;
    multiply_plane(g, &g->batch, task / groups, from, to, g->v, g->y, g->du, g->accumulate);
}

static void unpool_task(void *context, long n, int thread) {
    (void)thread;
    const Gradient *g = context;
    unpool_image(g->unpool, g->batch.image + n, room_for_dy(g, SHARED) + n * pixels_of_image(g));
}

static void add_up_together(Gradient *g) {
    g->v = scratch(SHARED, SLOT_PATCHES, sizeof(float) * PLANES * g->v_plane);
    g->y = scratch(SHARED, SLOT_GRADIENT, sizeof(float) * PLANES * g->y_plane);
    long groups = (g->shape->channels + GROUP - 1) / GROUP;
    float *dy = room_for_dy(g, SHARED);
    for (long set = 0; set < sets_of(g); set++) {
        g->batch = batch_of(g, set, dy);
        if (dy) share(unpool_task, g, g->batch.images);
        for (; next_tiles(g, &g->batch); g->accumulate = 1) {
            share(transform_task, g, (g->batch.count + TRANSFORM - 1) / TRANSFORM);
            share(plane_task, g, PLANES * groups);
        }
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

/* dw from dy or, where that is NULL, from pooled gradients. */
void nndl_winograd_weight_gradient(const Shape *s, const float *x, const float *dy, const Unpool *unpool, float *dw) {
    Gradient g = {.shape = s, .x = x, .dy = dy, .unpool = unpool, .dw = dw};
    g.nothing = pixel_of_zeros(s->channels > s->filters ? s->channels : s->filters);
    g.panels = (s->filters + PANEL - 1) / PANEL;
    g.v_row = odd_lines(s->channels);
    long u_size = PLANES * s->channels * g.panels * PANEL, tile_size = PLANES * (g.v_row + g.panels * PANEL);
    int small = thread_count() * u_size <= SMALL;
    long wanted = small ? WORKING_SET / tile_size : TILES_TOGETHER, in_image = tiling_of(s, 1).in_image;
    if (wanted < LEAST_TILES) wanted = LEAST_TILES;
    g.ranges = small ? smaller_of(thread_count(), s->images) : 1;
    g.images = smaller_of((wanted + in_image - 1) / in_image, (s->images + g.ranges - 1) / g.ranges);
    g.ranges = smaller_of(g.ranges, sets_of(&g));
    long tiles = g.images * in_image, batches = (tiles + wanted - 1) / wanted;
    g.at_once = (tiles + batches - 1) / batches;
    g.v_plane = odd_lines(g.at_once * g.v_row);
    g.y_panel = odd_lines(g.at_once * PANEL);
    g.y_plane = odd_lines(g.panels * g.y_panel);
    g.du = scratch(SHARED, SLOT_PARTS, sizeof(float) * g.ranges * u_size);
    if (small) share(range_task, &g, g.ranges);
    else add_up_together(&g);
    share(finish_filters, &g, (s->channels + FINISHED - 1) / FINISHED * g.panels);
}
