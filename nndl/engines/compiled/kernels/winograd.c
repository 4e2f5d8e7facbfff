/* 3 x 3 convolutions of stride 1 by Winograd's F(4 x 4, 3 x 3), forward and input gradient; winograd.h has the algorithm.

   Loop order. A task is a block of whole images, about 64 tiles: their V, 36 x 64 x C floats, stays in the
   second-level cache for C up to 64 and near it above. For each panel of 2 VL filters: 36 products on the panel of U
   (C x 2 VL a plane: first-level cache), then the panel's inverse transform, while the product is in the cache.
   U streams past once a block: 64 tiles are enough arithmetic to hide that.
   Outputs leave the registers of the inverse transform for where they are wanted, with bias, ReLU and statistics on the way.
   Only what is pooled goes through a block in the cache: windows of the pooling cross the tiles. Where dy comes through a
   pooling, a block of it is made in the cache too, and never written out in full. */

#include "activation.h"
#include "unpool.h"
#include "winograd.h"

enum { TILES = 64 };

/* The place of the outputs of a panel, and what is done to them on the way. */
typedef struct {
    float *y;
    long image, row, pixel, count;  /* floats from image to image, ...; filters that there are */
    long height, width;
    int relu, streams;              /* streams: whole lines, written past the cache */
    Vector bias[PANEL / VL];
    Vector *sums;                   /* (2, PANEL / VL): the sums of y and y squared are added to, if not NULL */
} Output;

/* A' m A of one tile and a panel of filters, to as many of its pixels as there are. */
ALWAYS_INLINE void tile_panel(const float *m, long plane, const Output *out, Tile tile, const int whole, const int tall,
                              const int wide) {
    const int rows = tall ? OUT : SHORT_OUT, columns = wide ? OUT : SHORT_OUT;
    for (long f = 0; f < PANEL / VL; f++) {
        if (!whole && f * VL >= out->count) break;
        Vector half[OUT][PATCH], sum = {}, squares = {};
        UNROLL for (int j = 0; j < PATCH; j++) {
            if (!wide && j == LEFT_OUT) continue;
            Vector line[PATCH];
            UNROLL for (int i = 0; i < PATCH; i++)
                if (tall || i != LEFT_OUT) line[i] = load(m + (i * PATCH + j) * plane + f * VL);
            transform_product(line, tall);
            UNROLL for (int i = 0; i < rows; i++) half[i][j] = line[i];
        }
        UNROLL for (int i = 0; i < rows; i++) {
            transform_product(half[i], wide);
            UNROLL for (int j = 0; j < columns; j++) {
                if (!whole && (tile.top + i >= out->height || tile.left + j >= out->width)) continue;
                Vector v = half[i][j] + out->bias[f];
                if (out->relu) v = relu(v);
                sum += v, squares += v * v;
                float *y = out->y + tile.image * out->image + (tile.top + i) * out->row + (tile.left + j) * out->pixel + f * VL;
                if (!whole) store_part(y, v, out->count - f * VL);
                else if (out->streams) stream(y, v);
                else store(y, v);
            }
        }
        if (out->sums) out->sums[f] += sum, out->sums[PANEL / VL + f] += squares;
    }
}

/* The same; whole tiles of whole panels have code without branches. */
static __attribute__((noinline)) void planes_to_tile(const float *m, long plane, const Output *out, Tile tile) {
    int whole = out->count == PANEL && tile.top + (tile.tall ? OUT : SHORT_OUT) <= out->height &&
                tile.left + (tile.wide ? OUT : SHORT_OUT) <= out->width;
#define CALL(tall, wide) \
    if (whole) tile_panel(m, plane, out, tile, 1, tall, wide); \
    else tile_panel(m, plane, out, tile, 0, tall, wide)
    WITH_TILE(tile, CALL);
#undef CALL
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
    const Unpool *unpool;    /* where there is no x */
    const float *x, *u, *nothing;
    float *sums;
    long images, panels;     /* images in a block */
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

static void images_to_planes(const Forward *f, const Tiling *tiling, const float *x, float *v) {
    const Shape *s = f->shape;
    for (long t = 0; t < tiling->begin[4]; t++, v += f->v_row) {
        Tile tile = tile_at(tiling, t);
        Source image = {x + tile.image * s->height * s->width * s->channels, f->nothing, s->height, s->width, s->channels};
        prefetch_tile(image, tiling, tile.place + tiling->across);
        patch_to_planes(image, tile, s->pad, s->channels, v, f->v_plane);
    }
}

static void multiply_planes(const Forward *f, const Tiling *tiling, const float *v, long panel, float *m) {
    long C = f->shape->channels;
    for (long p = 0; p < PLANES; p++) {
        Range tiles = tiles_in_plane(tiling, p);
        Product product = {.a = v + p * f->v_plane + tiles.from * f->v_row, .a_row = f->v_row, .segments = 1, .length = C,
                           .b = f->u + (p * f->panels + panel) * C * PANEL, .b_step = PANEL};
        for (long t = tiles.from, rows; t < tiles.to; t += rows, product.a += rows * f->v_row) {
            rows = next_rows(tiles.to - t);
            rows_tile((int)rows, product, m + p * f->m_plane + t * PANEL, PANEL, 0);
        }
    }
}

static void planes_to_images(const Forward *f, const Tiling *tiling, const float *m, const Output *out) {
    for (long t = 0; t < tiling->begin[4]; t++, m += PANEL) planes_to_tile(m, f->m_plane, out, tile_at(tiling, t));
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

static void forward_block(void *context, long task, int thread) {
    const Forward *f = context;
    const Shape *s = f->shape;
    long first = task * f->images, last = smaller_of(first + f->images, s->images);
    Tiling tiling = tiling_of(s, last - first);
    float *v = scratch(thread, SLOT_PATCHES, sizeof(float) * PLANES * f->v_plane);
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * PLANES * f->m_plane);
    float *y = NULL, *sums = f->sums + task * 2 * s->filters;
    if (f->finish->pool) y = scratch(thread, SLOT_OUTPUT, sizeof(float) * f->images * s->out_height * s->out_width * PANEL);
    images_to_planes(f, &tiling, images_of_block(f, first, last, thread), v);
    for (long panel = 0; panel < f->panels; panel++) {
        long from = panel * PANEL;
        Block block = {.y = y, .first = first, .last = last, .from = from, .count = smaller_of(PANEL, s->filters - from)};
        multiply_planes(f, &tiling, v, panel, m);
        if (f->finish->pool) pool_panel(f, &tiling, m, block, sums);
        else write_panel(f, &tiling, m, block, sums);
    }
}

static void run_forward(Forward f, const float *w) {
    const Shape *s = f.shape;
    f.nothing = pixel_of_zeros(s->channels);
    long share_of_thread = (s->images + thread_count() - 1) / thread_count(), in_image = tiling_of(s, 1).in_image;
    f.images = smaller_of(share_of_thread, (TILES + in_image - 1) / in_image);
    f.panels = (s->filters + PANEL - 1) / PANEL;
    long tiles = f.images * in_image, blocks = (s->images + f.images - 1) / f.images;
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
    add_up_blocks(s, f.finish, f.sums, blocks);
}

void nndl_winograd_forward(const Shape *s, const float *x, const float *w, const Finish *finish) {
    run_forward((Forward){.shape = s, .finish = finish, .x = x}, w);
}

/* dx from dy or, where that is NULL, from pooled gradients. */
void nndl_winograd_input_gradient(const Shape *s, const float *dy, const Unpool *unpool, const float *w, float *dx) {
    float *turned = scratch(SHARED, SLOT_TURNED, sizeof(float) * 9 * s->channels * s->filters);
    turn_filters(s, w, turned);
    Shape backwards = input_gradient_shape(s);
    Finish finish = {.y = dx};
    run_forward((Forward){.shape = &backwards, .finish = &finish, .x = dy, .unpool = dy ? NULL : unpool}, turned);
}
