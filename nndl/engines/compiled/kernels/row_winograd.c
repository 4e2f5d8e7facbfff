/* Convolutions of few channels and wide windows (5 x 5, 7 x 7) of stride 1, forward, by Winograd's algorithm along the rows.

   Along its width a window of K numbers makes OUT = 9 - K outputs from 8 inputs: 8 products for 2 outputs of 7 x 7 (84 in all
   for each output in place of 147, a channel and filter), for 4 of 5 x 5 (20 in place of 25 x 2.5). Down the height and over
   channels it sums as direct convolution does. One dimension costs little: with 3 channels the transforms of images are
   nearly nothing, and the rounding of the points 0, 1, -1, 2, -2, 1/2, -1/2, infinity comes in once: in float32 about
   3e-6 of the largest output (direct sums: 5e-7); the tests hold it.

   A task is one image, or a band of its rows where there are fewer images than threads. Its padded columns lie one behind the other, (columns, rows, channels), so that a transformed column
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
    long bands, band;                  /* of an image; rows of outputs in one */
    long column, depth;                /* floats of a band's padded column; K C */
} Rows;

/* Add a tap's share in point p; or take its place, at infinity, where the last tap alone counts. */
ALWAYS_INLINE void add_tap(const float *w, const float *scale, long count, long p, double power, double *value) {
    for (long f = 0; f < count; f++) {
        float tap = w[f] * scale[f];
        value[f] = p == POINTS - 1 ? tap : value[f] + tap * power / DISTANCES[p];
    }
}

static void transform_filters(void *context, long panel, int thread) {
    (void)thread;
    const Rows *r = context;
    long K = r->shape->kernel, C = r->shape->channels, F = r->shape->filters, from = panel * PANEL;
    long count = smaller_of(PANEL, F - from);
    float scale[PANEL], *u = r->u + panel * POINTS * r->depth * PANEL;
    for (long f = 0; f < count; f++) scale[f] = r->finish->scale ? r->finish->scale[from + f] : 1;
    for (long p = 0; p < POINTS; p++)
        for (long i = 0; i < K; i++)
            for (long c = 0; c < C; c++, u += PANEL) {
                const float *w = r->w + (i * K * C + c) * F + from;
                double value[PANEL] = {0}, power = 1;
                for (long j = 0; j < K; j++, w += C * F) {
                    if (p < POINTS - 1) add_tap(w, scale, count, p, power, value), power *= POINT[p];
                    else add_tap(w, scale, count, POINTS - 1, 1, value);
                }
                for (long f = 0; f < PANEL; f++) u[f] = (float)value[f];
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

/* What the band from row `top` of an image needs, as padded columns, (columns, rows, C). */
static void lay_out_columns(const Rows *r, long n, long top, float *columns, long count) {
    const Shape *s = r->shape;
    long C = s->channels, plane = s->height * s->width, above = top - s->pad, below = above + r->band + s->kernel - 1;
    const float *x = r->x + n * plane * C;
    memset(columns, 0, sizeof(float) * (size_t)(count * r->column));
    for (long i = above > 0 ? above : 0; i < smaller_of(below, s->height); i++)
        for (long c = 0; c < C; c++) {
            const float *from = r->planar ? x + c * plane + i * s->width : x + i * s->width * C + c;
            float *to = columns + s->pad * r->column + (i - above) * C + c;
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

ALWAYS_INLINE void inverse_tile(const Rows *r, const float *m, long height, long t, float *y, const int out) {
    const Shape *s = r->shape;
    long plane = height * PANEL, columns = smaller_of(out, s->out_width - t * out);
    for (long i = 0; i < height; i++)
        for (long f = 0; f < PANEL; f += VL) {
            Vector points[POINTS], outputs[6];
            UNROLL for (int p = 0; p < POINTS; p++) points[p] = load(m + p * plane + i * PANEL + f);
            transform_product(points, out, outputs);
            UNROLL for (int j = 0; j < out; j++)
                if (j < columns) store(y + (i * s->out_width + t * out + j) * PANEL + f, outputs[j]);
        }
}

static void multiply_tile(const Rows *r, const float *v, long height, long panel, float *m) {
    for (long p = 0; p < POINTS; p++)
        for (long i = 0, rows; i < height; i += rows) {
            rows = next_rows(height - i);
            Product product = {.a = v + p * r->column + i * r->shape->channels, .a_row = r->shape->channels, .segments = 1,
                               .length = r->depth, .b = r->u + (panel * POINTS + p) * r->depth * PANEL, .b_step = PANEL};
            rows_tile((int)rows, product, m + (p * height + i) * PANEL, PANEL, 0);
        }
}

/* Finish a panel of a band as if it were an image by itself. */
static void finish_band(const Rows *r, long n, long top, long height, long panel, float *y) {
    Shape s = *r->shape;
    Finish finish = *r->finish;
    long pool = finish.pool ? finish.pool : 1, row = s.out_width * s.filters, pooled = s.out_width / pool * s.filters;
    long place = (n * (s.out_height / pool) + top / pool) * pooled;
    if (finish.y) finish.y += (n * s.out_height + top) * row;
    if (finish.best) finish.best += place;
    if (finish.index) finish.index += place;
    s.out_height = height;
    Block block = {.y = y, .last = 1, .from = panel * PANEL, .count = smaller_of(PANEL, s.filters - panel * PANEL)};
    finish_block(&s, &finish, block, r->sums + n * 2 * s.filters);
}

static void forward_band(void *context, long task, int thread) {
    const Rows *r = context;
    const Shape *s = r->shape;
    long n = task / r->bands, top = task % r->bands * r->band, height = smaller_of(r->band, s->out_height - top);
    long count = (r->across - 1) * r->out + POINTS;
    float *columns = scratch(thread, SLOT_IMAGE, sizeof(float) * (count * r->column + VL));
    float *v = scratch(thread, SLOT_COLUMNS, sizeof(float) * (r->across * POINTS * r->column + VL));
    float *m = scratch(thread, SLOT_PRODUCT, sizeof(float) * POINTS * r->band * PANEL);
    float *y = scratch(thread, SLOT_OUTPUT, sizeof(float) * r->band * s->out_width * PANEL);
    lay_out_columns(r, n, top, columns, count);
    for (long t = 0; t < r->across; t++) transform_tile(r, columns, t, v + t * POINTS * r->column);
    for (long panel = 0; panel < r->panels; panel++) {
        for (long t = 0; t < r->across; t++) {
            multiply_tile(r, v + t * POINTS * r->column, height, panel, m);
            if (r->out == 2) inverse_tile(r, m, height, t, y, 2);
            else if (r->out == 4) inverse_tile(r, m, height, t, y, 4);
            else inverse_tile(r, m, height, t, y, 6);
        }
        finish_band(r, n, top, height, panel, y);
    }
}

/* Bands are whole windows of the pooling. Sums are added up by the image, so that they do not depend on the threads. */
static void cut_into_bands(Rows *r) {
    const Shape *s = r->shape;
    long wanted = r->finish->sums ? 1 : (thread_count() + s->images - 1) / s->images;
    r->band = smaller_of(round_up((s->out_height + wanted - 1) / wanted, r->finish->pool ? r->finish->pool : 1), s->out_height);
    r->bands = (s->out_height + r->band - 1) / r->band;
}

/* Windows of 3 x 3, 5 x 5 or 7 x 7 and stride 1; planar: x is (N, C, H, W), as images come to a network. */
void nndl_row_winograd_forward(const Shape *s, const float *x, long planar, const float *w, const Finish *finish) {
    Rows r = {.shape = s, .finish = finish, .x = x, .w = w, .planar = planar, .depth = s->kernel * s->channels};
    r.panels = (s->filters + PANEL - 1) / PANEL;
    r.out = POINTS + 1 - s->kernel;
    r.across = (s->out_width + r.out - 1) / r.out;
    cut_into_bands(&r);
    r.column = round_up((r.band + s->kernel - 1) * s->channels, VL);
    r.u = scratch(SHARED, SLOT_FILTERS, sizeof(float) * r.panels * POINTS * r.depth * PANEL);
    r.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * s->images * s->filters);
    share(transform_filters, &r, r.panels);
    share(forward_band, &r, s->images * r.bands);
    add_up_blocks(s, finish, r.sums, s->images);
}
