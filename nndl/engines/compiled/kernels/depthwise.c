/* Depthwise convolution: each channel by a filter of its own, any window; images (N, H, W, C), filters (K, K', C).

   A number is multiplied 9 times by a 3 x 3 window, between being read and written once: memory is the bound, so nothing is laid
   out or packed. A vector holds channels, its multiply-adds run over the taps that lie inside the image. The way back to dx asks,
   for each pixel, which outputs it went into by which tap: the same sum over other taps. A task is one image.

   Outside the image the definition has zeros, and zero times a number that is not finite is NaN. So zero times each filter, its sum
   over the taps, is added to every output, and zero times dy to what a tap outside would have given to dw.

   dw: a task takes a range of images into sums of its own, (K, K', C), and these are added up in order. */

#include "grouped.h"
#include "threads.h"

/* The taps of a window, one way, that count at a place, and the rows (or columns) that they meet: evenly spaced, both. */
typedef struct { long count, tap, tap_step, at, at_step; } Taps;

static void add_tap(Taps *taps, long tap, long at) {
    if (taps->count == 0) taps->tap = tap, taps->at = at;
    if (taps->count == 1) taps->tap_step = tap - taps->tap, taps->at_step = at - taps->at;
    taps->count++;
}

/* Of output i: the pixels of its window. */
static Taps forward_taps(Way w, long i) {
    Taps taps = {0};
    for (long t = 0; t < w.size; t++) {
        long at = i * w.step - w.pad + t * w.dilation;
        if (at >= 0 && at < w.room) add_tap(&taps, t, at);
    }
    return taps;
}

/* Of pixel i: the outputs that it went into. */
static Taps backward_taps(Way w, long i) {
    Taps taps = {0};
    for (long t = 0; t < w.size; t++) {
        long at = i + w.pad - t * w.dilation;
        if (at >= 0 && at % w.step == 0 && at / w.step < w.out) add_tap(&taps, t, at / w.step);
    }
    return taps;
}

typedef struct {
    const GroupedShape *s;
    const float *x, *w, *base, *dy;  /* base (C): what sums begin with; or NULL: zeros */
    float *y, *dw, *parts;
    long back, tasks;
} Depthwise;

/* Where the first tap finds its pixel and its filter, and how far it is to the next one down and across. */
typedef struct { const float *x, *w; long x_down, x_across, w_down, w_across; } Places;

ALWAYS_INLINE Vector sum_of_taps(Places p, const long row_count, const long column_count, Vector sum, const long lanes) {
    for (long r = 0; r < row_count; r++)
        for (long q = 0; q < column_count; q++)
            sum += load_part(p.x + r * p.x_down + q * p.x_across, lanes) * load_part(p.w + r * p.w_down + q * p.w_across, lanes);
    return sum;
}

/* y (C) = base + the sum over rows and columns of x times w; x is an image `width` pixels wide. */
ALWAYS_INLINE void add_taps(const Depthwise *d, const float *x, long width, Taps rows, Taps columns, const long row_count,
                            const long column_count, float *restrict y) {
    const long C = d->s->channels, size = d->s->size_across;
    const float *base = d->base;
    Places p = {x + (rows.at * width + columns.at) * C, d->w + (rows.tap * size + columns.tap) * C, rows.at_step * width * C,
                columns.at_step * C, rows.tap_step * size * C, columns.tap_step * C};
    long c = 0;
    for (; c + VL <= C; c += VL, p.x += VL, p.w += VL)
        store(y + c, sum_of_taps(p, row_count, column_count, base ? load(base + c) : (Vector){}, VL));
    if (c == C) return;
    Vector begun = base ? load_part(base + c, C - c) : (Vector){};
    store_part(y + c, sum_of_taps(p, row_count, column_count, begun, C - c), C - c);
}

static void image_task(void *context, long n, int thread) {
    const Depthwise *d = context;
    const GroupedShape *s = d->s;
    Way from_down = down(s), from_across = across(s);
    long height = d->back ? s->height : s->out_height, width = d->back ? s->width : s->out_width;
    long x_height = d->back ? s->out_height : s->height, x_width = d->back ? s->out_width : s->width;
    const float *x = d->x + n * x_height * x_width * s->channels;
    float *y = d->y + n * height * width * s->channels;
    Taps *columns = scratch(thread, SLOT_ROWS, sizeof(Taps) * width);
    for (long j = 0; j < width; j++) columns[j] = d->back ? backward_taps(from_across, j) : forward_taps(from_across, j);
    for (long i = 0; i < height; i++) {
        Taps rows = d->back ? backward_taps(from_down, i) : forward_taps(from_down, i);
        for (long j = 0; j < width; j++, y += s->channels)
            if (rows.count == 3 && columns[j].count == 3) add_taps(d, x, x_width, rows, columns[j], 3, 3, y);
            else add_taps(d, x, x_width, rows, columns[j], rows.count, columns[j].count, y);
    }
}

/* y (N, H', W', C); bias may be NULL. */
void nndl_depthwise_forward(const GroupedShape *s, const float *x, const float *w, const float *bias, float *y) {
    float *base = scratch(SHARED, SLOT_SUMS, sizeof(float) * s->channels);
    for (long c = 0; c < s->channels; c++) {
        base[c] = bias ? bias[c] : 0;
        for (long tap = 0; tap < s->size_down * s->size_across; tap++) base[c] += 0 * w[tap * s->channels + c];
    }
    Depthwise d = {.s = s, .x = x, .w = w, .base = base, .y = y};
    share(image_task, &d, s->images);
}

void nndl_depthwise_input_gradient(const GroupedShape *s, const float *dy, const float *w, float *dx) {
    Depthwise d = {.s = s, .x = dy, .w = w, .y = dx, .back = 1};
    share(image_task, &d, s->images);
}

/* Weight gradient ------------------------------------------------------------------------------------------------ */

enum { CHAINS = 4, SLICES = 8 };  /* additions side by side; tasks to a thread, for an even load */

/* The sum over `count` outputs, C floats apart, of dy times x, whose pixels lie `step` floats apart. */
ALWAYS_INLINE Vector sum_along(const float *x, long step, const float *dy, long C, long count, const long lanes) {
    Vector sums[CHAINS] = {};
    long j = 0;
    for (; j + CHAINS <= count; j += CHAINS)
        UNROLL for (int k = 0; k < CHAINS; k++)
            sums[k] += load_part(x + (j + k) * step, lanes) * load_part(dy + (j + k) * C, lanes);
    for (; j < count; j++) sums[0] += load_part(x + j * step, lanes) * load_part(dy + j * C, lanes);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Add zero times `count` pixels of dy to part (C). */
static void add_outside(const float *dy, long C, long count, float *part) {
    for (long j = 0; j < count; j++, dy += C)
        for (long c = 0; c < C; c += VL) store_part(part + c, load_part(part + c, C - c) + 0.f * load_part(dy + c, C - c), C - c);
}

/* Add to part (C) what one tap across has of a row of x, or of zeros where it is NULL, and one of dy. */
static void add_row(const GroupedShape *s, const float *x, const float *dy, long tap, float *part) {
    long C = s->channels, begin = tap * s->dilation_across - s->pad_across, step = s->step_across;
    long first = begin < 0 ? (-begin + step - 1) / step : 0;
    long last = begin >= s->width ? 0 : smaller_of((s->width - 1 - begin) / step + 1, s->out_width);
    if (!x || first >= last) first = last = s->out_width;
    add_outside(dy, C, first, part);
    add_outside(dy + last * C, C, s->out_width - last, part);
    if (first == last) return;
    x += (first * step + begin) * C, dy += first * C;
    for (long c = 0; c + VL <= C; c += VL)
        store(part + c, load(part + c) + sum_along(x + c, step * C, dy + c, C, last - first, VL));
    long c = C / VL * VL;
    if (c == C) return;
    store_part(part + c, load_part(part + c, C - c) + sum_along(x + c, step * C, dy + c, C, last - first, C - c), C - c);
}

static void gradient_task(void *context, long task, int thread) {
    (void)thread;
    const Depthwise *d = context;
    const GroupedShape *s = d->s;
    long C = s->channels, taps = s->size_down * s->size_across;
    float *part = d->parts + task * taps * C;
    memset(part, 0, sizeof(float) * (size_t)(taps * C));
    for (long n = s->images * task / d->tasks; n < s->images * (task + 1) / d->tasks; n++)
        for (long i = 0; i < s->out_height; i++) {
            const float *dy = d->dy + (n * s->out_height + i) * s->out_width * C;
            for (long a = 0; a < s->size_down; a++) {
                long row = i * s->step_down - s->pad_down + a * s->dilation_down;
                const float *x = row >= 0 && row < s->height ? d->x + (n * s->height + row) * s->width * C : NULL;
                for (long b = 0; b < s->size_across; b++) add_row(s, x, dy, b, part + (a * s->size_across + b) * C);
            }
        }
}

void nndl_depthwise_weight_gradient(const GroupedShape *s, const float *x, const float *dy, float *dw) {
    Depthwise d = {.s = s, .x = x, .dy = dy, .dw = dw, .tasks = smaller_of(s->images, thread_count() * SLICES)};
    long size = s->size_down * s->size_across * s->channels;
    d.parts = scratch(SHARED, SLOT_PARTS, sizeof(float) * d.tasks * size);
    share(gradient_task, &d, d.tasks);
    for (long i = 0; i < size; i++) {
        dw[i] = 0;
        for (long task = 0; task < d.tasks; task++) dw[i] += d.parts[task * size + i];
    }
}
