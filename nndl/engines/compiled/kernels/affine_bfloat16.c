/* The affine layer's three products in bfloat16 with float32 sums; affine.c has the orders and the float32 ones.

   Loop orders and sizes are the same; what is copied to lie close is rounded on the way. x, w, dout and all results stay
   float32: nothing but the factors of the products is rounded. */

#ifdef __AVX512BF16__

#include "affine.h"
#include "bfloat16.h"
#include "threads.h"

enum { CLOSE_ROW = DEPTH + 2 * LINE, PAIR_ROW = 2 * (WIDTH + LINE) };  /* bfloat16s between rows */

/* Rows k up to k + depth of w in panels, (panels, pairs of k, width, 2). */
static void pack_weights(const Affine *a, long k, long depth, BFloat16 *packed) {
    long M = a->s.outputs;
    for (long i = 0; i < depth; i += 2) {
        const float *even = a->w + row_of(a, k + i) * M, *odd = i + 1 < depth ? a->w + row_of(a, k + i + 1) * M : NULL;
        for (long f = 0; f < a->columns; f += VL) {
            long panel = f / TILE_COLUMNS * TILE_COLUMNS, width = width_of(a->columns, panel);
            BFloat16 *to = packed + 2 * (panel * pairs_of(depth) + i / 2 * width + f - panel);
            store_pairs(to, load_part(even + f, M - f), odd ? load_part(odd + f, M - f) : (Vector){});
        }
    }
}

static void round_rows(const float *from, long from_row, BFloat16 *to, long to_row, long rows, long floats) {
    for (long r = 0; r < rows; r++)
        for (long i = 0; i < floats; i += VL) store_rounded(to + r * to_row + i, load_part(from + r * from_row + i, floats - i));
}

static void forward_task(void *context, long task, int thread) {
    const Affine *a = context;
    long first = task / a->slices * EXAMPLES, rows = smaller_of(EXAMPLES, a->s.examples - first), slice = task % a->slices;
    BFloat16 *close = scratch(thread, SLOT_ROWS, sizeof(BFloat16) * EXAMPLES * CLOSE_ROW);
    BFloat16 *packed = scratch(thread, SLOT_PACKED, sizeof(BFloat16) * DEPTH * a->columns);
    float *sums = a->sums + (slice * a->s.examples + first) * a->columns;
    long begin = a->inputs * slice / a->slices, end = a->inputs * (slice + 1) / a->slices;
    for (long k = begin; k < end; k += DEPTH) {
        long depth = smaller_of(DEPTH, end - k), pairs = pairs_of(depth);
        round_rows(a->x + first * a->inputs + k, a->inputs, close, CLOSE_ROW, rows, depth);
        pack_weights(a, k, depth, packed);
        for (long f = 0; f < a->columns; f += TILE_COLUMNS) {
            long width = width_of(a->columns, f);
            PairProduct product = {.a = close, .a_row = CLOSE_ROW, .a_step = 2, .segments = 1, .pairs = pairs,
                                   .b = packed + 2 * f * pairs, .b_step = 2 * width, .narrow = width == VL};
            for (long r = 0, height; r < rows; r += height, product.a += height * CLOSE_ROW) {
                height = next_rows(rows - r);
                pair_tile((int)height, product, sums + r * a->columns + f, a->columns, k > begin);
            }
        }
    }
}

void nndl_affine_forward_bfloat16(const AffineShape *s, const float *x, const float *w, const float *bias, long relu,
                                  float *out) {
    Affine a = affine_of(s);
    a.x = x, a.w = w, a.bias = bias, a.relu = relu, a.out = out;
    run_affine_forward(&a, forward_task);
}

/* Weight gradient ------------------------------------------------------------------------------------------------ */

/* Rows of `floats` numbers as pairs of rows, (rows / 2, floats, 2). */
static void pair_rows(const float *from, long from_row, BFloat16 *to, long to_row, long rows, long floats) {
    for (long r = 0; r < rows; r += 2)
        for (long i = 0; i < floats; i += VL) {
            const float *even = from + r * from_row + i;
            Vector odd = r + 1 < rows ? load_part(even + from_row, floats - i) : (Vector){};
            store_pairs(to + r / 2 * to_row + 2 * i, load_part(even, floats - i), odd);
        }
}

static void weight_gradient_task(void *context, long task, int thread) {
    const Affine *a = context;
    long from = task * WIDTH, count = smaller_of(WIDTH, a->inputs - from), M = a->s.outputs;
    const BFloat16 *packed = a->packed;
    BFloat16 *close = scratch(thread, SLOT_ROWS, sizeof(BFloat16) * EXAMPLES / 2 * PAIR_ROW);
    float *sums = scratch(thread, SLOT_PRODUCT, sizeof(float) * WIDTH * a->columns);
    for (long n = 0; n < a->s.examples; n += EXAMPLES) {
        long examples = smaller_of(EXAMPLES, a->s.examples - n);
        pair_rows(a->x + n * a->inputs + from, a->inputs, close, PAIR_ROW, examples, count);
        for (long f = 0; f < a->columns; f += TILE_COLUMNS) {
            long width = width_of(a->columns, f);
            PairProduct product = {.a_row = 2, .a_step = PAIR_ROW, .segments = 1, .pairs = pairs_of(examples),
                                   .b = packed + 2 * (f * pairs_of(a->s.examples) + n / 2 * width), .b_step = 2 * width,
                                   .narrow = width == VL};
            for (long k = 0, rows; k < count; k += rows) {
                rows = next_rows(count - k);
                product.a = close + 2 * k;
                pair_tile((int)rows, product, sums + k * a->columns + f, a->columns, n > 0);
            }
        }
    }
    for (long k = 0; k < count; k++)
        memcpy(a->dw + row_of(a, from + k) * M, sums + k * a->columns, sizeof(float) * (size_t)M);
}

void nndl_affine_weight_gradient_bfloat16(const AffineShape *s, const float *x, const float *dout, float *dw) {
    Affine a = affine_of(s);
    long N = s->examples, M = s->outputs;
    a.x = x, a.dw = dw;
    BFloat16 *packed = a.packed = scratch(SHARED, SLOT_PANELS, sizeof(BFloat16) * 2 * a.columns * pairs_of(N));
    for (long f = 0; f < a.columns; f += TILE_COLUMNS) {
        long width = width_of(a.columns, f);
        pair_rows(dout + f, M, packed + 2 * f * pairs_of(N), 2 * width, N, smaller_of(width, M - f));
    }
    share(weight_gradient_task, &a, (a.inputs + WIDTH - 1) / WIDTH);
}

/* Input gradient ------------------------------------------------------------------------------------------------- */

static void input_gradient_task(void *context, long task, int thread) {
    const Affine *a = context;
    long M = a->s.outputs, pairs = pairs_of(M), from = task * WIDTH, count = smaller_of(WIDTH, a->inputs - from);
    const BFloat16 *dout = a->packed;
    BFloat16 *row = scratch(thread, SLOT_ROUNDED, sizeof(BFloat16) * a->columns);
    uint32_t *turned = scratch(thread, SLOT_ROWS, sizeof(uint32_t) * pairs * WIDTH);
    float *rim = scratch(thread, SLOT_PRODUCT, sizeof(float) * TILE_ROWS * TILE_COLUMNS);
    memset(turned, 0, sizeof(uint32_t) * (size_t)(pairs * WIDTH));
    for (long k = 0; k < count; k++) {
        round_rows(a->w + row_of(a, from + k) * M, M, row, a->columns, 1, M);
        for (long m = 0; m < pairs; m++) memcpy(turned + m * WIDTH + k, row + 2 * m, sizeof(uint32_t));
    }
    for (long n = 0, rows; n < a->s.examples; n += rows) {
        rows = next_rows(a->s.examples - n);
        for (long k = 0; k < count; k += TILE_COLUMNS) {
            PairProduct product = {.a = dout + n * a->columns, .a_row = a->columns, .a_step = 2, .segments = 1, .pairs = pairs,
                                   .b = (const BFloat16 *)(turned + k), .b_step = 2 * WIDTH};
            float *dx = a->dx + n * a->inputs + from + k;
            if (count - k >= TILE_COLUMNS) {
                pair_tile((int)rows, product, dx, a->inputs, 0);
            } else {
                pair_tile((int)rows, product, rim, TILE_COLUMNS, 0);
                copy_rows(rim, TILE_COLUMNS, dx, a->inputs, rows, count - k);
            }
        }
    }
}

void nndl_affine_input_gradient_bfloat16(const AffineShape *s, const float *dout, const float *w, float *dx) {
    Affine a = affine_of(s);
    a.w = w, a.dx = dx;
    BFloat16 *packed = a.packed = scratch(SHARED, SLOT_PANELS, sizeof(BFloat16) * a.columns * s->examples);
    round_rows(dout, s->outputs, packed, a.columns, s->examples, s->outputs);
    share(input_gradient_task, &a, (a.inputs + WIDTH - 1) / WIDTH);
}

#else
typedef int nothing_here;  /* a file of C is not to be empty */
#endif
