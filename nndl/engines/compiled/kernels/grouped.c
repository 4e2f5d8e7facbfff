/* Convolutions in groups and by windows of any sides, by the register tile from a padded image, as in direct.c.

   Images (N, H, W, C), filters (K, K', C / groups, F). A task is an image, a group of which at a time is laid out with its padding,
   so that a row of a window is one run of numbers again; dilated windows are as many runs as they are wide.

   Where groups are narrower than a vector, `together` of them share its lanes, as lanes.h has it: none is multiplied in vain then,
   and nothing of a group comes near another's sums, be it infinite.

   The input gradient reads dy. At steps of s pixels, output i went into pixel i s + what its taps say: so the pixels of dx fall into
   phases, each of which is a convolution of its own by some of the taps, at step 1 in dy; nothing is multiplied by zeros in between.
   dw: ranges of images have sums of their own, which are added up in order. A task is a range, or where there are more threads than
   memory for sums, some rows of taps of some units. */

#include "grouped.h"
#include "lanes.h"
#include "threads.h"

/* One way of what is computed in a phase: `count` outputs, `every` pixels apart from `first` on. The first sees `taps` pixels of the
   room from `at` on, `gap` apart, by the taps tap, tap + tap_step, ...; the next one sees pixels `step` on. */
typedef struct { long count, first, every, at, step, taps, gap, tap, tap_step; } Line;

typedef struct { Line down, across; } Phase;

/* The part of the images that is laid out: one way of it begins `before` pixels before them, and has `length`. */
typedef struct { long before, length; } Extent;

typedef struct {
    const GroupedShape *s;
    const float *x, *w, *bias;   /* x: the images that are read */
    float *y, *packed, *parts;   /* packed: of pack_phase; parts: (ranges, units, K, K' in, columns) */
    const float *dy;             /* of the weight gradient */
    long height, width;          /* of the images that are read */
    long in, out;                /* channels of a group that are read and written */
    long together, units;        /* groups of a unit, units */
    long lanes, columns, pixel;  /* whether vectors are laid out; columns of a unit's panels; floats of a pixel in the room */
    long back, ranges, pieces;   /* of images; of the rows of taps of all units */
    Extent down, across;
    Mask first;                  /* of each lane: the first channel of the group its output belongs to, counted from the unit's */
} Grouped;

/* dw of less than SMALL floats: SLICES tasks to a thread; of all sums together there are MOST floats, or two dws. */
enum { PANEL = TILE_COLUMNS, SMALL = 1 << 16, SLICES = 8, MOST = 1 << 20 };

ALWAYS_INLINE long larger_of(long a, long b) { return a > b ? a : b; }

/* a / b, rounded down and up; b > 0. */
ALWAYS_INLINE long rounded_down(long a, long b) { return a / b - (a % b < 0); }
ALWAYS_INLINE long rounded_up(long a, long b) { return a / b + (a % b > 0); }

static Extent forward_extent(Way w) { return (Extent){w.pad, (w.out - 1) * w.step + w.dilation * (w.size - 1) + 1}; }

static Extent backward_extent(Way w) {
    long first = rounded_up(w.pad - w.dilation * (w.size - 1), w.step), last = rounded_down(w.room - 1 + w.pad, w.step);
    return (Extent){-first, larger_of(last - first + 1, 0)};
}

static Line forward_line(Way w) {
    return (Line){.count = w.out, .every = 1, .step = w.step, .taps = w.size, .gap = w.dilation, .tap_step = 1};
}

static Line backward_line(Way w, long phase) {
    Line line = {.count = (w.room - phase + w.step - 1) / w.step, .first = phase, .every = w.step, .step = 1};
    for (long tap = w.size - 1; tap >= 0; tap--) {
        long at = phase + w.pad - tap * w.dilation;
        if (at % w.step) continue;
        at = at / w.step + backward_extent(w).before;
        if (line.taps == 0) line.tap = tap, line.at = at;
        if (line.taps == 1) line.tap_step = tap - line.tap, line.gap = at - line.at;
        line.taps++;
    }
    return line;
}

static long phases_of(const Grouped *g) { return g->back ? g->s->step_down * g->s->step_across : 1; }

static Phase phase_of(const Grouped *g, long phase) {
    Way way_down = down(g->s), way_across = across(g->s);
    if (!g->back) return (Phase){forward_line(way_down), forward_line(way_across)};
    return (Phase){backward_line(way_down, phase / way_across.step), backward_line(way_across, phase % way_across.step)};
}

static long depth_of(const Grouped *g) { return g->s->size_down * g->s->size_across * g->in; }

/* Of a unit: a row for the bias of each phase, and a row for each number of a window. */
static long packed_floats(const Grouped *g) { return (phases_of(g) + depth_of(g)) * g->columns; }

static Grouped grouped_of(const GroupedShape *s, const float *x, long back) {
    Grouped g = {.s = s, .x = x, .back = back, .in = s->channels / s->groups, .out = s->filters / s->groups};
    g.height = back ? s->out_height : s->height, g.width = back ? s->out_width : s->width;
    g.down = back ? backward_extent(down(s)) : forward_extent(down(s));
    g.across = back ? backward_extent(across(s)) : forward_extent(across(s));
    if (back) g.in = s->filters / s->groups, g.out = s->channels / s->groups;
    g.together = smaller_of(larger_of(VL / larger_of(g.in, g.out), 1), s->groups);
    g.lanes = g.together > 1;
    g.units = (s->groups + g.together - 1) / g.together;
    g.columns = round_up(g.together * g.out, VL);
    g.pixel = g.lanes ? VL : g.in;
    for (long lane = 0; g.lanes && lane < g.together * g.out; lane++) g.first[lane] = (int32_t)(lane / g.out * g.in);
    return g;
}

/* The channels that a unit writes, and the width of the panel that begins at its column f. */
static long outputs_of(const Grouped *g, long unit) {
    return smaller_of(g->together, g->s->groups - unit * g->together) * g->out;
}

static long width_of(const Grouped *g, long f) { return smaller_of(PANEL, g->columns - f); }

/* Images --------------------------------------------------------------------------------------------------------- */

enum { AHEAD = 16 };  /* pixels: they lie further apart than the processor looks by itself */

/* The unit's channels of `count` pixels, `channels` floats apart; `there` are hers and those behind them. */
static void copy_pixels(const Grouped *g, const float *x, long channels, long there, long count, float *to) {
    if (g->pixel == channels) memcpy(to, x, sizeof(float) * (size_t)(count * channels));
    else
        for (long j = 0; j < count; j++, x += channels, to += g->pixel)
            for (long c = 0; c < g->pixel; c += VL) {
                __builtin_prefetch(x + AHEAD * channels + c);
                store_part(to + c, load_part(x + c, smaller_of(g->pixel, there) - c), g->pixel - c);
            }
}

static size_t room_of(const Grouped *g) {
    return sizeof(float) * (size_t)(g->down.length * g->across.length * g->pixel);
}

/* The unit's channels of image n, zeros around them; what falls outside is left out. */
static void lay_out(const Grouped *g, long n, long unit, float *room) {
    long channels = g->in * g->s->groups, own = unit * g->together * g->in, length = g->across.length;
    long left = smaller_of(larger_of(g->across.before, 0), length);
    long right = larger_of(smaller_of(g->width + g->across.before, length), left);
    for (long i = 0; i < g->down.length; i++, room += length * g->pixel) {
        long row = i - g->down.before;
        int there = row >= 0 && row < g->height;
        long end = there ? right : left;
        memset(room, 0, sizeof(float) * (size_t)(left * g->pixel));
        if (there) {
            const float *x = g->x + ((n * g->height + row) * g->width + left - g->across.before) * channels + own;
            copy_pixels(g, x, channels, channels - own, right - left, room + left * g->pixel);
        }
        memset(room + end * g->pixel, 0, sizeof(float) * (size_t)((length - end) * g->pixel));
    }
}

/* Tiles ---------------------------------------------------------------------------------------------------------- */

/* Filters of output `o` of a unit for number k of a window's channels. */
ALWAYS_INLINE float filter_at(const Grouped *g, long unit, long tap, long k, long o) {
    long own = g->s->channels / g->s->groups, group = unit * g->together + o / g->out, each = g->s->filters / g->s->groups;
    long c = g->back ? o % g->out : k, f = g->back ? k : o % g->out;
    return g->w[(tap * own + c) * g->s->filters + group * each + f];
}

/* A unit's filters of a phase in panels: the bias, and (taps down, taps across, in). */
static float *pack_phase(const Grouped *g, long unit, Phase p, float *packed) {
    long outputs = outputs_of(g, unit), first = unit * g->together * g->out;
    for (long f = 0; f < g->columns; f += PANEL) {
        for (long o = f; o < f + width_of(g, f); o++) *packed++ = o < outputs && g->bias ? g->bias[first + o] : 0;
        for (long i = 0; i < p.down.taps; i++)
            for (long j = 0; j < p.across.taps; j++) {
                long tap = (p.down.tap + i * p.down.tap_step) * g->s->size_across + p.across.tap + j * p.across.tap_step;
                for (long k = 0; k < g->in; k++)
                    for (long o = f; o < f + width_of(g, f); o++) *packed++ = o < outputs ? filter_at(g, unit, tap, k, o) : 0;
            }
    }
    return packed;
}

static void pack_unit(void *context, long unit, int thread) {
    (void)thread;
    const Grouped *g = context;
    float *packed = g->packed + unit * packed_floats(g);
    for (long phase = 0; phase < phases_of(g); phase++) packed = pack_phase(g, unit, phase_of(g, phase), packed);
}

/* Forward and input gradient ------------------------------------------------------------------------------------- */

/* A tile of sums, of which `count` columns are outputs. */
static void write_part(const float *sums, long pixels, long count, float *y, long y_row) {
    for (long j = 0; j < pixels; j++)
        for (long v = 0; v < count; v += VL) store_part(y + j * y_row + v, load(sums + j * PANEL + v), count - v);
}

/* A tile of a phase's outputs: from their first pixel in the room. */
static void multiply(const Grouped *g, Phase p, const float *from, const float *packed, long width, long pixels, float *to,
                     long row) {
    long a_segment = p.down.gap * g->across.length * g->pixel, gap = p.across.gap * g->pixel, wide = p.across.taps;
    if (g->lanes) {
        Lanes lanes = {.a = from, .a_step = p.across.step * g->pixel, .a_segment = a_segment, .b = packed + VL, .taps = wide,
                       .segments = p.down.taps, .gap = gap, .in = g->in, .start = packed, .first = g->first};
        lanes_tile((int)pixels, &lanes, to, row);
        return;
    }
    long runs = gap == g->pixel || wide <= 1 ? 1 : wide, length = wide / runs * g->in;
    for (long run = 0; run < runs; run++)
        rows_tile((int)pixels,
                  (Product){.a = from + run * gap, .a_row = p.across.step * g->pixel, .a_segment = a_segment,
                            .b = packed + (1 + run * length) * width, .b_step = width, .b_segment = wide * g->in * width,
                            .segments = p.down.taps, .length = length, .narrow = width == VL, .start = packed},
                  to, row, run > 0);
}

/* All outputs of a phase for one panel of a unit, whose place in the first pixel of the image is y. */
static void convolve(const Grouped *g, const float *room, Phase p, const float *packed, long width, long count, float *y) {
    long row = g->across.length * g->pixel, channels = g->out * g->s->groups;
    long y_row = p.across.every * channels, y_line = (g->back ? g->s->width : g->s->out_width) * channels;
    float sums[TILE_ROWS * PANEL];
    for (long r = 0; r < p.down.count; r++)
        for (long q = 0, pixels; q < p.across.count; q += pixels) {
            pixels = next_rows(p.across.count - q);
            const float *from = room + (p.down.at + r * p.down.step) * row + (p.across.at + q * p.across.step) * g->pixel;
            float *to = y + (p.down.first + r * p.down.every) * y_line + (p.across.first + q * p.across.every) * channels;
            multiply(g, p, from, packed, width, pixels, count < width ? sums : to, count < width ? PANEL : y_row);
            if (count < width) write_part(sums, pixels, count, to, y_row);
        }
}

static void image_task(void *context, long n, int thread) {
    const Grouped *g = context;
    const GroupedShape *s = g->s;
    long pixels = g->back ? s->height * s->width : s->out_height * s->out_width;
    float *room = scratch(thread, SLOT_IMAGE, room_of(g));
    for (long unit = 0; unit < g->units; unit++) {
        const float *packed = g->packed + unit * packed_floats(g);
        float *y = g->y + (n * pixels * s->groups + unit * g->together) * g->out;
        lay_out(g, n, unit, room);
        for (long phase = 0; phase < phases_of(g); phase++) {
            Phase p = phase_of(g, phase);
            long depth = p.down.taps * p.across.taps * g->in;
            for (long f = 0, width; f < g->columns; f += width, packed += (1 + depth) * width) {
                width = width_of(g, f);
                convolve(g, room, p, packed, width, smaller_of(width, outputs_of(g, unit) - f), y + f);
            }
        }
    }
}

static void run(Grouped *g) {
    g->packed = scratch(SHARED, SLOT_FILTERS, sizeof(float) * (size_t)(g->units * packed_floats(g)));
    share(pack_unit, g, g->units);
    share(image_task, g, g->s->images);
}

/* y (N, H', W', F); bias may be NULL. */
void nndl_grouped_forward(const GroupedShape *s, const float *x, const float *w, const float *bias, float *y) {
    Grouped g = grouped_of(s, x, 0);
    g.w = w, g.bias = bias, g.y = y;
    run(&g);
}

static void input_gradient(const GroupedShape *s, const float *dy, const float *w, float *dx) {
    Grouped g = grouped_of(s, dy, 1);
    g.w = w, g.y = dx;
    run(&g);
}

/* Weight gradient ------------------------------------------------------------------------------------------------ */

/* Add to part (in, columns), or to those of a row of taps, what an image laid out and dy have for them. */
static void add_taps(const Grouped *g, Product product, long length, float *part) {
    const float *a = product.a, *b = product.b;
    for (long f = 0; f < g->columns; f += PANEL)
        for (long k = 0, rows; k < length; k += rows) {
            rows = next_rows(length - k);
            product.a = a + k, product.b = b + f, product.narrow = width_of(g, f) == VL;
            columns_tile((int)rows, product, part + k * g->columns + f, g->columns, 1);
        }
}

/* Add what an image laid out and dy have for some rows of taps of a unit to part (rows, K', in, columns). */
static void add_image(const Grouped *g, const float *room, const float *dy, float *part, long rows) {
    const GroupedShape *s = g->s;
    long row = g->across.length * g->pixel, runs = s->dilation_across == 1 ? 1 : s->size_across;
    long length = s->size_across / runs * g->in, step = s->step_across * g->pixel, y_row = s->out_width * s->filters;
    for (; rows > 0; rows--, room += s->dilation_down * row, part += s->size_across * g->in * g->columns) {
        if (g->lanes) {
            Lanes lanes = {.a = room, .a_step = step, .a_segment = s->step_down * row, .b = dy, .b_step = s->filters,
                           .b_segment = y_row, .segments = s->out_height, .length = s->out_width, .taps = s->size_across,
                           .gap = s->dilation_across * g->pixel, .in = g->in, .first = g->first};
            lanes_sums(&lanes, part);
            continue;
        }
        for (long run = 0; run < runs; run++) {
            Product product = {.a = room + run * s->dilation_across * g->pixel, .a_step = step, .a_segment = s->step_down * row,
                               .b = dy, .b_step = s->filters, .b_segment = y_row, .segments = s->out_height,
                               .length = s->out_width};
            add_taps(g, product, length, part + run * length * g->columns);
        }
    }
}

/* dy of image n, of which whole panels are read, behind the last filter too: copied where nothing is there. */
static const float *readable(const Grouped *g, long n, int thread) {
    long size = g->s->out_height * g->s->out_width * g->s->filters;
    const float *dy = g->dy + n * size;
    if ((g->s->images - n - 1) * size >= PANEL) return dy;
    float *copied = scratch(thread, SLOT_DY, sizeof(float) * (size_t)(size + PANEL));
    memset(copied + size, 0, sizeof(float) * PANEL);
    return memcpy(copied, dy, sizeof(float) * (size_t)size);
}

static void gradient_task(void *context, long task, int thread) {
    const Grouped *g = context;
    const GroupedShape *s = g->s;
    long size = depth_of(g) * g->columns, taps = s->size_down, every = g->units * taps, range = task / g->pieces;
    long begin = every * (task % g->pieces) / g->pieces, end = every * (task % g->pieces + 1) / g->pieces;
    float *room = scratch(thread, SLOT_IMAGE, room_of(g)), *parts = g->parts + range * g->units * size;
    memset(parts + size / taps * begin, 0, sizeof(float) * (size_t)(size / taps * (end - begin)));
    for (long n = s->images * range / g->ranges; n < s->images * (range + 1) / g->ranges; n++) {
        const float *dy = readable(g, n, thread);
        for (long row = begin, rows; row < end; row += rows) {
            long unit = row / taps, tap = row % taps;
            rows = smaller_of(taps - tap, end - row);
            lay_out(g, n, unit, room);
            add_image(g, room + tap * s->dilation_down * g->across.length * g->pixel, dy + unit * g->together * g->out,
                      parts + size / taps * row, rows);
        }
    }
}

/* A row of dw: a tap and a channel of a group. */
static void add_up_row(void *context, long row, int thread) {
    (void)thread;
    const Grouped *g = context;
    long size = depth_of(g) * g->columns;
    for (long unit = 0; unit < g->units; unit++) {
        const float *parts = g->parts + unit * size + row * g->columns;
        float *dw = g->y + row * g->s->filters + unit * g->together * g->out;
        for (long f = 0, count = outputs_of(g, unit); f < count; f += VL) {
            Vector sum = {};
            for (long range = 0; range < g->ranges; range++) sum += load(parts + range * g->units * size + f);
            store_part(dw + f, sum, count - f);
        }
    }
}

static void weight_gradient(const GroupedShape *s, const float *x, const float *dy, float *dw) {
    Grouped g = grouped_of(s, x, 0);
    g.dy = dy, g.y = dw;
    long size = g.units * depth_of(&g) * g.columns;
    long tasks = thread_count() * (size < SMALL ? SLICES : 1), most = MOST / size > 2 ? MOST / size : 2;
    g.ranges = smaller_of(s->images, smaller_of(tasks, most));
    g.pieces = smaller_of(tasks / g.ranges, g.units * s->size_down);
    g.parts = scratch(SHARED, SLOT_PARTS, sizeof(float) * (size_t)(g.ranges * size));
    share(gradient_task, &g, g.ranges * g.pieces);
    share(add_up_row, &g, depth_of(&g));
}

/* dx and dw, either of which may be NULL. */
void nndl_grouped_backward(const GroupedShape *s, const float *x, const float *dy, const float *w, float *dx, float *dw) {
    if (dw) weight_gradient(s, x, dy, dw);
    if (dx) input_gradient(s, dy, w, dx);
}
