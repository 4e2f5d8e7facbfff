/* The direct convolution forward in bfloat16 with float32 sums; direct.c has the order and the float32 one.

   A task is one image: laid out with its padding in float32, rounded as a whole, and read with overlapping rows. A row of a
   window, K C numbers, is walked in pairs; where that is odd, the last pair reaches into the next pixel, for which the
   packed filters have a zero. A pair begins at any number, so its 32-bit loads need no alignment. */

#ifdef __AVX512BF16__

#include "bfloat16.h"
#include "convolution.h"
#include "padded.h"
#include "threads.h"

typedef struct {
    const Shape *shape;
    const Finish *finish;
    Padded images;
    const float *w;
    BFloat16 *panels;  /* (panels, K, pairs, 2 VL, 2), zero behind the last filter and the last number */
    float *sums;
    long panel_count, pairs;
} Direct;

static void pack_panel(void *context, long panel, int thread) {
    (void)thread;
    const Direct *d = context;
    long F = d->shape->filters, run = d->shape->kernel * d->shape->channels, from = panel * PANEL;
    for (long row = 0; row < d->shape->kernel; row++)
        for (long k = 0; k < run; k += 2)
            for (long f = from; f < from + PANEL; f += VL) {
                const float *even = d->w + (row * run + k) * F;
                Vector first = load_filters(even, d->finish, f, F - f);
                Vector second = k + 1 < run ? load_filters(even + F, d->finish, f, F - f) : (Vector){};
                store_pairs(d->panels + (((panel * d->shape->kernel + row) * d->pairs + k / 2) * PANEL + f - from) * 2, first,
                            second);
            }
}

static void forward_panel(const Direct *d, const BFloat16 *image, long panel, float *y) {
    const Shape *s = d->shape;
    long step = s->stride * s->channels, row = d->images.room_width * s->channels, size = d->pairs * PANEL * 2;
    PairProduct product = {.a_row = step, .a_step = 2, .a_segment = row, .segments = s->kernel, .pairs = d->pairs,
                           .b = d->panels + panel * s->kernel * size, .b_step = 2 * PANEL, .b_segment = size,
                           .narrow = is_narrow(s, panel)};
    for (long i = 0; i < s->out_height; i++)
        for (long j = 0, pixels; j < s->out_width; j += pixels) {
            pixels = next_rows(s->out_width - j);
            product.a = image + i * s->stride * row + j * step;
            pair_tile((int)pixels, product, y + (i * s->out_width + j) * PANEL, PANEL, 0);
        }
}

static void forward_image(void *context, long n, int thread) {
    const Direct *d = context;
    const Shape *s = d->shape;
    long room = round_up(room_of(&d->images), VL);
    float *padded = scratch(thread, SLOT_IMAGE, sizeof(float) * room);
    BFloat16 *image = scratch(thread, SLOT_ROUNDED, sizeof(BFloat16) * room);
    float *y = scratch(thread, SLOT_OUTPUT, sizeof(float) * s->out_height * s->out_width * PANEL);
    lay_out(&d->images, n, padded);
    for (long i = 0; i < room_of(&d->images); i += VL) store_rounded(image + i, load_part(padded + i, room_of(&d->images) - i));
    for (long panel = 0; panel < d->panel_count; panel++) {
        long from = panel * PANEL;
        Block block = {.y = y, .first = n, .last = n + 1, .from = from, .count = smaller_of(PANEL, s->filters - from)};
        forward_panel(d, image, panel, y);
        finish_block(s, d->finish, block, d->sums + n * 2 * s->filters);
    }
}

/* planar: x is (N, C, H, W), as images come to a network. */
void nndl_direct_forward_bfloat16(const Shape *s, const float *x, long planar, const float *w, const Finish *finish) {
    Direct d = {.shape = s, .images = padded(s, x, planar), .w = w, .finish = finish};
    d.panel_count = (s->filters + PANEL - 1) / PANEL;
    d.pairs = pairs_of(s->kernel * s->channels);
    d.panels = scratch(SHARED, SLOT_FILTERS, sizeof(BFloat16) * d.panel_count * s->kernel * d.pairs * PANEL * 2);
    d.sums = scratch(SHARED, SLOT_SUMS, sizeof(float) * 2 * s->images * s->filters);
    share(pack_panel, &d, d.panel_count);
    share(forward_image, &d, s->images);
    add_up_blocks(s, finish, d.sums, s->images);
}

#else
typedef int nothing_here;  /* a file of C is not to be empty */
#endif
