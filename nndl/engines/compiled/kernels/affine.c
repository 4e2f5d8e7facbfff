/* The affine layer on images that lie channels last, though its weights count channels first.

   out (N, M) = x (N, D) w (D, M). The courses flatten an image in (C, H, W) order; here it lies as (H, W, C). Nothing is
   transposed for it: packing w takes its rows in the order in which x has its numbers, and dw puts them back. For vectors
   there is one position, and the orders agree.

   Columns come in panels of 2 VL, the last one VL wide where that suffices: 10 classes cost one vector, not two.
   Rows of x are often 16 or 32 KB apart, all in one set of the cache, so each task copies its part of x to where rows
   lie close.

   Forward: a task is EXAMPLES rows of x and one of `slices` slices of D; it walks them DEPTH numbers at a time, packs
   those rows of w (DEPTH x M: second-level cache) and adds to its own sums; a panel of w (DEPTH x 2 VL, 16 KB) stays in
   the first-level cache while all rows pass. So w is read once for each EXAMPLES rows and never written out packed. The
   slices' sums are added up in order; how many there are depends on the sizes alone, so the bits do not depend on threads.
   dw: a task is WIDTH columns of x, which it multiplies, transposed, with dout, EXAMPLES rows at a time.
   dx: a task turns WIDTH rows of w and multiplies dout with them: rows of dx are written in runs of 4 WIDTH bytes. */

#include "activation.h"
#include "affine.h"

enum {
    BESIDE = LINE,  /* floats between rows that would else begin in one set of the cache */
    SLICE = 512, TASKS = 16,
};

/* `count` floats, zeros behind them up to a panel's `width`. */
ALWAYS_INLINE void pack_row(const float *row, long count, float *packed, long width) {
    store(packed, load_part(row, count));
    if (width > VL) store(packed + VL, load_part(row + VL, count - VL));
}

/* Rows k up to k + depth of w in panels, (panels, depth, width). */
static void pack_weights(const Affine *a, long k, long depth, float *packed) {
    long channel = k % a->s.channels, position = k / a->s.channels;  /* counted on: dividing takes longer than a row */
    for (long i = 0; i < depth; i++) {
        const float *row = a->w + (channel * a->s.positions + position) * a->s.outputs;
        for (long f = 0; f < a->columns; f += TILE_COLUMNS) {
            long width = width_of(a->columns, f);
            pack_row(row + f, a->s.outputs - f, packed + f * depth + i * width, width);
        }
        if (++channel == a->s.channels) channel = 0, position++;
    }
}

/* Forward -------------------------------------------------------------------------------------------------------- */

static void forward_task(void *context, long task, int thread) {
    const Affine *a = context;
    long first = task / a->slices * EXAMPLES, rows = smaller_of(EXAMPLES, a->s.examples - first), slice = task % a->slices;
    float *close = scratch(thread, SLOT_ROWS, sizeof(float) * EXAMPLES * (DEPTH + BESIDE));
    float *packed = scratch(thread, SLOT_PACKED, sizeof(float) * DEPTH * a->columns);
    float *sums = a->sums + (slice * a->s.examples + first) * a->columns;
    long begin = a->inputs * slice / a->slices, end = a->inputs * (slice + 1) / a->slices;
    for (long k = begin; k < end; k += DEPTH) {
        long depth = smaller_of(DEPTH, end - k);
        copy_rows(a->x + first * a->inputs + k, a->inputs, close, DEPTH + BESIDE, rows, depth);
        pack_weights(a, k, depth, packed);
        for (long f = 0; f < a->columns; f += TILE_COLUMNS) {
            long width = width_of(a->columns, f);
            Product product = {.a = close, .a_row = DEPTH + BESIDE, .segments = 1, .length = depth, .b = packed + f * depth,
                               .b_step = width, .narrow = width == VL};
            for (long r = 0, height; r < rows; r += height, product.a += height * product.a_row) {
                height = next_rows(rows - r);
                rows_tile((int)height, product, sums + r * a->columns + f, a->columns, k > begin);
            }
        }
    }
}

static void finish_row(void *context, long n, int thread) {
    (void)thread;
    const Affine *a = context;
    long M = a->s.outputs;
    for (long m = 0; m < M; m += VL) {
        Vector sum = a->bias ? load_part(a->bias + m, M - m) : (Vector){};
        for (long slice = 0; slice < a->slices; slice++) sum += load(a->sums + (slice * a->s.examples + n) * a->columns + m);
        store_part(a->out + n * M + m, a->relu ? relu(sum) : sum, M - m);
    }
}

void run_affine_forward(Affine *a, Work task) {
    long groups = (a->s.examples + EXAMPLES - 1) / EXAMPLES, most = (a->inputs + SLICE - 1) / SLICE;
    a->slices = smaller_of((TASKS + groups - 1) / groups, most);
    a->sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * a->slices * a->s.examples * a->columns);
    share(task, a, groups * a->slices);
    share(finish_row, a, a->s.examples);
}

void nndl_affine_forward(const AffineShape *s, const float *x, const float *w, const float *bias, long relu, float *out) {
    Affine a = affine_of(s);
    a.x = x, a.w = w, a.bias = bias, a.relu = relu, a.out = out;
    run_affine_forward(&a, forward_task);
}

/* Weight gradient ------------------------------------------------------------------------------------------------ */

static void weight_gradient_task(void *context, long task, int thread) {
    const Affine *a = context;
    long from = task * WIDTH, count = smaller_of(WIDTH, a->inputs - from), M = a->s.outputs;
    const float *packed = a->packed;
    float *close = scratch(thread, SLOT_ROWS, sizeof(float) * EXAMPLES * (WIDTH + BESIDE));
    float *sums = scratch(thread, SLOT_PRODUCT, sizeof(float) * WIDTH * a->columns);
    for (long n = 0; n < a->s.examples; n += EXAMPLES) {
        long examples = smaller_of(EXAMPLES, a->s.examples - n);
        copy_rows(a->x + n * a->inputs + from, a->inputs, close, WIDTH + BESIDE, examples, count);
        for (long f = 0; f < a->columns; f += TILE_COLUMNS) {
            long width = width_of(a->columns, f);
            Product product = {.a_step = WIDTH + BESIDE, .segments = 1, .length = examples,
                               .b = packed + f * a->s.examples + n * width, .b_step = width, .narrow = width == VL};
            for (long k = 0, rows; k < count; k += rows) {
                rows = next_rows(count - k);
                product.a = close + k;
                columns_tile((int)rows, product, sums + k * a->columns + f, a->columns, n > 0);
            }
        }
    }
    for (long k = 0; k < count; k++)
        memcpy(a->dw + row_of(a, from + k) * M, sums + k * a->columns, sizeof(float) * (size_t)M);
}

/* dout in panels, (panels, N, width). */
static void pack_gradient(const Affine *a) {
    long N = a->s.examples, M = a->s.outputs;
    float *packed = a->packed;
    for (long f = 0; f < a->columns; f += TILE_COLUMNS) {
        long width = width_of(a->columns, f);
        for (long n = 0; n < N; n++) pack_row(a->dout + n * M + f, M - f, packed + f * N + n * width, width);
    }
}

void nndl_affine_weight_gradient(const AffineShape *s, const float *x, const float *dout, float *dw) {
    Affine a = affine_of(s);
    a.x = x, a.dout = dout, a.dw = dw;
    a.packed = scratch(SHARED, SLOT_PANELS, sizeof(float) * a.columns * s->examples);
    pack_gradient(&a);
    share(weight_gradient_task, &a, (a.inputs + WIDTH - 1) / WIDTH);
}

/* Input gradient ------------------------------------------------------------------------------------------------- */

static void input_gradient_task(void *context, long task, int thread) {
    const Affine *a = context;
    long M = a->s.outputs, from = task * WIDTH, count = smaller_of(WIDTH, a->inputs - from);
    float *turned = scratch(thread, SLOT_ROWS, sizeof(float) * M * WIDTH);
    float *rim = scratch(thread, SLOT_PRODUCT, sizeof(float) * TILE_ROWS * TILE_COLUMNS);
    for (long k = 0; k < WIDTH; k++) {
        const float *row = k < count ? a->w + row_of(a, from + k) * M : NULL;
        for (long m = 0; m < M; m++) turned[m * WIDTH + k] = row ? row[m] : 0;
    }
    for (long n = 0, rows; n < a->s.examples; n += rows) {
        rows = next_rows(a->s.examples - n);
        for (long k = 0; k < count; k += TILE_COLUMNS) {
            Product product = {.a = a->dout + n * M, .a_row = M, .segments = 1, .length = M, .b = turned + k, .b_step = WIDTH};
            float *dx = a->dx + n * a->inputs + from + k;
            if (count - k >= TILE_COLUMNS) {
                rows_tile((int)rows, product, dx, a->inputs, 0);
            } else {
                rows_tile((int)rows, product, rim, TILE_COLUMNS, 0);
                copy_rows(rim, TILE_COLUMNS, dx, a->inputs, rows, count - k);
            }
        }
    }
}

void nndl_affine_input_gradient(const AffineShape *s, const float *dout, const float *w, float *dx) {
    Affine a = affine_of(s);
    a.dout = dout, a.w = w, a.dx = dx;
    share(input_gradient_task, &a, (a.inputs + WIDTH - 1) / WIDTH);
}
