/* Convolutions of few channels and wide windows (5 x 5, 7 x 7) of stride 1, forward, by Winograd's algorithm along the rows.

   Along its width a window of K numbers makes OUT = 9 - K outputs from 8 inputs: 8 products for 2 outputs of 7 x 7 (84 in all
   for each output in place of 147, a channel and filter), for 4 of 5 x 5 (20 in place of 25 x 2.5). Down the height and over
   channels it sums as direct convolution does. One dimension costs little: with 3 channels the transforms of images are
   nearly nothing, and the rounding of the points 0, 1, -1, 2, -2, 1/2, -1/2, infinity comes in once: in float32 about
   3e-6 of the largest output (direct sums: 5e-7); the tests hold it.

   A task is one image. Its padded columns lie one behind the other, (columns, rows, channels), so that a transformed column
   takes a row of a window for granted: K C numbers in a row. For each column of tiles, 8 products on neighbouring rows
   of outputs (K C deep, 2 VL filters), 32 KB for 32 rows; then the inverse transform to a block in the cache, which is finished
   as direct.c's. U, 8 x K C x 2 VL, stays in the first-level cache. */

#include "convolution.h"
#include "threads.h"
#include "tile.h"

enum { POINTS = 8 };

/* G: the filter's values at each point, over the product of the point's distances to the others. */
static const double POINT[POINTS - 1] = {0, 1, -1, 2, -2, 0.5, -0.5};
static const double DISTANCES[POINTS - 1] = {-1, -4.5, -4.5, 90, 90, 1.40625, 1.40625};

typedef struct {
    const Shape *shape;
    const Finish *finish;
    const float *x, *w;
    float *u, *sums;   /* u: (panels, 8, K, C, 2 VL) */
    long planar, panels, out, across;  /* outputs of a tile, tiles of a row */
    long rows, column, depth;          /* padded rows; floats of a padded column; K C */
} Rows;

static void transform_filters(void *context, long panel, int thread) {
    (void)thread;
    const Rows *r = context;
    long K = r->shape->kernel, C = r->shape->channels, F = r->shape->filters;
    for (long p = 0; p < POINTS; p++)
        for (long i = 0; i < K; i++)
            for (long c = 0; c < C; c++)
                for (long f = 0; f < PANEL; f++) {
                    double value = 0, power = 1;
                    for (long j = 0; panel * PANEL + f < F && j < K; j++) {
                        double w = r->w[((i * K + j) * C + c) * F + panel * PANEL + f];
                        if (p == POINTS - 1) value = w;
                        else value += w * power / DISTANCES[p], power *= POINT[p];
                    }
                    r->u[((panel * POINTS + p) * r->depth + i * C + c) * PANEL + f] = (float)value;
                }
}

/* B' d for eight vectors. */
ALWAYS_INLINE void transform_columns(Vector d[POINTS]) {
    Vector zero = d[6] - d[0] + 5.25f * (d[2] - d[4]), infinity = d[7] - d[1] + 5.25f * (d[3] - d[5]);
    Vector even1 = d[2] + d[6] - 4.25f * d[4], odd1 = d[1] + d[5] - 4.25f * d[3];
    Vector even2 = d[6] + 0.25f * d[2] - 1.25f * d[4], odd2 = 0.5f * d[1] - 2.5f * d[3] + 2.f * d[5];
    Vector even3 = d[6] + 4.f * d[2] - 5.f * d[4], odd3 = 2.f * d[1] - 2.5f * d[3] + 0.5f * d[5];
    d[0] = zero, d[1] = even1 + odd1, d[2] = even1 - odd1, d[3] = even2 + odd2, d[4] = even2 - odd2;
    d[5] = even3 + odd3, d[6] = even3 - odd3, d[7] = infinity;
}

/* A' m: eight vectors to `out`. */
ALWAYS_INLINE void transform_product(const Vector m[POINTS], const int out, Vector y[]) {
    Vector sum1 = m[1] + m[2], sum2 = m[3] + m[4], sum3 = m[5] + m[6];
    Vector step1 = m[1] - m[2], step2 = m[3] - m[4], step3 = m[5] - m[6];
    UNROLL for (int j = 0; j < out; j++) {
        float power = (float)(1 << j);
        y[j] = j % 2 ? step1 + power * step2 + 1 / power * step3 : sum1 + power * sum2 + 1 / power * sum3;
    }
    y[0] += m[0], y[out - 1] += m[POINTS - 1];
}

/* An image as padded columns, (columns, rows, C). */
static void lay_out_columns(const Rows *r, long n, float *columns, long count) {
    const Shape *s = r->shape;
    long C = s->channels, plane = s->height * s->width;
    const float *x = r->x + n * plane * C;
    memset(columns, 0, sizeof(float) * (size_t)(count * r->column));
    for (long i = 0; i < s->height; i++)
        for (long c = 0; c < C; c++) {
            const float *from = r->planar ? x + c * plane + i * s->width : x + i * s->width * C + c;
            float *to = columns + s->pad * r->column + (i + s->pad) * C + c;
            for (long j = 0; j < s->width; j++) to[j * r->column] = from[j * (r->planar ? 1 : C)];
        }
}

/* Transformed columns of tile t, (8, rows, C). */
static void transform_tile(const Rows *r, const float *columns, long t, float *v) {
    for (long i = 0; i < r->column; i += VL) {
        Vector d[POINTS];
        UNROLL for (int j = 0; j < POINTS; j++) d[j] = load(columns + (t * r->out + j) * r->column + i);
        transform_columns(d);
        UNROLL for (int p = 0; p < POINTS; p++) store(v + p * r->column + i, d[p]);
    }
}

ALWAYS_INLINE void inverse_tile(const Rows *r, const float *m, long t, float *y, const int out) {
    const Shape *s = r->shape;
    long plane = s->out_height * PANEL, columns = smaller_of(out, s->out_width - t * out);
    for (long i = 0; i < s->out_height; i++)
        for (long f = 0; f < PANEL; f += VL) {
            Vector points[POINTS], outputs[6];
            UNROLL for (int p = 0; p < POINTS; p++) points[p] = load(m + p * plane + i * PANEL + f);
            transform_product(points, out, outputs);
            UNROLL for (int j = 0; j < out; j++)
                if (j < columns) store(y + (i * s->out_width + t * out + j) * PANEL + f, outputs[j]);
        }
}

static void multiply_tile(const Rows *r, const float *v, long panel, float *m) {
    long height = r->shape->out_height;
    for (long p = 0; p < POINTS; p++)
        for (long i = 0, rows; i < height; i += rows) {
            rows = next_rows(height - i);
            Product product = {.a = v + p * r->column + i * r->shape->channels, .a_row = r->shape->channels, .segments = 1,
                               .length = r->depth, .b = r->u + (panel * POINTS + p) * r->depth * PANEL, .b_step = PANEL};
            rows_tile((int)rows, product, m + (p * height + i) * PANEL, PANEL, 0);
        }
}

static void forward_image(void *context, long n, int thread) {
    const Rows *r = context;
    const Shape *s = r->shape;
    long count = (r->across - 1) * r->out + POINTS;
    float *columns = scratch(thread, SLOT_IMAGE, sizeof(float) * (count * r->column + VL));
    float *v = scratch(thread, SLOT_COLUMNS, sizeof(float) * (r->across * POINTS * r->column + VL));
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * POINTS * s->out_height * PANEL);
    float *y = scratch(thread, SLOT_OUTPUT, sizeof(float) * s->out_height * s->out_width * PANEL);
    lay_out_columns(r, n, columns, count);
    for (long t = 0; t < r->across; t++) transform_tile(r, columns, t, v + t * POINTS * r->column);
    for (long panel = 0; panel < r->panels; panel++) {
        for (long t = 0; t < r->across; t++) {
            multiply_tile(r, v + t * POINTS * r->column, panel, m);
            if (r->out == 2) inverse_tile(r, m, t, y, 2);
            else if (r->out == 4) inverse_tile(r, m, t, y, 4);
            else inverse_tile(r, m, t, y, 6);
        }
        long from = panel * PANEL;
        Block block = {.y = y, .first = n, .last = n + 1, .from = from, .count = smaller_of(PANEL, s->filters - from)};
        finish_block(s, r->finish, block, r->sums + n * 2 * s->filters);
    }
}

/* Windows of 3 x 3, 5 x 5 or 7 x 7 and stride 1; planar: x is (N, C, H, W), as images come to a network. */
void nndl_row_winograd_forward(const Shape *s, const float *x, long planar, const float *w, const Finish *finish) {
    Rows r = {.shape = s, .finish = finish, .x = x, .w = w, .planar = planar, .depth = s->kernel * s->channels};
    r.panels = (s->filters + PANEL - 1) / PANEL;
    r.out = POINTS + 1 - s->kernel;
    r.across = (s->out_width + r.out - 1) / r.out;
    r.rows = s->height + 2 * s->pad;
    r.column = round_up(r.rows * s->channels, VL);
    r.u = scratch(SHARED, SLOT_FILTERS, sizeof(float) * r.panels * POINTS * r.depth * PANEL);
    r.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * s->images * s->filters);
    share(transform_filters, &r, r.panels);
    share(forward_image, &r, s->images);
    add_up_blocks(s, finish, r.sums, s->images);
}
