/* The affine layer on images that lie channels last, though its weights count channels first.

   out (N, M) = x (N, D) w (D, M). The courses flatten an image in (C, H, W) order; here it lies as (H, W, C). Nothing is
   transposed for it: packing w takes its rows in the order in which x has its numbers, and dw puts them back. For vectors
   there is one position, and the orders agree.

   Packed w is (panels, D, 2 VL). A forward task is a group of TILE_ROWS examples with up to 4 panels; D is walked in runs
   of DEPTH, each copied to where its rows lie close (rows of x are often 16 KB apart, all in one set of the cache).
   dw: a task copies 4 TILE_ROWS columns of x and multiplies them, transposed, with dout.
   dx: a task turns 2 VL rows of w and multiplies dout with them. */

#include "threads.h"
#include "tile.h"

typedef struct {
    long examples, positions, channels, outputs;
} AffineShape;

typedef struct {
    AffineShape s;
    const float *x, *w, *bias, *dout;
    float *out, *packed, *dw, *dx;
    long relu, inputs, panels, panel_groups;
} Affine;

enum { DEPTH = 256, DEPTH_ROW = DEPTH + 16, PANELS_AT_ONCE = 4, COLUMNS_AT_ONCE = 4 * TILE_ROWS, COLUMNS_ROW = 80 };
_Static_assert(COLUMNS_AT_ONCE <= COLUMNS_ROW, "a row holds the columns of a task");

/* Where in w the row for number k of x lies. */
ALWAYS_INLINE long row_of(const Affine *a, long k) {
    return k % a->s.channels * a->s.positions + k / a->s.channels;
}

static void pack_run(void *context, long run, int thread) {
    (void)thread;
    const Affine *a = context;
    long M = a->s.outputs, end = smaller_of((run + 1) * DEPTH, a->inputs);
    for (long k = run * DEPTH; k < end; k++)
        for (long panel = 0; panel < a->panels; panel++) {
            long from = panel * TILE_COLUMNS, count = smaller_of(TILE_COLUMNS, M - from);
            float *packed = a->packed + (panel * a->inputs + k) * TILE_COLUMNS;
            const float *row = a->w + row_of(a, k) * M + from;
            store(packed, load_part(row, count));
            store(packed + VL, count > VL ? load_part(row + VL, count - VL) : (Vector){});
        }
}

static void store_outputs(const Affine *a, const float *sums, long row, long rows, long from, long count) {
    for (long r = 0; r < rows; r++)
        for (long m = 0; m < count; m++) {
            float v = sums[r * PANELS_AT_ONCE * TILE_COLUMNS + m] + (a->bias ? a->bias[from + m] : 0.0f);
            a->out[(row + r) * a->s.outputs + from + m] = a->relu && v < 0 ? 0.0f : v;
        }
}

static void forward_task(void *context, long task, int thread) {
    const Affine *a = context;
    long row = task / a->panel_groups * TILE_ROWS, first = task % a->panel_groups * PANELS_AT_ONCE;
    long rows = smaller_of(TILE_ROWS, a->s.examples - row), last = smaller_of(first + PANELS_AT_ONCE, a->panels);
    float *close = scratch(thread, SLOT_INPUT, sizeof(float) * TILE_ROWS * DEPTH_ROW);
    float *sums = scratch(thread, SLOT_PRODUCT, sizeof(float) * TILE_ROWS * PANELS_AT_ONCE * TILE_COLUMNS);
    for (long k = 0; k < a->inputs; k += DEPTH) {
        long depth = smaller_of(DEPTH, a->inputs - k);
        for (long r = 0; r < rows; r++)
            memcpy(close + r * DEPTH_ROW, a->x + (row + r) * a->inputs + k, sizeof(float) * (size_t)depth);
        for (long panel = first; panel < last; panel++) {
            Product product = {.a = close, .a_row = DEPTH_ROW, .segments = 1, .length = depth,
                               .b = a->packed + (panel * a->inputs + k) * TILE_COLUMNS, .b_step = TILE_COLUMNS};
            rows_tile((int)rows, product, sums + (panel - first) * TILE_COLUMNS, PANELS_AT_ONCE * TILE_COLUMNS, k > 0);
        }
    }
    long from = first * TILE_COLUMNS;
    store_outputs(a, sums, row, rows, from, smaller_of(last * TILE_COLUMNS, a->s.outputs) - from);
}

static Affine affine_of(const AffineShape *s) {
    long panels = (s->outputs + TILE_COLUMNS - 1) / TILE_COLUMNS;
    return (Affine){.s = *s, .inputs = s->positions * s->channels, .panels = panels,
                    .panel_groups = (panels + PANELS_AT_ONCE - 1) / PANELS_AT_ONCE};
}

void nndl_affine_forward(const AffineShape *s, const float *x, const float *w, const float *bias, long relu, float *out) {
    Affine a = affine_of(s);
    a.x = x, a.w = w, a.bias = bias, a.relu = relu, a.out = out;
    a.packed = scratch(SHARED, SLOT_FILTERS, sizeof(float) * a.panels * a.inputs * TILE_COLUMNS);
    share(pack_run, &a, (a.inputs + DEPTH - 1) / DEPTH);
    share(forward_task, &a, (s->examples + TILE_ROWS - 1) / TILE_ROWS * a.panel_groups);
}

static void weight_gradient_task(void *context, long task, int thread) {
    const Affine *a = context;
    long N = a->s.examples, M = a->s.outputs, columns = a->panels * TILE_COLUMNS;
    long from = task * COLUMNS_AT_ONCE, count = smaller_of(COLUMNS_AT_ONCE, a->inputs - from);
    float *close = scratch(thread, SLOT_INPUT, sizeof(float) * N * COLUMNS_ROW);
    float *sums = scratch(thread, SLOT_PRODUCT, sizeof(float) * TILE_ROWS * columns);
    for (long n = 0; n < N; n++)
        memcpy(close + n * COLUMNS_ROW, a->x + n * a->inputs + from, sizeof(float) * (size_t)count);
    for (long k = 0, rows; k < count; k += rows) {
        rows = next_rows(count - k);
        for (long panel = 0; panel < a->panels; panel++) {
            Product product = {.a = close + k, .a_step = COLUMNS_ROW, .segments = 1, .length = N,
                               .b = a->packed + panel * N * TILE_COLUMNS, .b_step = TILE_COLUMNS};
            columns_tile((int)rows, product, sums + panel * TILE_COLUMNS, columns, 0);
        }
        for (long r = 0; r < rows; r++)
            memcpy(a->dw + row_of(a, from + k + r) * M, sums + r * columns, sizeof(float) * (size_t)M);
    }
}

/* dout as panels (panels, N, 2 VL), zero behind the last output. */
static void pack_gradient(const Affine *a) {
    long N = a->s.examples, M = a->s.outputs;
    for (long panel = 0; panel < a->panels; panel++)
        for (long n = 0; n < N; n++)
            for (long m = 0; m < TILE_COLUMNS; m++) {
                long output = panel * TILE_COLUMNS + m;
                a->packed[(panel * N + n) * TILE_COLUMNS + m] = output < M ? a->dout[n * M + output] : 0;
            }
}

void nndl_affine_weight_gradient(const AffineShape *s, const float *x, const float *dout, float *dw) {
    Affine a = affine_of(s);
    a.x = x, a.dout = dout, a.dw = dw;
    a.packed = scratch(SHARED, SLOT_FILTERS, sizeof(float) * a.panels * s->examples * TILE_COLUMNS);
    pack_gradient(&a);
    share(weight_gradient_task, &a, (a.inputs + COLUMNS_AT_ONCE - 1) / COLUMNS_AT_ONCE);
}

static void input_gradient_task(void *context, long task, int thread) {
    const Affine *a = context;
    long M = a->s.outputs, from = task * TILE_COLUMNS, count = smaller_of(TILE_COLUMNS, a->inputs - from);
    float *turned = scratch(thread, SLOT_FILTERS, sizeof(float) * M * TILE_COLUMNS);
    float *sums = scratch(thread, SLOT_PRODUCT, sizeof(float) * TILE_ROWS * TILE_COLUMNS);
    for (long k = 0; k < TILE_COLUMNS; k++) {
        const float *row = k < count ? a->w + row_of(a, from + k) * M : NULL;
        for (long m = 0; m < M; m++) turned[m * TILE_COLUMNS + k] = row ? row[m] : 0;
    }
    Product product = {.a = a->dout, .a_row = M, .segments = 1, .length = M, .b = turned, .b_step = TILE_COLUMNS};
    for (long n = 0, rows; n < a->s.examples; n += rows, product.a += rows * M) {
        rows = next_rows(a->s.examples - n);
        float *dx = a->dx + n * a->inputs + from;
        if (count == TILE_COLUMNS) {
            rows_tile((int)rows, product, dx, a->inputs, 0);
            continue;
        }
        rows_tile((int)rows, product, sums, TILE_COLUMNS, 0);
        for (long r = 0; r < rows; r++)
            memcpy(dx + r * a->inputs, sums + r * TILE_COLUMNS, sizeof(float) * (size_t)count);
    }
}

void nndl_affine_input_gradient(const AffineShape *s, const float *dout, const float *w, float *dx) {
    Affine a = affine_of(s);
    a.dout = dout, a.w = w, a.dx = dx;
    share(input_gradient_task, &a, (a.inputs + TILE_COLUMNS - 1) / TILE_COLUMNS);
}
