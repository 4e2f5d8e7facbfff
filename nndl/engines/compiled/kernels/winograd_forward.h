/* 3 x 3 convolutions of stride 1 by Winograd's tiles, forward and input gradient; winograd.h has the algorithm.

   Loop order. A task is a block of whole images, or a band of a large one, about 64 tiles: their V, 36 x 64 x C floats, stays in the
   second-level cache for C up to 64 and near it above. For each panel of 2 VL filters: a product a plane on the panel of U
   (C x 2 VL a plane: first-level cache), then the panel's inverse transform, while the product is in the cache.
   U streams past once a block: 64 tiles are enough arithmetic to hide that.
   Outputs leave the registers of the inverse transform for where they are wanted, with bias, ReLU and statistics on the way.
   Only what is pooled goes through a block in the cache: windows of the pooling cross the tiles. Where dy comes through a
   pooling, a block of it is made in the cache too, and never written out in full. */

#pragma once

#include "activation.h"
#include "edge.h"
#include "unpool.h"
#include "winograd.h"

/* Tiles of a block; of large ones, which have more planes, as many as leave room for a panel's product and outputs in the cache. */
enum { TILES = 64, LARGE_TILES = 25, FEW_PLANES = 36 };

/* The place of the outputs of a panel, and what is done to them on the way. */
typedef struct {
    float *y;
    long image, row, pixel, count;  /* floats from image to image, ...; filters that there are */
    long height, width;
    int relu, streams;              /* streams: whole lines, written past the cache */
    Vector bias[PANEL / VL];
    Vector *sums;                   /* (2, PANEL / VL): the sums of y and y squared are added to, if not NULL */
} Output;

/* A' m down column j of a tile, for VL filters. */
ALWAYS_INLINE void product_column(const float *m, long plane, const Tiling *t, const int rows, int j, int columns,
                                  Vector half[][PATCH]) {
    Vector line[PATCH];
    m += place_of(j, columns, &t->across) * plane;
    UNROLL for (int i = 0; i < rows + 2; i++) line[i] = load(m + place_of(i, rows, &t->down) * t->width * plane);
    transform_product(line, rows);
    UNROLL for (int i = 0; i < rows; i++) half[i][j] = line[i];
}

/* The same along row i of them, for vector f of a panel, to as many of the tile's pixels as there are. */
ALWAYS_INLINE void product_row(Vector half[][PATCH], const Output *out, Tile tile, int i, long f, const int whole,
                               const int columns, Vector sums[2]) {
    transform_product(half[i], columns);
    UNROLL for (int j = 0; j < columns; j++) {
        if (!whole && (tile.top + i >= out->height || tile.left + j >= out->width)) continue;
        Vector v = half[i][j] + out->bias[f];
        if (out->relu) v = relu(v);
        sums[0] += v, sums[1] += v * v;
        float *y = out->y + tile.image * out->image + (tile.top + i) * out->row + (tile.left + j) * out->pixel + f * VL;
        if (!whole) store_part(y, v, out->count - f * VL);
        else if (out->streams) stream(y, v);
        else store(y, v);
    }
}

/* Both for a tile whose sizes the compiler knows, and for any other. */
ALWAYS_INLINE void product_known(const float *m, long plane, const Tiling *t, const Output *out, Tile tile, long f,
                                 const int whole, const int rows, const int columns, Vector sums[2]) {
    Vector half[LARGEST][PATCH];
    UNROLL for (int j = 0; j < columns + 2; j++) product_column(m, plane, t, rows, j, columns, half);
    UNROLL for (int i = 0; i < rows; i++) product_row(half, out, tile, i, f, whole, columns, sums);
}

ALWAYS_INLINE void product_any(const float *m, long plane, const Tiling *t, const Output *out, Tile tile, long f,
                               const int whole, Vector sums[2]) {
    Vector half[LARGEST][PATCH];
#define COLUMNS(size) for (int j = 0; j < tile.columns + 2; j++) product_column(m, plane, t, size, j, tile.columns, half)
#define ROWS(size) for (int i = 0; i < tile.rows; i++) product_row(half, out, tile, i, f, whole, size, sums)
    WITH_SIZE(tile.rows, COLUMNS);
    WITH_SIZE(tile.columns, ROWS);
#undef COLUMNS
#undef ROWS
}

/* A' m A of one tile and a panel of filters. */
ALWAYS_INLINE void tile_panel(const float *m, long plane, const Tiling *t, const Output *out, Tile tile, const int whole) {
    for (long f = 0; f < PANEL / VL && (whole || f * VL < out->count); f++, m += VL) {
        Vector sums[2] = {};
#define CALL(rows, columns) product_known(m, plane, t, out, tile, f, whole, rows, columns, sums)
#define OTHER product_any(m, plane, t, out, tile, f, whole, sums)
        WITH_TILE(tile, CALL, OTHER);
#undef CALL
#undef OTHER
        if (out->sums) out->sums[f] += sums[0], out->sums[PANEL / VL + f] += sums[1];
    }
}

/* The same; whole tiles of whole panels have code without branches. */
static __attribute__((noinline)) void planes_to_tile(const float *m, long plane, const Tiling *t, const Output *out,
                                                     const Tile *place) {
    Tile tile = *place;
    int whole = out->count == PANEL && tile.top + tile.rows <= out->height && tile.left + tile.columns <= out->width;
    if (whole) tile_panel(m, plane, t, out, tile, 1);
    else tile_panel(m, plane, t, out, tile, 0);
}

/* Filters -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Shape *shape;
    const Finish *finish;
    const float *w;
    float *u;
    Tiling tiling;         /* of any number of images */
    long panels, streams;  /* streams: write past the cache, in whole lines */
} Filters;

enum { LARGE = 8 << 20 };  /* bytes of U that the cache does not keep until they are used */

/* G w G' of the channels of a word, from c, for `count` filters from f: plane p goes to u[p * plane]. `across`: the larger size of
   tiles along a row. */
ALWAYS_INLINE void transform_vector(const Filters *t, long c, long f, const long count, float *u, long plane, const int streams,
                                    const int across) {
    long C = t->shape->channels, F = t->shape->filters;
    Vector w[CHANNELS][9], scale = t->finish->scale ? load_part(t->finish->scale + f, count) : splat(1.f);
    UNROLL for (int k = 0; k < CHANNELS; k++)
        UNROLL for (int i = 0; i < 9; i++)
            w[k][i] = load_part(t->w + (i * C + c + k) * F + f, k == 0 || c + k < C ? count : 0) * scale;
    for (long i = 0; i < t->tiling.down.large + 2; i++) {
        const float *g = row_of_G(i, &t->tiling.down);
        Vector half[CHANNELS][3];
        UNROLL for (int k = 0; k < CHANNELS; k++)
            UNROLL for (int j = 0; j < 3; j++) half[k][j] = g[0] * w[k][j] + g[1] * w[k][3 + j] + g[2] * w[k][6 + j];
        UNROLL for (int j = 0; j < across + 2; j++, u += plane) {
            const float *h = G[j <= across ? j : INFINITY_ROW];
            Vector values[CHANNELS];
            UNROLL for (int k = 0; k < CHANNELS; k++)
                values[k] = half[k][0] * h[0] + half[k][1] * h[1] + half[k][2] * h[2];
            if (streams) stream(u, to_words(values, CHANNELS));
            else store(u, to_words(values, CHANNELS));
        }
    }
}

enum { AHEAD = 8 };  /* channels: rows of a panel lie further apart than the processor looks by itself */

/* The same for a panel, with zeros behind the last filter. */
static __attribute__((noinline)) void transform_panel(const Filters *t, long c, long panel, float *u, long plane) {
    const float *ahead = t->w + (c + AHEAD) * t->shape->filters + panel * PANEL;
    for (int i = 0; i < 9; i++, ahead += t->shape->channels * t->shape->filters)
        for (int line = 0; line < PANEL; line += LINE) __builtin_prefetch(ahead + line);
    for (long f = panel * PANEL; f < (panel + 1) * PANEL; f += VL, u += VL) {
        long count = t->shape->filters - f;
#define CALL(size) \
    if (count >= VL && t->streams) transform_vector(t, c, f, VL, u, plane, 1, size); \
    else if (count >= VL) transform_vector(t, c, f, VL, u, plane, 0, size); \
    else transform_vector(t, c, f, count > 0 ? count : 0, u, plane, 0, size)
        WITH_SIZE(t->tiling.across.large, CALL);
#undef CALL
    }
}

/* All filters of a word of channels: U is (planes, panels, words of C, 2 VL). */
static void transform_channels(void *context, long word, int thread) {
    (void)thread;
    const Filters *t = context;
    long words = words_of(t->shape->channels, CHANNELS);
    for (long panel = 0; panel < t->panels; panel++)
        transform_panel(t, word * CHANNELS, panel, t->u + (panel * words + word) * PANEL, t->panels * words * PANEL);
    finish_streaming();
}

/* Forward -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Shape *shape;
    const Finish *finish;
    const Unpool *unpool;    /* where there is no x */
    const float *x, *nothing;
    const float *edges;      /* filters for the edges of dx, or NULL */
    float *v, *sums;         /* v: of a few images, which threads share */
    Filters filters;
    Tiling few;
    long images, panels;     /* images in a block */
    long rows, bands;        /* rows of tiles in a band, and bands in an image: 1 for blocks of whole images */
    long v_row, v_plane, m_plane;
} Forward;

/* The images of a block, from memory or through the pooling into the cache. */
static const float *images_of_block(const Forward *f, long first, long last, int thread) {
    long size = f->shape->height * f->shape->width * f->shape->channels;
    if (!f->unpool) return f->x + first * size;
    float *room = scratch(thread, SLOT_DY, sizeof(float) * f->images * size);
    for (long n = first; n < last; n++) unpool_image(f->unpool, n, room + (n - first) * size);
    return room;
}

/* Tiles `from` up to `to`, the first of all at v. */
static void images_to_planes(const Forward *f, const Tiling *tiling, const float *x, float *v, long from, long to) {
    const Shape *s = f->shape;
    v += from * f->v_row;
    for (long t = from; t < to; t++, v += f->v_row) {
        Tile tile = tile_at(tiling, t);
        Source image = {x + tile.image * s->height * s->width * s->channels, f->nothing, s->height, s->width, s->channels};
        prefetch_tile(image, tiling, tile.place + tiling->across.count);
        patch_to_planes(&image, tiling, &tile, s->pad, s->channels, v, f->v_plane);
    }
}

/* M of a panel = or += V U for some words of channels; planes of U lie u_plane apart. Of a last panel of few filters, the vector of
   M that is all zeros is left out, where nobody reads it. */
static void multiply_planes(const Forward *f, const Tiling *tiling, const float *v, const float *u, long u_plane, long words,
                            long panel, float *m, int accumulate) {
    int narrow = !f->finish->pool && is_narrow(f->shape, panel);
    for (long p = 0; p < tiling->planes; p++) {
        Range tiles = tiles_in_plane(tiling, p);
        Product product = {.a = v + p * f->v_plane + tiles.from * f->v_row, .a_row = f->v_row, .segments = 1,
                           .length = words, .b = u + p * u_plane, .b_step = PANEL, .narrow = narrow};
        for (long t = tiles.from, rows; t < tiles.to; t += rows, product.a += rows * f->v_row) {
            rows = next_rows(tiles.to - t);
            words_in_rows((int)rows, product, m + p * f->m_plane + t * PANEL, PANEL, accumulate);
        }
    }
}

static void planes_to_images(const Forward *f, const Tiling *tiling, const float *m, const Output *out) {
    for (long t = 0; t < tiling->begin[4]; t++, m += PANEL) {
        Tile tile = tile_at(tiling, t);
        planes_to_tile(m, f->m_plane, tiling, out, &tile);
    }
}

/* Outputs that are not pooled go where they are wanted at once: to memory past the cache, if they are too many to be found in
   it again. */
static void write_panel(const Forward *f, const Tiling *tiling, const float *m, Block block, float *sums) {
    const Shape *s = f->shape;
    const Finish *finish = f->finish;
    Vector totals[2 * PANEL / VL] = {};
    Output out = {.row = s->out_width * s->filters, .pixel = s->filters, .count = block.count, .height = s->out_height,
                  .width = s->out_width, .relu = finish->relu != 0, .sums = finish->sums ? totals : NULL};
    out.image = out.row * s->out_height;
    out.y = finish->y + block.first * out.image + block.from;
    out.streams = writes_past_cache(s, out.y);
    for (long c = 0; finish->bias && c < block.count; c += VL)
        out.bias[c / VL] = load_part(finish->bias + block.from + c, block.count - c);
    planes_to_images(f, tiling, m, &out);
    finish_streaming();
    for (long c = 0; finish->sums && c < block.count; c += VL) {
        store_part(sums + block.from + c, totals[c / VL], block.count - c);
        store_part(sums + s->filters + block.from + c, totals[PANEL / VL + c / VL], block.count - c);
    }
}

static void pool_panel(const Forward *f, const Tiling *tiling, const float *m, Block block, float *sums) {
    const Shape *s = f->shape;
    Output out = {.y = block.y, .row = s->out_width * PANEL, .pixel = PANEL, .count = PANEL, .height = s->out_height,
                  .width = s->out_width};
    out.image = out.row * s->out_height;
    planes_to_images(f, tiling, m, &out);
    finish_block(s, f->finish, block, sums);
}

static void finish_panel(const Forward *f, const Tiling *tiling, const float *m, Block block, float *sums, int thread) {
    const Shape *s = f->shape;
    block.count = smaller_of(PANEL, s->filters - block.from);
    if (!f->finish->pool) {
        write_panel(f, tiling, m, block, sums);
        return;
    }
    block.y = scratch(thread, SLOT_OUTPUT, sizeof(float) * f->images * s->out_height * s->out_width * PANEL);
    pool_panel(f, tiling, m, block, sums);
}

static void forward_block(void *context, long task, int thread) {
    const Forward *f = context;
    const Shape *s = f->shape;
    long first = task / f->bands * f->images, last = smaller_of(first + f->images, s->images);
    long words = words_of(s->channels, CHANNELS), panel_size = words * PANEL;
    Tiling tiling = band_of(s, last - first, task % f->bands * f->rows, f->rows);
    float *v = scratch(thread, SLOT_PATCHES, sizeof(float) * tiling.planes * f->v_plane);
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * tiling.planes * f->m_plane);
    const float *x = images_of_block(f, first, last, thread);
    long size = s->out_height * s->out_width * s->filters;
    if (f->edges) compute_edges(s, f->edges, x, last - first, f->finish->y + first * size, thread);
    images_to_planes(f, &tiling, x, v, 0, tiling.begin[4]);
    for (long panel = 0; panel < f->panels; panel++) {
        const float *u = f->filters.u + panel * panel_size;
        multiply_planes(f, &tiling, v, u, f->panels * panel_size, words, panel, m, 0);
        Block block = {.first = first, .last = last, .from = panel * PANEL};
        finish_panel(f, &tiling, m, block, f->sums + task * 2 * s->filters, thread);
    }
}

/* A few images: threads share their tiles out, then the panels. Filters are transformed where they are used, so many
   channels at a time that the second-level cache holds them: U of a few hundred channels would come from memory more slowly. */
enum { DEPTH = 64, TASKS = 4 };  /* channels; tasks for each thread */

static long few_at_once(const Forward *f) { return f->few.begin[4] / (TASKS * thread_count()) + 1; }

static void few_tiles(void *context, long task, int thread) {
    (void)thread;
    const Forward *f = context;
    long tiles = few_at_once(f);
    images_to_planes(f, &f->few, f->x, f->v, task * tiles, smaller_of((task + 1) * tiles, f->few.begin[4]));
}

static void few_panel(void *context, long panel, int thread) {
    const Forward *f = context;
    long C = f->shape->channels, plane = odd_lines(DEPTH / CHANNELS * PANEL);
    float *u = scratch(thread, SLOT_FILTERS, sizeof(float) * f->few.planes * plane);
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * f->few.planes * f->m_plane);
    for (long from = 0; from < C; from += DEPTH) {
        long channels = smaller_of(DEPTH, C - from);
        for (long c = 0; c < channels; c += CHANNELS)
            transform_panel(&f->filters, from + c, panel, u + c / CHANNELS * PANEL, plane);
        multiply_planes(f, &f->few, f->v + from / CHANNELS, u, plane, words_of(channels, CHANNELS), panel, m, from > 0);
    }
    finish_panel(f, &f->few, m, (Block){.last = f->shape->images, .from = panel * PANEL}, NULL, thread);
}

static void run_few(Forward *f) {
    f->v = scratch(SHARED, SLOT_PATCHES, sizeof(float) * f->few.planes * f->v_plane);
    share(few_tiles, f, (f->few.begin[4] + few_at_once(f) - 1) / few_at_once(f));
    share(few_panel, f, f->panels);
}

/* Bands of a large image are tasks of their own: two threads score one image, and V stays in the cache. What reads across tiles
   needs whole images (pooling, dy through one, edges), and sums keep the order that they always had. */
static long bands_of(const Forward *f, long in_image, long tiles) {
    int whole = f->finish->pool || f->finish->sums || f->unpool || f->edges || in_image <= tiles;
    return whole ? 1 : (in_image + tiles / 2) / tiles;
}

static void run_forward(Forward f, const float *w) {
    const Shape *s = f.shape;
    f.nothing = pixel_of_zeros(s->channels);
    Tiling image = tiling_of(s, 1);
    long share_of_thread = (s->images + thread_count() - 1) / thread_count(), in_image = image.in_image;
    int few = s->images * in_image <= TILES && !f.finish->sums && !f.unpool && !f.edges;
    long tiles = image.planes > FEW_PLANES ? LARGE_TILES : TILES;
    f.images = few ? s->images : smaller_of(share_of_thread, (tiles + in_image - 1) / in_image);
    f.panels = (s->filters + PANEL - 1) / PANEL;
    f.bands = few ? 1 : bands_of(&f, in_image, tiles);
    f.rows = (image.down.count + f.bands - 1) / f.bands;
    f.bands = (image.down.count + f.rows - 1) / f.rows;
    tiles = f.images * f.rows * image.across.count;
    long blocks = (s->images + f.images - 1) / f.images * f.bands;
    long words = words_of(s->channels, CHANNELS);
    f.v_row = odd_lines(words);
    f.v_plane = odd_lines(tiles * f.v_row);
    f.m_plane = odd_lines(tiles * PANEL);
    f.filters = (Filters){.shape = s, .finish = f.finish, .w = w, .tiling = image, .panels = f.panels};
    if (few) {
        f.few = tiling_of(s, s->images);
        run_few(&f);
        return;
    }
    long u_bytes = (long)sizeof(float) * image.planes * f.panels * words * PANEL;
    f.filters.u = scratch(SHARED, SLOT_FILTERS, (size_t)u_bytes);
    f.filters.streams = VL == LINE && u_bytes > LARGE;
    f.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * blocks * s->filters);
    share(transform_channels, &f.filters, words);
    share(forward_block, &f, blocks);
    add_up_blocks(s, f.finish, f.sums, blocks);
}

static void forward(const Shape *s, const float *x, const float *w, const Finish *finish) {
    run_forward((Forward){.shape = s, .finish = finish, .x = x}, w);
}

/* dx from dy or, where that is NULL, from pooled gradients. */
static void input_gradient(const Shape *s, const float *dy, const Unpool *unpool, const float *w, float *dx) {
    float *turned = scratch(SHARED, SLOT_TURNED, sizeof(float) * 9 * s->channels * s->filters);
    turn_filters(s, w, turned);
    Shape backwards = input_gradient_shape(s);
    Finish finish = {.y = dx};
    Forward f = {.shape = &backwards, .finish = &finish, .x = dy, .unpool = dy ? NULL : unpool};
    if (s->edge) f.edges = pack_edges(&backwards, turned);
    run_forward(f, turned);
}
