/* Pooling by windows of any sides, steps and padding, and over whole images; images lie channels last.

   Pixels outside the image are in no window. The way back asks, for each pixel, which windows it stands in, so that every number
   of dx is written once; they are added up from the last to the first, as the vectorised engine adds up the places of a window. A
   task is one image. */

#include "pool.h"
#include "threads.h"

typedef struct {
    const PoolShape *s;
    const float *x, *dout;
    float *out, *dx;
    const uint8_t *from;
    uint8_t *index;
} Pool;

typedef struct { long first, last; } Range;

ALWAYS_INLINE long larger_of(long a, long b) { return a > b ? a : b; }

/* The rows (or columns) of the image that window i covers; the window begins at i stride - pad. */
ALWAYS_INLINE Range covered(long i, long size, long stride, long pad, long room) {
    long begin = i * stride - pad;
    return (Range){larger_of(begin, 0), smaller_of(begin + size, room)};
}

/* The windows that row (or column) i stands in. */
ALWAYS_INLINE Range windows_of(long i, long size, long stride, long pad, long count) {
    long behind = i + pad - size;  /* windows that begin up to here have ended */
    return (Range){behind < 0 ? 0 : behind / stride + 1, smaller_of((i + pad) / stride + 1, count)};
}

ALWAYS_INLINE Range rows_of(const PoolShape *s, long i) { return covered(i, s->size_down, s->step_down, s->pad_down, s->height); }

ALWAYS_INLINE Range columns_of(const PoolShape *s, long j) {
    return covered(j, s->size_across, s->step_across, s->pad_across, s->width);
}

/* The number of a pixel in the window of output (i, j), counted in rows. */
ALWAYS_INLINE int32_t place_in(const PoolShape *s, long i, long j, long row, long column) {
    return (int32_t)((row - i * s->step_down + s->pad_down) * s->size_across + column - j * s->step_across + s->pad_across);
}

ALWAYS_INLINE float share_of(Range rows, Range columns) {
    return 1.f / (float)((rows.last - rows.first) * (columns.last - columns.first));
}

/* x: the image, `out` and `index` (or NULL): the pixel of output (i, j). From the last to the first, so that the one that stands
   before takes the place of its equals, and a NaN that of everything. */
static void max_of_window(const PoolShape *s, const float *x, long i, long j, float *out, uint8_t *index) {
    Range rows = rows_of(s, i), columns = columns_of(s, j);
    for (long c = 0, C = s->channels; c < C; c += VL) {
        long last = (rows.last - 1) * s->width + columns.last - 1;
        Vector best = load_part(x + last * C + c, C - c);
        Mask place = (Mask){} + place_in(s, i, j, rows.last - 1, columns.last - 1);
        for (long row = rows.last - 1; row >= rows.first; row--)
            for (long column = columns.last - 1; column >= columns.first; column--) {
                Vector v = load_part(x + (row * s->width + column) * C + c, C - c);
                Mask better = (v >= best) | (v != v);
                best = choose(better, v, best);
                place = choose_mask(better, (Mask){} + place_in(s, i, j, row, column), place);
            }
        store_part(out + c, best, C - c);
        if (index) store_bytes(index + c, place, C - c);
    }
}

static void mean_of_window(const PoolShape *s, const float *x, long i, long j, float *out) {
    Range rows = rows_of(s, i), columns = columns_of(s, j);
    float share = share_of(rows, columns);
    for (long c = 0, C = s->channels; c < C; c += VL) {
        Vector sum = {};
        for (long row = rows.first; row < rows.last; row++)
            for (long column = columns.first; column < columns.last; column++)
                sum += load_part(x + (row * s->width + column) * C + c, C - c);
        store_part(out + c, sum * share, C - c);
    }
}

static void pool_image(void *context, long n, int thread) {
    (void)thread;
    const Pool *p = context;
    const PoolShape *s = p->s;
    const float *x = p->x + n * s->height * s->width * s->channels;
    for (long i = 0; i < s->out_height; i++)
        for (long j = 0; j < s->out_width; j++) {
            long at = ((n * s->out_height + i) * s->out_width + j) * s->channels;
            if (p->from) max_of_window(s, x, i, j, p->out + at, p->index ? p->index + at : NULL);
            else mean_of_window(s, x, i, j, p->out + at);
        }
}

/* dx of the pixel (row, column) of image n. */
static void back_to_pixel(const Pool *p, long n, long row, long column, float *dx) {
    const PoolShape *s = p->s;
    Range down = windows_of(row, s->size_down, s->step_down, s->pad_down, s->out_height);
    Range across = windows_of(column, s->size_across, s->step_across, s->pad_across, s->out_width);
    for (long c = 0, C = s->channels; c < C; c += VL) {
        Vector sum = {};
        for (long i = down.last - 1; i >= down.first; i--)
            for (long j = across.last - 1; j >= across.first; j--) {
                long at = ((n * s->out_height + i) * s->out_width + j) * C + c;
                Vector g = load_part(p->dout + at, C - c);
                if (p->from) sum += keep(load_bytes(p->from + at, C - c) == (Mask){} + place_in(s, i, j, row, column), g);
                else sum += g * share_of(rows_of(s, i), columns_of(s, j));
            }
        store_part(dx + c, sum, C - c);
    }
}

static void back_to_image(void *context, long n, int thread) {
    (void)thread;
    const Pool *p = context;
    const PoolShape *s = p->s;
    float *dx = p->dx + n * s->height * s->width * s->channels;
    for (long row = 0; row < s->height; row++)
        for (long column = 0; column < s->width; column++, dx += s->channels) back_to_pixel(p, n, row, column, dx);
}

/* out (N, H', W', C), and index, the places of the maxima in their windows, unless it is NULL. */
void nndl_max_pool(const PoolShape *s, const float *x, float *out, uint8_t *index) {
    Pool p = {.s = s, .x = x, .out = out, .index = index, .from = (const uint8_t *)x};
    share(pool_image, &p, s->images);
}

void nndl_max_pool_backward(const PoolShape *s, const float *dout, const uint8_t *index, float *dx) {
    Pool p = {.s = s, .dout = dout, .from = index, .dx = dx};
    share(back_to_image, &p, s->images);
}

void nndl_avg_pool(const PoolShape *s, const float *x, float *out) {
    Pool p = {.s = s, .x = x, .out = out};
    share(pool_image, &p, s->images);
}

void nndl_avg_pool_backward(const PoolShape *s, const float *dout, float *dx) {
    Pool p = {.s = s, .dout = dout, .dx = dx};
    share(back_to_image, &p, s->images);
}

/* Whole images --------------------------------------------------------------------------------------------------- */

typedef struct {
    long pixels, channels;
    const float *x, *dout;
    const int32_t *from;
    int32_t *index;
    float *out, *dx;
} Whole;

static void max_of_image(void *context, long n, int thread) {
    (void)thread;
    const Whole *w = context;
    for (long c = 0, C = w->channels; c < C; c += VL) {
        const float *x = w->x + n * w->pixels * C + c;
        Vector best = load_part(x + (w->pixels - 1) * C, C - c);
        Mask place = (Mask){} + (int32_t)(w->pixels - 1);
        for (long p = w->pixels - 1; p >= 0; p--) {
            Vector v = load_part(x + p * C, C - c);
            Mask better = (v >= best) | (v != v);
            best = choose(better, v, best);
            place = choose_mask(better, (Mask){} + (int32_t)p, place);
        }
        store_part(w->out + n * C + c, best, C - c);
        store_part((float *)w->index + n * C + c, (Vector)place, C - c);
    }
}

static void back_to_maxima(void *context, long n, int thread) {
    (void)thread;
    const Whole *w = context;
    for (long p = 0, C = w->channels; p < w->pixels; p++)
        for (long c = 0; c < C; c += VL) {
            Mask place = (Mask)load_part((const float *)w->from + n * C + c, C - c);
            Vector g = keep(place == (Mask){} + (int32_t)p, load_part(w->dout + n * C + c, C - c));
            store_part(w->dx + (n * w->pixels + p) * C + c, g, C - c);
        }
}

/* out (N, C), the largest of each channel, and index, its pixel; x (N, pixels, C). */
void nndl_global_max(long images, long pixels, long channels, const float *x, float *out, int32_t *index) {
    Whole w = {.pixels = pixels, .channels = channels, .x = x, .out = out, .index = index};
    share(max_of_image, &w, images);
}

void nndl_global_max_backward(long images, long pixels, long channels, const float *dout, const int32_t *index, float *dx) {
    Whole w = {.pixels = pixels, .channels = channels, .dout = dout, .from = index, .dx = dx};
    share(back_to_maxima, &w, images);
}
