/* Convolutions of any window, stride and padding, by the register tile straight from a padded image.

   With channels last, a row of a window is one run of K C numbers, and the next window begins stride C numbers on: the
   image itself is the matrix that im2col would build, read with overlapping rows. So a task is one image: it is laid out
   with its padding (a 3-channel image of 32 x 32 fits the first-level cache), and tiles of TILE_ROWS neighbouring pixels
   x 2 VL filters run over the K rows of the window. Best for few channels (a first layer), where Winograd's transforms
   cost more than they save, and the way for every window that is not 3 x 3 of stride 1.

   A window of one pixel at stride 1 is a product of matrices: images are read where they are, each as one long row.

   The input gradient is the same with dy for the image, spread out `stride` pixels apart, and the filters turned.
   The weight gradient keeps a tile of dw in registers while it runs over all pixels of an image. The images are cut into
   ranges with a dw each, which are added up in order; as these may not take memory with every thread, threads beyond them
   share the rows of a range's dw. */

#include "convolution.h"
#include "padded.h"
#include "threads.h"
#include "tile.h"
#include "unpool.h"

typedef struct {
    const Shape *shape;  /* of the convolution that is computed */
    const Finish *finish;
    Padded images;
    const float *w;
    float *panels;       /* (panels, K, K, C, 2 VL), zero behind the last filter */
    float *sums;
    long panel_count;
} Direct;

static void pack_panel(void *context, long panel, int thread) {
    (void)thread;
    const Direct *d = context;
    long F = d->shape->filters, length = d->shape->kernel * d->shape->kernel * d->shape->channels;
    float *packed = d->panels + panel * length * PANEL;
    for (long k = 0; k < length; k++)
        for (long f = panel * PANEL; f < (panel + 1) * PANEL; f += VL, packed += VL)
            store(packed, load_filters(d->w + k * F, d->finish, f, F - f));
}

static void forward_panel(const Direct *d, const float *padded, long panel, float *y) {
    const Shape *s = d->shape;
    long run = s->kernel * s->channels, step = s->stride * s->channels, row = d->images.room_width * s->channels;
    Product product = {.a_row = step, .a_segment = row, .segments = s->kernel, .length = run,
                       .b = d->panels + panel * s->kernel * run * PANEL,
                       .b_step = PANEL, .b_segment = run * PANEL, .narrow = is_narrow(s, panel)};
    for (long i = 0; i < s->out_height; i++)
        for (long j = 0, pixels; j < s->out_width; j += pixels) {
            pixels = next_rows(s->out_width - j);
            product.a = padded + i * s->stride * row + j * step;
            rows_tile((int)pixels, product, y + (i * s->out_width + j) * PANEL, PANEL, 0);
        }
}

/* Image n with its padding: where it is, or laid out in `room`. */
static const float *laid_out(const Padded *images, long n, float *room) {
    if (lies_so(images)) return images->x + n * images->height * images->width * images->channels;
    lay_out(images, n, room);
    return room;
}

static void forward_image(void *context, long n, int thread) {
    const Direct *d = context;
    const Shape *s = d->shape;
    const float *padded = laid_out(&d->images, n, scratch(thread, SLOT_IMAGE, sizeof(float) * room_of(&d->images)));
    float *y = scratch(thread, SLOT_OUTPUT, sizeof(float) * s->out_height * s->out_width * PANEL);
    for (long panel = 0; panel < d->panel_count; panel++) {
        long from = panel * PANEL;
        Block block = {.y = y, .first = n, .last = n + 1, .from = from, .count = smaller_of(PANEL, s->filters - from)};
        forward_panel(d, padded, panel, y);
        finish_block(s, d->finish, block, d->sums + n * 2 * s->filters);
    }
}

static void run_forward(Direct *d) {
    const Shape *s = d->shape;
    d->panel_count = (s->filters + PANEL - 1) / PANEL;
    size_t length = (size_t)(s->kernel * s->kernel * s->channels);
    d->panels = scratch(SHARED, SLOT_FILTERS, sizeof(float) * d->panel_count * length * PANEL);
    d->sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * s->images * s->filters);
    share(pack_panel, d, d->panel_count);
    share(forward_image, d, s->images);
    add_up_blocks(s, d->finish, d->sums, s->images);
}

static Direct direct_of(const Shape *s, const float *x, long planar) {
    return (Direct){.shape = s, .images = padded(s, x, planar)};
}

/* planar: x is (N, C, H, W), as images come to a network. */
void nndl_direct_forward(const Shape *s, const float *x, long planar, const float *w, const Finish *finish) {
    Direct d = direct_of(s, x, planar);
    d.w = w, d.finish = finish;
    run_forward(&d);
}

void nndl_direct_input_gradient(const Shape *s, const float *dy, const float *w, float *dx) {
    float *turned = scratch(SHARED, SLOT_TURNED, sizeof(float) * s->kernel * s->kernel * s->channels * s->filters);
    turn_filters(s, w, turned);
    Shape backwards = input_gradient_shape(s);
    Finish finish = {.y = dx};
    Direct d = direct_of(&backwards, dy, 0);
    d.images.spread = s->stride;
    d.w = turned, d.finish = &finish;
    run_forward(&d);
}

/* Weight gradient ------------------------------------------------------------------------------------------------ */

typedef struct {
    Direct direct;
    const float *dy;       /* or NULL: then of `unpool`, an image at a time in the cache */
    const Unpool *unpool;
    float *dw, *parts;  /* parts: (ranges, K, K, C, columns) */
    long ranges, pieces, columns;  /* of images; of the rows of dw, (K, C) */
} Gradient;

/* Add one image to rows `from` up to `to` of each of the K parts of `part`, (K, K C, columns). */
static void add_image(const Gradient *g, const float *padded, const float *dy, float *part, long from, long to) {
    const Shape *s = g->direct.shape;
    long run = s->kernel * s->channels, row = g->direct.images.room_width * s->channels;
    Product product = {.a_step = s->stride * s->channels, .a_segment = s->stride * row, .segments = s->out_height,
                       .length = s->out_width, .b_step = s->filters, .b_segment = s->out_width * s->filters};
    for (long i = 0; i < s->kernel; i++)
        for (long k = from, rows; k < to; k += rows) {
            rows = next_rows(to - k);
            for (long f = 0; f < g->columns; f += PANEL) {
                product.a = padded + i * row + k;
                product.b = dy + f;
                product.narrow = is_narrow(s, f / PANEL);
                columns_tile((int)rows, product, part + (i * run + k) * g->columns + f, g->columns, 1);
            }
        }
}

/* The tile reads whole panels of dy. Behind the last filter these are numbers of the next pixel, whose sums are not used;
   behind the last pixel of all there are none: `wide` is then where dy is copied to. */
static const float *readable(const Gradient *g, long n, float *wide) {
    const Shape *s = g->direct.shape;
    long size = s->out_height * s->out_width * s->filters;
    const float *dy = g->dy + n * size;
    if ((s->images - n - 1) * size >= g->columns - s->filters) return dy;
    return memcpy(wide, dy, sizeof(float) * (size_t)size);
}

static void gradient_of_images(void *context, long task, int thread) {
    const Gradient *g = context;
    const Shape *s = g->direct.shape;
    long pixels = s->out_height * s->out_width, run = s->kernel * s->channels, range = task / g->pieces, piece = task % g->pieces;
    long from = run * piece / g->pieces, to = run * (piece + 1) / g->pieces;
    float *image = scratch(thread, SLOT_IMAGE, sizeof(float) * room_of(&g->direct.images));
    float *room = scratch(thread, SLOT_DY, sizeof(float) * (pixels * s->filters + PANEL));
    float *part = g->parts + range * s->kernel * run * g->columns;
    for (long i = 0; i < s->kernel; i++)
        memset(part + (i * run + from) * g->columns, 0, sizeof(float) * (size_t)((to - from) * g->columns));
    memset(room + pixels * s->filters, 0, sizeof(float) * PANEL);
    for (long n = s->images * range / g->ranges; n < s->images * (range + 1) / g->ranges; n++) {
        if (!g->dy) unpool_image(g->unpool, n, room);
        add_image(g, laid_out(&g->direct.images, n, image), g->dy ? readable(g, n, room) : room, part, from, to);
    }
}

static void add_up_row(void *context, long row, int thread) {
    (void)thread;
    const Gradient *g = context;
    const Shape *s = g->direct.shape;
    long size = s->kernel * s->kernel * s->channels * g->columns;
    for (long f = 0; f < s->filters; f += VL) {
        Vector sum = {};
        for (long range = 0; range < g->ranges; range++) sum += load(g->parts + range * size + row * g->columns + f);
        store_part(g->dw + row * s->filters + f, sum, s->filters - f);
    }
}

/* A dw of fewer floats than SMALL is cheap to keep several of, for an even load; of all together there are MOST floats, or two
   dws. Pieces of less than a register tile's rows would not fill it. */
enum { SMALL = 1 << 16, SLICES = 8, MOST = 1 << 20 };

static void cut_into_tasks(Gradient *g, long dw_size) {
    const Shape *s = g->direct.shape;
    long tasks = thread_count() * (dw_size < SMALL ? SLICES : 1), most = MOST / dw_size > 2 ? MOST / dw_size : 2;
    long tiles = (s->kernel * s->channels + TILE_ROWS - 1) / TILE_ROWS;
    g->ranges = smaller_of(s->images, smaller_of(tasks, most));
    g->pieces = smaller_of(tasks / g->ranges, tiles);
}

/* dw from dy or, where that is NULL, from pooled gradients. */
void nndl_direct_weight_gradient(const Shape *s, const float *x, long planar, const float *dy, const Unpool *unpool,
                                 float *dw) {
    Gradient g = {.direct = direct_of(s, x, planar), .dy = dy, .unpool = unpool, .dw = dw};
    g.columns = round_up(s->filters, PANEL);
    long rows = s->kernel * s->kernel * s->channels;
    cut_into_tasks(&g, rows * g.columns);
    g.parts = scratch(SHARED, SLOT_PARTS, sizeof(float) * g.ranges * rows * g.columns);
    share(gradient_of_images, &g, g.ranges * g.pieces);
    share(add_up_row, &g, rows);
}
