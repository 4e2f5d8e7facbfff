/* Winograd's F(4 x 4, 3 x 3) and its short tiles: the transforms, and how an image is cut.

   Lavin and Gray 2016, "Fast algorithms for convolutional neural networks": 4 x 4 outputs of a 3 x 3 filter come from a
   6 x 6 patch of the image with 36 multiplications in place of 144,

       y = A' [(G w G') * (B' d B)] A        (* number by number, summed over channels)

   so over all tiles and channels it is 36 matrix products, one for each place of the patch ("plane"):
   P[p] (tiles, F) = V[p] (tiles, C) U[p] (C, F). The weight gradient is the exact adjoint:
   dw = G' [sum over tiles of (B' d B) (A dy A')] G; the input gradient is a convolution with the filters turned.

   Along each axis the algorithm evaluates at the points 0, 1, -1, 2, -2 and infinity. Where the length is no multiple of 4, some
   tiles at its end are short: 3 outputs need no point -2, 5 planes along that axis in place of 6. The filters'
   transform G is the same for both (what differs in scale is in the short B), so short tiles share U: they just take no
   part in some planes. An image of 7 x 7 takes 121 multiplications a filter and channel so, not 144; one of 6 x 6 takes 100.

   Rounding: the transforms multiply by numbers up to 8 whose effects cancel. In float32 the error is about 1e-5 of the
   largest output at 256 channels (plain sums: 1e-6); the tests state and hold it. */

#pragma once

#include "convolution.h"
#include "threads.h"
#include "tile.h"

enum { OUT = 4, PATCH = 6, PLANES = PATCH * PATCH, LINE = 16 };
enum { SHORT_OUT = 3, SHORT_PATCH = 5, LEFT_OUT = 4 };  /* a short tile has no numbers at LEFT_OUT, the point -2 */

static const float G[PATCH][3] = {
    {1 / 4.f, 0, 0},
    {-1 / 6.f, -1 / 6.f, -1 / 6.f},
    {-1 / 6.f, 1 / 6.f, -1 / 6.f},
    {1 / 24.f, 1 / 12.f, 1 / 6.f},
    {1 / 24.f, -1 / 12.f, 1 / 6.f},
    {0, 0, 1},
};

/* B' d for six vectors, or for five. */
ALWAYS_INLINE void transform_patch(Vector d[PATCH], const int full) {
    if (full) {
        Vector even = d[4] - 4.f * d[2], odd = d[3] - 4.f * d[1];
        Vector even2 = d[4] - d[2], odd2 = 2.f * (d[3] - d[1]);
        Vector first = 4.f * d[0] - 5.f * d[2] + d[4], last = 4.f * d[1] - 5.f * d[3] + d[5];
        d[0] = first, d[1] = even + odd, d[2] = even - odd, d[3] = even2 + odd2, d[4] = even2 - odd2, d[5] = last;
    } else {
        Vector step = d[3] - d[1], last = d[4] - d[2] - 2.f * step;
        Vector one = 3.f * (d[3] - d[2] - 2.f * d[1]), minus_one = 2.f * d[1] - 3.f * d[2] + d[3];
        d[0] = 4.f * (d[0] - d[2]) + 2.f * step, d[1] = one, d[2] = minus_one, d[3] = 4.f * step, d[5] = last;
    }
}

/* A' m: six vectors to four, or five to three. */
ALWAYS_INLINE void transform_product(Vector m[PATCH], const int full) {
    Vector sum = m[1] + m[2], difference = m[1] - m[2];
    if (full) {
        Vector sum2 = m[3] + m[4], difference2 = m[3] - m[4];
        m[0] = m[0] + sum + sum2, m[1] = difference + 2.f * difference2;
        m[2] = sum + 4.f * sum2, m[3] = difference + 8.f * difference2 + m[5];
    } else {
        m[0] = m[0] + sum + m[3], m[1] = difference + 2.f * m[3], m[2] = sum + 4.f * m[3] + m[5];
    }
}

/* A y: four vectors to six, or three to five. */
ALWAYS_INLINE void transform_gradient(Vector y[PATCH], const int full) {
    if (full) {
        Vector even = y[0] + y[2], odd = y[1] + y[3], even2 = y[0] + 4.f * y[2], odd2 = 2.f * y[1] + 8.f * y[3];
        y[5] = y[3], y[1] = even + odd, y[2] = even - odd, y[3] = even2 + odd2, y[4] = even2 - odd2;
    } else {
        Vector even = y[0] + y[2], odd = y[1], four = y[0] + 2.f * y[1] + 4.f * y[2];
        y[5] = y[2], y[1] = even + odd, y[2] = even - odd, y[3] = four;
    }
}

/* Planes lie an odd number of cache lines apart, or their 36 stores would fall into few sets of the cache. */
ALWAYS_INLINE long odd_lines(long floats) { return (round_up(floats, LINE) / LINE | 1) * LINE; }

/* The tiles that the outputs of some images are cut into, in four groups: narrow ones (short along the width), whole ones, low
   ones (short along the height), and those short both ways. So the tiles that take part in a plane stand in a row. */
typedef struct {
    long across, in_image, whole_across, whole_down;  /* tiles of an image */
    long begin[5];                                    /* the first tile of each group, and how many there are */
} Tiling;

typedef struct { long image, top, left, place; int tall, wide; } Tile;

typedef struct { long from, to; } Range;

ALWAYS_INLINE Tiling tiling_of(const Shape *s, long images) {
    long across = (s->out_width + OUT - 1) / OUT, down = (s->out_height + OUT - 1) / OUT;
    long narrow = smaller_of(across, across * OUT - s->out_width), low = smaller_of(down, down * OUT - s->out_height);
    Tiling t = {.across = across, .whole_across = across - narrow, .whole_down = down - low};
    t.in_image = t.across * down;
    t.begin[1] = images * t.whole_down * narrow;
    t.begin[2] = t.begin[1] + images * t.whole_down * t.whole_across;
    t.begin[3] = t.begin[2] + images * low * t.whole_across;
    t.begin[4] = images * t.in_image;
    return t;
}

/* Where tile number i along an axis begins, behind whole ones. */
ALWAYS_INLINE long begin_of(long i, long whole) { return i * OUT - (i > whole ? i - whole : 0) * (OUT - SHORT_OUT); }

/* The place of tile number k. */
ALWAYS_INLINE Tile tile_at(const Tiling *t, long k) {
    int tall = k < t->begin[2], wide = k >= t->begin[1] && k < t->begin[3];
    long columns = wide ? t->whole_across : t->across - t->whole_across;
    long rows = tall ? t->whole_down : t->in_image / t->across - t->whole_down;
    k -= t->begin[tall ? wide : 3 - wide];
    long image = k / (rows * columns), inside = k % (rows * columns);
    long row = inside / columns + (tall ? 0 : t->whole_down), column = inside % columns + (wide ? 0 : t->whole_across);
    return (Tile){image, begin_of(row, t->whole_down), begin_of(column, t->whole_across), row * t->across + column, tall, wide};
}

/* The tiles that take part in plane p. */
ALWAYS_INLINE Range tiles_in_plane(const Tiling *t, long p) {
    int tall_alone = p / PATCH == LEFT_OUT, wide_alone = p % PATCH == LEFT_OUT;
    return (Range){t->begin[wide_alone ? 1 : 0], t->begin[tall_alone ? 2 : wide_alone ? 3 : 4]};
}

/* Run CALL(tall, wide) with shapes that the compiler knows. */
#define WITH_TILE(tile, CALL) \
    do { \
        if ((tile).tall && (tile).wide) { CALL(1, 1); } \
        else if ((tile).tall) { CALL(1, 0); } \
        else if ((tile).wide) { CALL(0, 1); } \
        else { CALL(0, 0); } \
    } while (0)

/* An image to take patches from. `nothing` is a pixel of zeros, for what lies outside: patches at the border then run
   through the same code, without a branch on every load. */
typedef struct { const float *image, *nothing; long height, width, pixel; } Source;

/* Pointers to the size x size pixels from (top, left). */
ALWAYS_INLINE void find_pixels(Source s, long top, long left, const int size, const float *found[]) {
    const float *corner = s.image + (top * s.width + left) * s.pixel;
    if (top >= 0 && left >= 0 && top + size <= s.height && left + size <= s.width) {
        UNROLL for (int i = 0; i < size; i++)
            UNROLL for (int j = 0; j < size; j++) found[i * size + j] = corner + (i * s.width + j) * s.pixel;
        return;
    }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            int inside = top + i >= 0 && top + i < s.height && left + j >= 0 && left + j < s.width;
            found[i * size + j] = inside ? corner + (i * s.width + j) * s.pixel : s.nothing;
        }
}

/* Ask for the pixels that the tile at `place` in an image is the first to read; it may lie in the next image. The processor
   itself does not see the order in patches. */
ALWAYS_INLINE void prefetch_tile(Source s, const Tiling *t, long place) {
    long size = s.height * s.width * s.pixel, first = size * place / t->in_image, last = size * (place + 1) / t->in_image;
    for (long i = first; i < last; i += LINE) __builtin_prefetch(s.image + i, 0, 2);
}

static const float *pixel_of_zeros(long channels) {
    size_t bytes = sizeof(float) * (size_t)channels;
    return memset(scratch(SHARED, SLOT_ZEROS, bytes), 0, bytes);
}

/* B' d B of one patch for up to VL channels from c: plane p of channel c goes to v[p * plane + c]. */
ALWAYS_INLINE void patch_vector(const float *pixels[PLANES], long c, long count, float *v, long plane, const int tall,
                                const int wide) {
    const int rows = tall ? PATCH : SHORT_PATCH, columns = wide ? PATCH : SHORT_PATCH;
    Vector half[PATCH][PATCH];
    UNROLL for (int j = 0; j < columns; j++) {
        Vector column[PATCH];
        UNROLL for (int i = 0; i < rows; i++) column[i] = load_part(pixels[i * PATCH + j] + c, count);
        transform_patch(column, tall);
        UNROLL for (int i = 0; i < PATCH; i++) if (tall || i != LEFT_OUT) half[i][j] = column[i];
    }
    UNROLL for (int i = 0; i < PATCH; i++) {
        if (!tall && i == LEFT_OUT) continue;
        transform_patch(half[i], wide);
        UNROLL for (int j = 0; j < PATCH; j++)
            if (wide || j != LEFT_OUT) store(v + (i * PATCH + j) * plane + c, half[i][j]);
    }
}

/* The transformed patch of `tile` for channels up to `channels`; padding lies before the image. */
static __attribute__((noinline)) void patch_to_planes(Source image, Tile tile, long pad, long channels, float *v, long plane) {
    const float *pixels[PLANES];
    find_pixels(image, tile.top - pad, tile.left - pad, PATCH, pixels);
#define CALL(tall, wide) \
    for (long c = 0; c < channels; c += VL) \
        if (c + VL <= channels) patch_vector(pixels, c, VL, v, plane, tall, wide); \
        else patch_vector(pixels, c, channels - c, v, plane, tall, wide)
    WITH_TILE(tile, CALL);
#undef CALL
}
