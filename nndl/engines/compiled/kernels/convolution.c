/* Finishing blocks of outputs, and filters turned round for the input gradient.

   A convolution kernel writes a block (the outputs of a few images for 2 VL filters, some 100 KB) and hands it over here
   at once: each pass below reads it from the second-level cache, so the kernels themselves need not know about bias,
   statistics or pooling, and a pooled output need never go to memory in full. What is kept goes there past the cache when
   it is too large to be found there again: reading each line before writing it would take as long again. */

#include "activation.h"
#include "convolution.h"
#include "threads.h"

static void bias_and_relu(const Finish *finish, Block block, long pixels) {
    int cut = finish->relu && !finish->pool;
    if (!finish->bias && !cut) return;
    for (long c = 0; c < block.count; c += VL) {
        long count = block.count - c;
        Vector bias = finish->bias ? load_part(finish->bias + block.from + c, count) : (Vector){};
        float *y = block.y + c;
        for (long i = 0; i < pixels; i++, y += PANEL) store(y, cut ? relu(load(y) + bias) : load(y) + bias);
    }
}

static void sum_up(Block block, long pixels, float *sums, long filters) {
    for (long c = 0; c < block.count; c += VL) {
        long count = block.count - c;
        Vector sum[2] = {}, squares[2] = {};  /* even and odd pixels: two chains of additions side by side */
        const float *y = block.y + c;
        for (long i = 0; i < pixels; i++, y += PANEL) {
            Vector v = load(y);
            sum[i & 1] += v;
            squares[i & 1] += v * v;
        }
        store_part(sums + block.from + c, sum[0] + sum[1], count);
        store_part(sums + filters + block.from + c, squares[0] + squares[1], count);
    }
}

typedef struct { Vector best; Mask index; } Best;

/* The first largest of order * y in a window of VL channels, or its first NaN: from the last to the first, so that the one that
   stands before takes the place of its equals, and a NaN that of everything. */
ALWAYS_INLINE Best best_of_window(const float *y, long row, long size, Vector order) {
    Vector best = load(y + (size - 1) * (row + PANEL)), best_key = order * best;
    Mask index = (Mask){} + (int32_t)(size * size - 1);
    for (long i = size - 1; i >= 0; i--)
        for (long j = size - 1 - (i == size - 1); j >= 0; j--) {
            Vector v = load(y + i * row + j * PANEL), key = order * v;
            Mask better = (key >= best_key) | (key != key);
            best = choose(better, v, best);
            best_key = choose(better, key, best_key);
            index = choose_mask(better, (Mask){} + (int32_t)(i * size + j), index);
        }
    return (Best){best, index};
}

static void store_sums(Block block, const Vector totals[], float *sums, long filters) {
    for (long c = 0; c < block.count; c += VL) {
        store_part(sums + block.from + c, totals[c / VL], block.count - c);
        store_part(sums + filters + block.from + c, totals[(PANEL + c) / VL], block.count - c);
    }
}

/* One window of a block: y is its first pixel, `place` that of the pooled pixel. */
ALWAYS_INLINE void pool_window(const Finish *finish, Block block, const float *y, long row, const long size, long place,
                               Vector totals[]) {
    for (long c = 0; c < block.count; c += VL) {
        long count = block.count - c;
        Vector order = finish->order ? load_part(finish->order + block.from + c, count) : splat(1.0f);
        Best found = best_of_window(y + c, row, size, order);
        if (finish->relu == RELU_BEFORE) found.index &= ~(found.best <= 0.f);
        if (finish->relu) found.best = relu(found.best);
        totals[c / VL] += found.best, totals[(PANEL + c) / VL] += found.best * found.best;
        store_part(finish->best + place + c, found.best, count);
        if (finish->index) store_bytes(finish->index + place + c, found.index, count);
    }
}

static void pool_block(const Shape *s, const Finish *finish, Block block, float *sums) {
    long size = finish->pool, height = s->out_height / size, width = s->out_width / size, row = s->out_width * PANEL;
    long place = block.first * height * width * s->filters + block.from;
    Vector totals[2 * PANEL / VL] = {};
    for (long n = block.first; n < block.last; n++)
        for (long i = 0; i < height; i++) {
            const float *y = block.y + ((n - block.first) * s->out_height + i * size) * row;
            for (long j = 0; j < width; j++, y += size * PANEL, place += s->filters)
                if (size == 2) pool_window(finish, block, y, row, 2, place, totals);
                else pool_window(finish, block, y, row, size, place, totals);
        }
    if (finish->sums && finish->sums_of_best) store_sums(block, totals, sums, s->filters);
}

enum { CACHED = 4 << 20 };  /* bytes of outputs that may be found in the cache by whoever reads them */

static int too_many_to_cache(const Shape *s) {
    return s->images * s->out_height * s->out_width * s->filters * (long)sizeof(float) > CACHED;
}

int writes_past_cache(const Shape *s, const float *y) {
    return too_many_to_cache(s) && s->filters % VL == 0 && (uintptr_t)y % sizeof(Vector) == 0;
}

/* Fewer filters than a panel has: pixels are moved together in the block, and are one run then in y. */
static void write_run(const Shape *s, Block block, float *y, long pixels) {
    for (long i = 1; i < pixels; i++)
        for (long c = 0; c < s->filters; c += VL) store(block.y + i * s->filters + c, load(block.y + i * PANEL + c));
    long count = pixels * s->filters, i = 0;
    if (too_many_to_cache(s)) {
        i = smaller_of((long)(-(uintptr_t)y % sizeof(Vector) / sizeof(float)), count);
        memcpy(y, block.y, sizeof(float) * (size_t)i);
        for (; i + VL <= count; i += VL) stream(y + i, load(block.y + i));
    }
    memcpy(y + i, block.y + i, sizeof(float) * (size_t)(count - i));
}

static void write_out(const Shape *s, const Finish *finish, Block block, long pixels) {
    float *y = finish->y + block.first * s->out_height * s->out_width * s->filters + block.from;
    int streams = block.count == PANEL && writes_past_cache(s, y);
    const float *from = block.y;
    if (s->filters < PANEL) write_run(s, block, y, pixels);
    else for (long i = 0; i < pixels; i++, y += s->filters, from += PANEL)
        if (streams) stream(y, load(from)), stream(y + VL, load(from + VL));
        else memcpy(y, from, sizeof(float) * (size_t)block.count);
    finish_streaming();
}

void finish_block(const Shape *s, const Finish *finish, Block block, float *sums) {
    long pixels = (block.last - block.first) * s->out_height * s->out_width;
    bias_and_relu(finish, block, pixels);
    if (finish->sums && !finish->sums_of_best) sum_up(block, pixels, sums, s->filters);
    if (finish->pool) pool_block(s, finish, block, sums);
    if (finish->y) write_out(s, finish, block, pixels);
}

void add_up_blocks(const Shape *s, const Finish *finish, const float *sums, long blocks) {
    if (finish->sums) add_up(sums, blocks, 2 * s->filters, finish->sums);
}

typedef struct { const Shape *shape; const float *w; float *turned; } Turning;

enum { TURNED_BLOCK = 16 };  /* floats of a cache line: blocks of lines are read and written whole */

static void turn_one(void *context, long place, int thread) {
    (void)thread;
    const Turning *t = context;
    long C = t->shape->channels, F = t->shape->filters, places = t->shape->kernel * t->shape->kernel;
    const float *w = t->w + place * C * F;
    float *turned = t->turned + (places - 1 - place) * C * F;
    for (long c0 = 0; c0 < C; c0 += TURNED_BLOCK)
        for (long f0 = 0; f0 < F; f0 += TURNED_BLOCK)
            for (long f = f0; f < smaller_of(f0 + TURNED_BLOCK, F); f++)
                for (long c = c0; c < smaller_of(c0 + TURNED_BLOCK, C); c++) turned[f * C + c] = w[c * F + f];
}

void turn_filters(const Shape *s, const float *w, float *turned) {
    Turning turning = {s, w, turned};
    share(turn_one, &turning, s->kernel * s->kernel);
}

Shape input_gradient_shape(const Shape *s) {
    return (Shape){
        .images = s->images, .height = s->out_height, .width = s->out_width, .channels = s->filters,
        .filters = s->channels, .kernel = s->kernel, .stride = 1, .pad = s->kernel - 1 - s->pad,
        .out_height = s->height, .out_width = s->width, .tile = s->tile, .edge = s->edge,
    };
}
