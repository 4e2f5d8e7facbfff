/* Depthwise convolution: each channel by a filter of its own, any window; images (N, H, W, C), filters (K, K', C).

   A number is multiplied 9 times by a 3 x 3 window, between being read and written once: memory is the bound, so nothing is laid
   out or packed. A vector holds channels, its multiply-adds run over the taps that lie inside the image. The way back to dx asks,
   for each pixel, which outputs it went into by which tap: the same sum over other taps. A task is one image.

   Outside the image the definition has zeros, and zero times a number that is not finite is NaN. So zero times each filter, its sum
   over the taps, is added to every output, and zero times dy to what a tap outside would have given to dw.

   Runs of pixels that see a whole window across, of 3 x 3, keep the filters of VL channels, or the sums of dw, in registers.

   Back, a task takes a range of images: a row of dx and what the same rows have for dw, one behind the other, while these are in the
   cache. It adds dw up in sums of its own, (K, K', C), and these are added up in order. */

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
    const float *nothing;            /* a pixel of zeros */
    float *y, *dx, *parts;           /* dx, parts: or NULL */
    long tasks, streams;             /* streams: whole vectors are written past the cache */
} Depthwise;

enum { CACHED = 4 << 20, LINE = 16 };  /* bytes of results that may be found in the cache by whoever reads them; floats of a line */

/* Tell whether `pixels` of results go past the cache. */
static int streams_to(const GroupedShape *s, const float *y, long pixels) {
    return pixels * s->channels * (long)sizeof(float) > CACHED && s->channels % VL == 0 && (uintptr_t)y % sizeof(Vector) == 0;
}

/* Ask for a row, whose pixels are then read some channels at a time, further apart than the processor looks by itself. */
static void prefetch_row(const float *row, long floats) {
    for (long i = 0; i < floats; i += LINE) __builtin_prefetch(row + i, 0, 2);
}

/* Where the first tap finds its pixel and its filter, and how far it is to the next one down and across. */
typedef struct { const float *x, *w; long x_down, x_across, w_down, w_across; } Places;

ALWAYS_INLINE Vector sum_of_taps(Places p, const long row_count, const long column_count, Vector sum, const long lanes) {
    for (long r = 0; r < row_count; r++)
        for (long q = 0; q < column_count; q++)
            sum += load_part(p.x + r * p.x_down + q * p.x_across, lanes) * load_part(p.w + r * p.w_down + q * p.w_across, lanes);
    return sum;
}

/* Of an output: x is an image `width` pixels wide. */
static Places places_of(const Depthwise *d, const float *x, long width, Taps rows, Taps columns) {
    long C = d->s->channels, size = d->s->size_across;
    return (Places){x + (rows.at * width + columns.at) * C, d->w + (rows.tap * size + columns.tap) * C, rows.at_step * width * C,
                    columns.at_step * C, rows.tap_step * size * C, columns.tap_step * C};
}

/* y (C) = base + the sum over rows and columns of x times w. */
ALWAYS_INLINE void add_taps(const Depthwise *d, Places p, const long row_count, const long column_count, float *restrict y) {
    const long C = d->s->channels;
    const float *base = d->base;
    long c = 0;
    for (; c + VL <= C; c += VL, p.x += VL, p.w += VL)
        store(y + c, sum_of_taps(p, row_count, column_count, base ? load(base + c) : (Vector){}, VL));
    if (c == C) return;
    Vector begun = base ? load_part(base + c, C - c) : (Vector){};
    store_part(y + c, sum_of_taps(p, row_count, column_count, begun, C - c), C - c);
}

/* `count` outputs of a row, one behind the other, of windows 3 pixels wide and `row_count` high that lie C floats apart. */
ALWAYS_INLINE void run_of_taps(const Depthwise *d, Places p, const long row_count, long count, float *restrict y) {
    const float *base = d->base;
    const long C = d->s->channels, streams = d->streams;
    for (long c = 0; c + VL <= C; c += VL) {
        Vector w[3][3], begun = base ? load(base + c) : (Vector){};
        UNROLL for (int r = 0; r < row_count; r++)
            UNROLL for (int q = 0; q < 3; q++) w[r][q] = load(p.w + c + r * p.w_down + q * p.w_across);
        const float *x = p.x + c;
        float *to = y + c;
        for (long j = 0; j < count; j++, x += C, to += C) {
            Vector sum = begun;
            UNROLL for (int r = 0; r < row_count; r++)
                UNROLL for (int q = 0; q < 3; q++) sum += load(x + r * p.x_down + q * p.x_across) * w[r][q];
            if (streams) stream(to, sum);
            else store(to, sum);
        }
    }
}

/* One row of outputs (forward) or of dx (back), from x or dy: an image `width` pixels wide. */
typedef struct { const float *x; float *y; long width, count; const Taps *columns; Taps rows; } Row;

/* The outputs behind j that see the same taps across, each a pixel further on. */
static long alike(const Row *row, long j) {
    long i = j + 1;
    while (i < row->count && row->columns[i].count == 3 && row->columns[i].at == row->columns[i - 1].at + 1 &&
           row->columns[i].tap == row->columns[j].tap && row->columns[i].at_step == row->columns[j].at_step) i++;
    return i - j;
}

static void write_row(const Depthwise *d, Row row) {
    const long C = d->s->channels;
    for (long j = 0, count; j < row.count; j += count) {
        Taps across = row.columns[j];
        count = across.count == 3 && (row.rows.count == 2 || row.rows.count == 3) && C % VL == 0 ? alike(&row, j) : 1;
        float *y = row.y + j * C;
        Places p = places_of(d, row.x, row.width, row.rows, across);
        if (count > 1 && row.rows.count == 3) run_of_taps(d, p, 3, count, y);
        else if (count > 1) run_of_taps(d, p, 2, count, y);
        else if (row.rows.count == 3 && across.count == 3) add_taps(d, p, 3, 3, y);
        else add_taps(d, p, row.rows.count, across.count, y);
    }
}

static void image_task(void *context, long n, int thread) {
    const Depthwise *d = context;
    const GroupedShape *s = d->s;
    Taps *columns = scratch(thread, SLOT_ROWS, sizeof(Taps) * s->out_width);
    for (long j = 0; j < s->out_width; j++) columns[j] = forward_taps(across(s), j);
    Row row = {d->x + n * s->height * s->width * s->channels, d->y + n * s->out_height * s->out_width * s->channels, s->width,
               s->out_width, columns, {0}};
    for (long i = 0; i < s->out_height; i++, row.y += s->out_width * s->channels) {
        row.rows = forward_taps(down(s), i);
        long ahead = smaller_of(i * s->step_down + s->size_down, s->height - 1), floats = s->width * s->channels;
        prefetch_row(row.x + ahead * floats, floats);
        write_row(d, row);
    }
    finish_streaming();
}

/* y (N, H', W', C); bias may be NULL. */
void nndl_depthwise_forward(const GroupedShape *s, const float *x, const float *w, const float *bias, float *y) {
    float *base = scratch(SHARED, SLOT_SUMS, sizeof(float) * s->channels);
    for (long c = 0; c < s->channels; c++) {
        base[c] = bias ? bias[c] : 0;
        for (long tap = 0; tap < s->size_down * s->size_across; tap++) base[c] += 0 * w[tap * s->channels + c];
    }
    Depthwise d = {.s = s, .x = x, .w = w, .base = base, .y = y};
    d.streams = streams_to(s, y, s->images * s->out_height * s->out_width);
    share(image_task, &d, s->images);
}

/* Backward ------------------------------------------------------------------------------------------------ */

/* Additions side by side; tasks to a thread, for an even load; floats of all sums, or as many sums as two threads had. */
enum { CHAINS = 4, SLICES = 8, MOST = 1 << 20 };

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

/* part (C) += x dy, of one pixel each. */
static void add_one(const float *x, const float *dy, long C, float *part) {
    long c = 0;
    for (; c + VL <= C; c += VL) store(part + c, load(part + c) + load(x + c) * load(dy + c));
    if (c < C) store_part(part + c, load_part(part + c, C - c) + load_part(x + c, C - c) * load_part(dy + c, C - c), C - c);
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

/* A row of x, or of zeros: where the first tap finds its pixel for the first output, and how far it is to the next output, and tap. */
typedef struct { const float *x; long output, tap; } Met;

/* Add to part (3, 3, C) what 3 rows of x have with `count` outputs of dy, whose windows lie inside across. */
ALWAYS_INLINE void add_windows(const Met met[3], const float *dy, long C, long count, long c, float *part, const long lanes) {
    Vector sum[3][3];
    UNROLL for (int a = 0; a < 3; a++)
        UNROLL for (int b = 0; b < 3; b++) sum[a][b] = load_part(part + (a * 3 + b) * C + c, lanes);
    const float *top = met[0].x + c, *middle = met[1].x + c, *bottom = met[2].x + c;
    for (long j = 0; j < count; j++, top += met[0].output, middle += met[1].output, bottom += met[2].output, dy += C) {
        Vector y = load_part(dy + c, lanes);
        UNROLL for (int b = 0; b < 3; b++) {
            sum[0][b] += load_part(top + b * met[0].tap, lanes) * y;
            sum[1][b] += load_part(middle + b * met[1].tap, lanes) * y;
            sum[2][b] += load_part(bottom + b * met[2].tap, lanes) * y;
        }
    }
    UNROLL for (int a = 0; a < 3; a++)
        UNROLL for (int b = 0; b < 3; b++) store_part(part + (a * 3 + b) * C + c, sum[a][b], lanes);
}

/* The row of x that tap `a` down meets at output row i of image n, or NULL. */
static const float *row_met(const Depthwise *d, long n, long i, long a) {
    const GroupedShape *s = d->s;
    long row = i * s->step_down - s->pad_down + a * s->dilation_down;
    return row >= 0 && row < s->height ? d->x + (n * s->height + row) * s->width * s->channels : NULL;
}

/* Add to part (3, 3, C) what output row i of image n has, all taps at once where all of a row of a window lie inside. */
static void add_row_of_windows(const Depthwise *d, long n, long i, const float *dy, float *part) {
    const GroupedShape *s = d->s;
    long C = s->channels, step = s->step_across, gap = s->dilation_across, pad = s->pad_across, width = s->width;
    long first = smaller_of((pad + step - 1) / step, s->out_width), fitting = width - 1 - 2 * gap + pad;
    long last = fitting < first * step ? first : smaller_of(fitting / step + 1, s->out_width);
    Met met[3];
    for (long a = 0; a < 3; a++) {
        const float *x = row_met(d, n, i, a);
        met[a] = x ? (Met){x + (first * step - pad) * C, step * C, gap * C} : (Met){d->nothing, 0, 0};
        for (long j = 0; j < s->out_width; j++)
            for (long b = 0, at = j * step - pad; b < 3 && (j < first || j >= last); b++, at += gap)
                add_one(x && at >= 0 && at < width ? x + at * C : d->nothing, dy + j * C, C, part + (a * 3 + b) * C);
    }
    long c = 0;
    for (; c + VL <= C; c += VL) add_windows(met, dy + first * C, C, last - first, c, part, VL);
    if (c < C) add_windows(met, dy + first * C, C, last - first, c, part, C - c);
}

/* Add to part (K, K', C) what output row i of image n has. */
static void add_dw_row(const Depthwise *d, long n, long i, float *part) {
    const GroupedShape *s = d->s;
    const float *dy = d->dy + (n * s->out_height + i) * s->out_width * s->channels;
    if (s->size_down == 3 && s->size_across == 3) {
        add_row_of_windows(d, n, i, dy, part);
        return;
    }
    for (long a = 0; a < s->size_down; a++)
        for (long b = 0; b < s->size_across; b++, part += s->channels) add_row(s, row_met(d, n, i, a), dy, b, part);
}

static void backward_task(void *context, long task, int thread) {
    const Depthwise *d = context;
    const GroupedShape *s = d->s;
    long C = s->channels, size = s->size_down * s->size_across * C, rows = s->height > s->out_height ? s->height : s->out_height;
    float *part = d->parts ? memset(d->parts + task * size, 0, sizeof(float) * (size_t)size) : NULL;
    Taps *columns = scratch(thread, SLOT_ROWS, sizeof(Taps) * s->width);
    for (long j = 0; j < s->width; j++) columns[j] = backward_taps(across(s), j);
    for (long n = s->images * task / d->tasks; n < s->images * (task + 1) / d->tasks; n++)
        for (long i = 0; i < rows; i++) {
            long ahead = smaller_of(i + 2, s->out_height - 1), x_ahead = smaller_of(ahead * s->step_down, s->height - 1);
            prefetch_row(d->dy + (n * s->out_height + ahead) * s->out_width * C, s->out_width * C);
            if (part) prefetch_row(d->x + (n * s->height + x_ahead) * s->width * C, s->width * C);
            if (d->dx && i < s->height)
                write_row(d, (Row){d->dy + n * s->out_height * s->out_width * C, d->dx + (n * s->height + i) * s->width * C,
                                   s->out_width, s->width, columns, backward_taps(down(s), i)});
            if (part && i < s->out_height) add_dw_row(d, n, i, part);
        }
    finish_streaming();
}

/* dx and dw, either of which may be NULL. */
void nndl_depthwise_backward(const GroupedShape *s, const float *x, const float *dy, const float *w, float *dx, float *dw) {
    size_t pixel = sizeof(float) * (size_t)s->channels;
    Depthwise d = {.s = s, .x = x, .dy = dy, .w = w, .dx = dx};
    d.nothing = memset(scratch(SHARED, SLOT_ZEROS, pixel), 0, pixel);
    long size = s->size_down * s->size_across * s->channels, most = MOST / size > 2 * SLICES ? MOST / size : 2 * SLICES;
    d.tasks = smaller_of(s->images, smaller_of(thread_count() * SLICES, most));
    if (dx) d.streams = streams_to(s, dx, s->images * s->height * s->width);
    if (dw) d.parts = scratch(SHARED, SLOT_PARTS, sizeof(float) * (size_t)(d.tasks * size));
    share(backward_task, &d, d.tasks);
    if (dw) memset(dw, 0, sizeof(float) * (size_t)size);
    for (long task = 0; dw && task < d.tasks; task++)
        for (long i = 0; i < size; i++) dw[i] += d.parts[task * size + i];
}
