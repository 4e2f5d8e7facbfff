/* The weight gradient of a 3 x 3 convolution of stride 1 by Winograd's tiles; winograd.h has the algorithm.

   dU[p] (C, F) = sum over tiles of V[p]' Y[p], with V = B' d B and Y = A dy A', then dw = G' dU G.

   Loop order. Some tiles at a time are transformed, then dU[p] is added to, plane by plane: a panel of Y (tiles x 2 VL) in the
   first-level cache, tiles of TILE_ROWS channels of dU in registers. Where dU is small, each thread does so with a range of
   tiles and a dU of its own, in its second-level cache. Where it is large, all threads transform the tiles at hand
   into memory they share, and then take a part of a plane each: no tile is transformed twice, and there is one
   dU. Either way sums have one order for a given number of threads. Where dy comes through a pooling, it is made for a few
   images at a time in the cache. */

#pragma once

#include "unpool.h"
#include "winograd.h"

/* The tiles at hand: `count` tiles from number `first` of some images, which begin at x and dy; a tile is one of as many images as
   lie in a word. */
typedef struct { Tiling tiling; long image, images, first, count; const float *x, *dy; } Batch;

typedef struct {
    const Shape *shape;
    const Unpool *unpool;           /* where there is no dy */
    const float *x, *dy, *nothing;
    float *du;                      /* (ranges, planes, panels, C, 2 VL) */
    float *dw;
    float *v, *y;                   /* of the tiles at hand, where all threads share them */
    Batch batch;
    int accumulate;
    long images, at_once, ranges;   /* images cut into tiles together, tiles transformed at a time, dUs */
    Tiling tiling;                  /* of any number of images */
    long groups, pieces;            /* of channels and of panels, in a plane that all threads share */
    long panels, v_row, v_plane, y_panel, y_plane;
} Gradient;

/* A dy along row i of a tile, for up to VL filters from f. */
ALWAYS_INLINE void gradient_row(const float *pixels[], long f, long count, int i, const int columns, Vector half[][PATCH]) {
    UNROLL for (int j = 0; j < columns; j++) half[i][j] = load_part(pixels[i * PATCH + j] + f, count);
    transform_gradient(half[i], columns);
}

/* The same down column j of them: plane p goes to v[p * plane]. */
ALWAYS_INLINE void gradient_column(Vector half[][LARGEST][PATCH], const Tiling *t, const int rows, int j, int columns, float *v,
                                   long plane) {
    Vector column[IMAGES][PATCH];
    v += place_of(j, columns, &t->across) * plane;
    UNROLL for (int n = 0; n < IMAGES; n++) {
        UNROLL for (int i = 0; i < rows; i++) column[n][i] = half[n][i][j];
        transform_gradient(column[n], rows);
    }
    UNROLL for (int i = 0; i < rows + 2; i++) {
        Vector values[IMAGES];
        UNROLL for (int n = 0; n < IMAGES; n++) values[n] = column[n][i];
        store(v + place_of(i, rows, &t->down) * t->width * plane, to_words(values, IMAGES));
    }
}

/* Both for a tile whose sizes the compiler knows, and for any other. */
ALWAYS_INLINE void gradient_known(const float *pixels[][PATCH * PATCH], long f, long count, const Tiling *t, const int rows,
                                  const int columns, float *v, long plane) {
    Vector half[IMAGES][LARGEST][PATCH];
    UNROLL for (int n = 0; n < IMAGES; n++)
        UNROLL for (int i = 0; i < rows; i++) gradient_row(pixels[n], f, count, i, columns, half[n]);
    UNROLL for (int j = 0; j < columns + 2; j++) gradient_column(half, t, rows, j, columns, v, plane);
}

ALWAYS_INLINE void gradient_any(const float *pixels[][PATCH * PATCH], long f, long count, const Tiling *t, Tile tile, float *v,
                                long plane) {
    Vector half[IMAGES][LARGEST][PATCH];
#define ROWS(size) for (int i = 0; i < tile.rows; i++) gradient_row(pixels[n], f, count, i, size, half[n])
#define COLUMNS(size) for (int j = 0; j < tile.columns + 2; j++) gradient_column(half, t, size, j, tile.columns, v, plane)
    for (int n = 0; n < IMAGES; n++) WITH_SIZE(tile.columns, ROWS);
    WITH_SIZE(tile.rows, COLUMNS);
#undef ROWS
#undef COLUMNS
}

/* A dy A' of one tile for all filters, of as many images as lie in a word: panels lie `panel` words apart. */
static __attribute__((noinline)) void gradient_to_planes(const Source dy[], const Tiling *t, const Tile *place, long filters,
                                                         float *v, long plane, long panel) {
    Tile tile = *place;
    const float *pixels[IMAGES][PATCH * PATCH];
    for (int n = 0; n < IMAGES; n++) find_pixels(dy[n], tile.top, tile.left, tile.rows, tile.columns, pixels[n]);
#define CALL(rows, columns) \
    for (long f = 0; f < filters; f += VL) { \
        float *to = v + f / PANEL * panel + f % PANEL; \
        if (f + VL <= filters) gradient_known(pixels, f, VL, t, rows, columns, to, plane); \
        else gradient_known(pixels, f, filters - f, t, rows, columns, to, plane); \
    }
#define OTHER \
    for (long f = 0; f < filters; f += VL) \
        gradient_any(pixels, f, filters - f, t, tile, v + f / PANEL * panel + f % PANEL, plane)
    WITH_TILE(tile, CALL, OTHER);
#undef CALL
#undef OTHER
}

/* Image `n` of a batch, of which there are `images` one behind the other, or nothing but zeros behind the last. */
static Source image_of(const float *images, const Gradient *g, const Batch *batch, long n, long height, long width, long pixel) {
    if (n >= batch->images) return (Source){images, g->nothing, 0, 0, pixel};
    return (Source){images + height * width * pixel * n, g->nothing, height, width, pixel};
}

/* Tiles `from` up to `to` of a batch to V and Y. */
static void tiles_to_planes(const Gradient *g, const Batch *batch, long from, long to, float *v, float *y) {
    const Shape *s = g->shape;
    for (long t = from; t < to; t++) {
        Tile tile = tile_at(&batch->tiling, batch->first + t);
        long below = tile.place + batch->tiling.across.count;
        Source x[IMAGES], dy[IMAGES];
        for (int k = 0; k < IMAGES; k++) {
            long n = tile.image * IMAGES + k;
            x[k] = image_of(batch->x, g, batch, n, s->height, s->width, s->channels);
            dy[k] = image_of(batch->dy, g, batch, n, s->out_height, s->out_width, s->filters);
            prefetch_tile(x[k], &batch->tiling, below);
        }
        patch_to_planes(x, &batch->tiling, &tile, s->pad, s->channels, v + t * g->v_row, g->v_plane);
        for (int k = 0; k < IMAGES; k++) prefetch_tile(dy[k], &batch->tiling, below);
        gradient_to_planes(dy, &batch->tiling, &tile, s->filters, y + t * PANEL, g->y_plane, g->y_panel);
    }
}

/* dU[p] = or += V[p]' Y[p] for some channels and panels, over those of a batch's tiles that have this plane. */
static void multiply_plane(const Gradient *g, const Batch *batch, long p, Range channels, Range panels, const float *v,
                           const float *y, float *du, int accumulate) {
    Range tiles = tiles_in_plane(&batch->tiling, p);
    long begin = tiles.from > batch->first ? tiles.from - batch->first : 0;
    long end = smaller_of(tiles.to - batch->first, batch->count);
    if (begin >= end && accumulate) return;
    for (long panel = panels.from; panel < panels.to; panel++)
        for (long c = channels.from, rows; c < channels.to; c += rows) {
            rows = next_rows(channels.to - c);
            Product product = {.a = v + p * g->v_plane + begin * g->v_row + c, .a_step = g->v_row, .segments = 1,
                               .length = end - begin, .b = y + p * g->y_plane + panel * g->y_panel + begin * PANEL,
                               .b_step = PANEL, .narrow = is_narrow(g->shape, panel)};
            float *tile = du + ((p * g->panels + panel) * g->shape->channels + c) * PANEL;
            words_in_columns((int)rows, product, tile, PANEL, accumulate);
        }
}

static long pixels_of_image(const Gradient *g) { return g->shape->out_height * g->shape->out_width * g->shape->filters; }

/* Images cut into tiles together, number `set` of them; `room` is for their dy, where it comes through a pooling. */
static Batch batch_of(const Gradient *g, long set, const float *room) {
    const Shape *s = g->shape;
    long image = set * g->images, images = smaller_of(g->images, s->images - image);
    return (Batch){.tiling = tiling_of(s, words_of(images, IMAGES)), .image = image, .images = images,
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
    Range channels = {0, g->shape->channels}, panels = {0, g->panels};
    long sets = sets_of(g), begin = sets * range / g->ranges, end = sets * (range + 1) / g->ranges;
    float *v = scratch(thread, SLOT_PATCHES, sizeof(float) * g->tiling.planes * g->v_plane);
    float *y = scratch(thread, SLOT_GRADIENT, sizeof(float) * g->tiling.planes * g->y_plane);
    float *du = g->du + range * g->tiling.planes * channels.to * g->panels * PANEL;
    float *dy = room_for_dy(g, thread);
    int accumulate = 0;
    for (long set = begin; set < end; set++) {
        Batch batch = batch_of(g, set, dy);
        for (long n = 0; dy && n < batch.images; n++) unpool_image(g->unpool, batch.image + n, dy + n * pixels_of_image(g));
        for (; next_tiles(g, &batch); accumulate = 1) {
            tiles_to_planes(g, &batch, 0, batch.count, v, y);
            for (long p = 0; p < g->tiling.planes; p++) multiply_plane(g, &batch, p, channels, panels, v, y, du, accumulate);
        }
    }
}

enum { TRANSFORM = 32, GROUP = 64, TASKS = 4 };  /* tiles; channels; tasks for each thread */

/* An image or two, so that what is asked for ahead is asked for by who needs it, but something for each thread. */
static long transformed_at_once(const Gradient *g) { return smaller_of(TRANSFORM, g->at_once / (2 * thread_count()) + 1); }

static void transform_task(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long tiles = transformed_at_once(g);
    tiles_to_planes(g, &g->batch, task * tiles, smaller_of((task + 1) * tiles, g->batch.count), g->v, g->y);
}

static Range part_of(long size, long part, long parts) { return (Range){size * part / parts, size * (part + 1) / parts}; }

static void plane_task(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long each = g->groups * g->pieces;
    Range channels = part_of(g->shape->channels, task % g->groups, g->groups);
    Range panels = part_of(g->panels, task % each / g->groups, g->pieces);
    multiply_plane(g, &g->batch, task / each, channels, panels, g->v, g->y, g->du, g->accumulate);
}

static void unpool_task(void *context, long n, int thread) {
    (void)thread;
    const Gradient *g = context;
    unpool_image(g->unpool, g->batch.image + n, room_for_dy(g, SHARED) + n * pixels_of_image(g));
}

static void add_up_together(Gradient *g) {
    g->v = scratch(SHARED, SLOT_PATCHES, sizeof(float) * g->tiling.planes * g->v_plane);
    g->y = scratch(SHARED, SLOT_GRADIENT, sizeof(float) * g->tiling.planes * g->y_plane);
    g->groups = (g->shape->channels + GROUP - 1) / GROUP;
    g->pieces = smaller_of(g->panels, TASKS * thread_count() / (g->tiling.planes * g->groups) + 1);
    long at_once = transformed_at_once(g);
    float *dy = room_for_dy(g, SHARED);
    for (long set = 0; set < sets_of(g); set++) {
        g->batch = batch_of(g, set, dy);
        if (dy) share(unpool_task, g, g->batch.images);
        for (; next_tiles(g, &g->batch); g->accumulate = 1) {
            share(transform_task, g, (g->batch.count + at_once - 1) / at_once);
            share(plane_task, g, g->tiling.planes * g->groups * g->pieces);
        }
    }
}

/* G' dU G for some channels and a panel of filters, dU summed over the ranges of tiles. */
enum { FINISHED = 16, AHEAD = 8 * LINE };  /* channels; a stream a plane is more than the processor follows by itself */

/* G' dU G of a vector of filters; `across`: the larger size of tiles along a row. */
ALWAYS_INLINE void finish_vector(const Gradient *g, const float *du, long plane, const int across, Vector dw[9]) {
    const Tiling *t = &g->tiling;
    Vector half[3][PATCH] = {};
    for (int i = 0; i < t->down.large + 2; i++) {
        const float *row = row_of_G(i, &t->down);
        UNROLL for (int j = 0; j < across + 2; j++, du += plane) {
            __builtin_prefetch(du + AHEAD);
            Vector u = {};
            for (long r = 0; r < g->ranges; r++) u += load(du + r * t->planes * plane);
            UNROLL for (int a = 0; a < 3; a++) half[a][j] += row[a] * u;
        }
    }
    UNROLL for (int a = 0; a < 3; a++)
        UNROLL for (int b = 0; b < 3; b++) {
            Vector sum = {};
            UNROLL for (int j = 0; j < across + 2; j++) sum += G[j <= across ? j : INFINITY_ROW][b] * half[a][j];
            dw[a * 3 + b] = sum;
        }
}

static void finish_filters(void *context, long task, int thread) {
    (void)thread;
    const Gradient *g = context;
    long C = g->shape->channels, F = g->shape->filters, plane = g->panels * C * PANEL, panel = task % g->panels;
    long from = task / g->panels * FINISHED, to = smaller_of(from + FINISHED, C), last = smaller_of(F, (panel + 1) * PANEL);
    for (long c = from; c < to; c++)
        for (long f = panel * PANEL; f < last; f += VL) {
            Vector dw[9];
#define CALL(size) finish_vector(g, g->du + (panel * C + c) * PANEL + f % PANEL, plane, size, dw)
            WITH_SIZE(g->tiling.across.large, CALL);
#undef CALL
            UNROLL for (int i = 0; i < 9; i++) store_part(g->dw + (i * C + c) * F + f, dw[i], F - f);
        }
}

/* A dU for each thread, or for two threads in three, if they are no more than SMALL floats together. Tiles transformed at a
   time: with a dU each as many as the second-level cache holds (WORKING_SET floats of V and Y), TOGETHER / planes enough that
   dU is not read and written too often. */
enum { SMALL = 5 << 19, WORKING_SET = 220 * 1024, LEAST_TILES = 32, TOGETHER = 256 * 36 };

/* dw from dy or, where that is NULL, from pooled gradients. */
static void weight_gradient(const Shape *s, const float *x, const float *dy, const Unpool *unpool, float *dw) {
    Gradient g = {.shape = s, .x = x, .dy = dy, .unpool = unpool, .dw = dw};
    g.nothing = pixel_of_zeros(s->channels > s->filters ? s->channels : s->filters);
    g.panels = (s->filters + PANEL - 1) / PANEL;
    g.v_row = odd_lines(s->channels);
    g.tiling = tiling_of(s, 1);
    long u_size = g.tiling.planes * s->channels * g.panels * PANEL, tile_size = g.tiling.planes * (g.v_row + g.panels * PANEL);
    long fitting = SMALL / u_size;
    int small = 3 * fitting >= 2 * thread_count();
    long words = words_of(s->images, IMAGES), wanted = small ? WORKING_SET / tile_size : TOGETHER / g.tiling.planes, in_image = g.tiling.in_image;
    if (wanted < LEAST_TILES) wanted = LEAST_TILES;
    g.ranges = small ? smaller_of(smaller_of(thread_count(), fitting), words) : 1;
    g.images = smaller_of((wanted + in_image - 1) / in_image, (words + g.ranges - 1) / g.ranges) * IMAGES;
    g.ranges = smaller_of(g.ranges, sets_of(&g));
    long tiles = words_of(g.images, IMAGES) * in_image, batches = (tiles + wanted - 1) / wanted;
    g.at_once = (tiles + batches - 1) / batches;
    g.v_plane = odd_lines(g.at_once * g.v_row);
    g.y_panel = odd_lines(g.at_once * PANEL);
    g.y_plane = odd_lines(g.panels * g.y_panel);
    g.du = scratch(SHARED, SLOT_PARTS, sizeof(float) * g.ranges * u_size);
    if (small) share(range_task, &g, g.ranges);
    else add_up_together(&g);
    share(finish_filters, &g, (s->channels + FINISHED - 1) / FINISHED * g.panels);
}
