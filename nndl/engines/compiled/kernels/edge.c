/* The last row and column of an input gradient, 3 x 3 at stride 1 padded by one, where the last row and column of outputs are dropped.

   Nothing but the outermost row of outputs that are left reaches the last row of dx, by one row of taps: 3 products for each
   pixel in place of 9. So tiles cover one row and column less: 30 x 30 of 31 x 31, 6 x 6 of 7 x 7, one tile in place of four.
   The outermost outputs are laid out in a line with zeros around, out of which windows of three make a product of matrices. */

#include "edge.h"
#include "threads.h"
#include "tile.h"

enum { TAPS = 3, EDGES = 2 };  /* edge 0 is the last row, edge 1 the last column */

typedef struct { const Shape *shape; const float *turned; float *packed; } Packing;

static long size_of_panel(const Shape *s) { return TAPS * s->channels * PANEL; }

static long panels_of(const Shape *s) { return (s->filters + PANEL - 1) / PANEL; }

static void pack_panel(void *context, long task, int thread) {
    (void)thread;
    const Packing *p = context;
    const Shape *s = p->shape;
    long edge = task / panels_of(s), from = task % panels_of(s) * PANEL;
    float *packed = p->packed + task * size_of_panel(s);
    for (long tap = 0; tap < TAPS; tap++) {
        const float *w = p->turned + (edge ? tap * TAPS : tap) * s->channels * s->filters;
        for (long c = 0; c < s->channels; c++, w += s->filters)
            for (long f = from; f < from + PANEL; f += VL, packed += VL)
                store(packed, load_part(w + smaller_of(f, s->filters), s->filters - f > 0 ? s->filters - f : 0));
    }
}

/* (2, panels, 3, F, 2 VL). */
const float *pack_edges(const Shape *s, const float *turned) {
    size_t size = (size_t)(EDGES * panels_of(s) * size_of_panel(s));
    Packing packing = {s, turned, scratch(SHARED, SLOT_EDGES, sizeof(float) * size)};
    share(pack_panel, &packing, EDGES * panels_of(s));
    return packing.packed;
}

/* The pixels of an edge of some images: `step` floats from one to the next, `image` to the next image's. */
typedef struct { long count, step, image; } Line;

/* The outermost outputs, (count + 3, images, F): a pixel of zeros before them and two behind. So whatever the lengths of edges,
   tiles of pixels are full, and the three pixels of a window lie equally far apart. */
static void lay_out_line(const float *dy, Line from, long images, long channels, float *line) {
    size_t bytes = sizeof(float) * (size_t)channels, all = bytes * (size_t)images;
    memset(line, 0, all);
    line += images * channels;
    for (long i = 0; i < from.count; i++)
        for (long n = 0; n < images; n++, line += channels) memcpy(line, dy + i * from.step + n * from.image, bytes);
    memset(line, 0, 2 * all);
}

/* Pixels of dx for a panel of which `filters` are there. */
static void multiply_line(const float *line, long channels, const float *packed, long images, long filters, float *dx, Line to) {
    float room[TILE_ROWS * PANEL];
    for (long k = 0, rows, count = to.count * images; k < count; k += rows) {
        rows = next_rows(count - k);
        Product product = {.a = line + k * channels, .a_row = channels, .a_segment = images * channels, .segments = TAPS,
                           .length = channels, .b = packed, .b_step = PANEL, .b_segment = channels * PANEL,
                           .narrow = filters <= VL};
        rows_tile((int)rows, product, room, PANEL, 0);
        for (long r = 0; r < rows; r++) {
            float *pixel = dx + (k + r) / images * to.step + (k + r) % images * to.image;
            for (long f = 0; f < filters; f += VL) store_part(pixel + f, load(room + r * PANEL + f), filters - f);
        }
    }
}

void compute_edges(const Shape *s, const float *packed, const float *dy, long images, float *dx, int thread) {
    long C = s->channels, F = s->filters, dy_row = s->width * C, row = s->out_width * F;
    Line bottom = {s->width, C, s->height * dy_row}, right = {s->height, dy_row, bottom.image};
    Line below = {s->out_width, F, s->out_height * row}, beside = {s->out_height - 1, row, below.image};
    float *line = scratch(thread, SLOT_EDGES, sizeof(float) * images * (s->width + s->height + 6) * C);
    float *other = line + images * (s->width + 3) * C;
    lay_out_line(dy + (s->height - 1) * dy_row, bottom, images, C, line);
    lay_out_line(dy + dy_row - C, right, images, C, other);
    for (long panel = 0; panel < panels_of(s); panel++, packed += size_of_panel(s), dx += PANEL) {
        long filters = smaller_of(PANEL, F - panel * PANEL);
        multiply_line(line, C, packed, images, filters, dx + (s->out_height - 1) * row, below);
        multiply_line(other, C, packed + panels_of(s) * size_of_panel(s), images, filters, dx + row - F, beside);
    }
}
