/* Winograd's tiles for 3 x 3 convolutions of stride 1: how an image is cut into them, and how patches of it are transformed.

   Lavin and Gray 2016, "Fast algorithms for convolutional neural networks": m x m outputs of a 3 x 3 filter come from a
   patch of the image of m + 2 pixels a side with (m + 2)^2 multiplications in place of 9 m^2,

       y = A' [(G w G') * (B' d B)] A        (* number by number, summed over channels)

   so over all tiles and channels it is a matrix product for each place of the patch ("plane"):
   P[p] (tiles, F) = V[p] (tiles, C) U[p] (C, F). The weight gradient is the exact adjoint:
   dw = G' [sum over tiles of (B' d B) (A dy A')] G; the input gradient is a convolution with the filters turned.

   Along each axis the algorithm evaluates polynomials at some points and infinity; tiles.h has the transforms of 2 to 6 outputs. A
   side of n outputs is cut into as few tiles of at most so many as there can be, nearly equal: 30 = 5 x 6, 14 = 5 + 5 + 4,
   7 = 4 + 3. So tiles of one size and of one less lie along an axis. All sizes begin with the same points and share the
   filters' transform U: the shorter tiles take no part in the planes of one point.

   Rounding: the transforms multiply by numbers whose effects cancel. In float32 the error of tiles of 4 is about 1e-5
   of the largest output at 256 channels, of tiles of 6 twice that (plain sums: 1e-6); the tests state and hold it. */

#pragma once

#include "convolution.h"
#include "threads.h"
#include "tiles.h"
#include "words.h"

enum { PATCH = LARGEST + 2, LINE = 16, USUAL = 4 };

/* Planes lie an odd number of cache lines apart, or their 36 stores would fall into few sets of the cache. */
ALWAYS_INLINE long odd_lines(long floats) { return (round_up(floats, LINE) / LINE | 1) * LINE; }

/* The tiles along an axis: `larges` of `large` outputs, then others of one less, `count` in all. */
typedef struct { long large, larges, count; } Cover;

ALWAYS_INLINE Cover cover_of(long outputs, long most) {
    Cover c = {.count = (outputs + most - 1) / most};
    c.large = (outputs + c.count - 1) / c.count;
    c.larges = outputs - c.count * (c.large - 1);
    return c.large > SMALLEST ? c : (Cover){SMALLEST, c.count, c.count};
}

/* Where tile number i begins. */
ALWAYS_INLINE long begin_of(const Cover *c, long i) { return i * c->large - (i > c->larges ? i - c->larges : 0); }

/* The tiles that the outputs of some images, or some rows of them, are cut into, in four groups: narrow ones (short along the
   width), whole ones, low ones (short along the height), and those short both ways. So the tiles that take part in a plane stand
   in a row. */
typedef struct {
    Cover down, across;
    long first, tall;    /* the first row of tiles, and how many of the rows are no low ones */
    long rows;
    long in_image;       /* tiles of an image */
    long begin[5];       /* the first tile of each group, and how many there are */
    long width, planes;  /* planes of a row of the patch, and of all of it */
} Tiling;

typedef struct { long image, top, left, place; int rows, columns; } Tile;

typedef struct { long from, to; } Range;

/* The tiles of `images` from row number `first` on, up to `rows` of them. */
ALWAYS_INLINE Tiling band_of(const Shape *s, long images, long first, long rows) {
    long most = s->tile ? s->tile : USUAL;
    Tiling t = {.down = cover_of(s->out_height - s->edge, most), .across = cover_of(s->out_width - s->edge, most), .first = first};
    t.rows = smaller_of(rows, t.down.count - first);
    t.tall = smaller_of(t.rows, t.down.larges > first ? t.down.larges - first : 0);
    t.in_image = t.across.count * t.down.count;
    t.begin[1] = images * t.tall * (t.across.count - t.across.larges);
    t.begin[2] = images * t.tall * t.across.count;
    t.begin[3] = t.begin[2] + images * (t.rows - t.tall) * t.across.larges;
    t.begin[4] = images * t.rows * t.across.count;
    t.width = t.across.large + 2;
    t.planes = t.width * (t.down.large + 2);
    return t;
}

ALWAYS_INLINE Tiling tiling_of(const Shape *s, long images) { return band_of(s, images, 0, s->out_height); }

/* The place of tile number k. */
ALWAYS_INLINE Tile tile_at(const Tiling *t, long k) {
    int tall = k < t->begin[2], wide = k >= t->begin[1] && k < t->begin[3];
    long columns = wide ? t->across.larges : t->across.count - t->across.larges;
    long rows = tall ? t->tall : t->rows - t->tall;
    k -= t->begin[tall ? wide : 3 - wide];
    long image = k / (rows * columns), inside = k % (rows * columns);
    long row = t->first + inside / columns + (tall ? 0 : t->tall), column = inside % columns + (wide ? 0 : t->across.larges);
    return (Tile){image, begin_of(&t->down, row), begin_of(&t->across, column), row * t->across.count + column,
                  (int)t->down.large - !tall, (int)t->across.large - !wide};
}

/* The tiles that take part in plane p: short ones have no numbers at the last point before infinity. */
ALWAYS_INLINE Range tiles_in_plane(const Tiling *t, long p) {
    int tall_alone = p / t->width == t->down.large, wide_alone = p % t->width == t->across.large;
    return (Range){t->begin[wide_alone ? 1 : 0], t->begin[tall_alone ? 2 : wide_alone ? 3 : 4]};
}

/* The place along an axis of number i of a transformed patch, of a tile of `size` outputs. */
ALWAYS_INLINE long place_of(int i, int size, const Cover *c) { return i <= size ? i : c->large + 1; }

/* The row of G of place i. */
ALWAYS_INLINE const float *row_of_G(long i, const Cover *c) { return G[i <= c->large ? i : INFINITY_ROW]; }

/* Run CALL(rows, columns) for a tile of 4 or 3 outputs a side, whose numbers fit the registers, with sizes that the compiler knows,
   and OTHER for any other. */
#define WITH_TILE(tile, CALL, OTHER) \
    do { \
        if ((tile).rows == 4 && (tile).columns == 4) { CALL(4, 4); } \
        else if ((tile).rows == 4 && (tile).columns == 3) { CALL(4, 3); } \
        else if ((tile).rows == 3 && (tile).columns == 4) { CALL(3, 4); } \
        else if ((tile).rows == 3 && (tile).columns == 3) { CALL(3, 3); } \
        else { OTHER; } \
    } while (0)

/* The same for one side. */
#define WITH_SIZE(size, CALL) \
    do switch (size) { \
        case 2: CALL(2); break; \
        case 3: CALL(3); break; \
        case 4: CALL(4); break; \
        case 5: CALL(5); break; \
        case 6: CALL(6); break; \
    } while (0)

/* An image to take patches from. `nothing` is a pixel of zeros, for what lies outside: patches at the border then run
   through the same code, without a branch on every load. */
typedef struct { const float *image, *nothing; long height, width, pixel; } Source;

/* Pointers to the rows x columns pixels from (top, left); rows of pointers lie PATCH apart. */
ALWAYS_INLINE void find_pixels(Source s, long top, long left, int rows, int columns, const float *found[]) {
    const float *corner = s.image + (top * s.width + left) * s.pixel;
    int within = top >= 0 && left >= 0 && top + rows <= s.height && left + columns <= s.width;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            int inside = within || (top + i >= 0 && top + i < s.height && left + j >= 0 && left + j < s.width);
            found[i * PATCH + j] = inside ? corner + (i * s.width + j) * s.pixel : s.nothing;
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

/* B' d down column j of a patch, for up to VL channels from c. */
ALWAYS_INLINE void patch_column(const float *pixels[], long c, long count, const int rows, int j, Vector half[][PATCH]) {
    Vector d[PATCH];
    UNROLL for (int i = 0; i < rows + 2; i++) d[i] = load_part(pixels[i * PATCH + j] + c, count);
    transform_patch(d, rows);
    UNROLL for (int i = 0; i < rows + 2; i++) half[i][j] = d[i];
}

/* The same along row i of them: channels from c of plane p go to v[p * plane]. */
ALWAYS_INLINE void patch_row(Vector half[][PATCH][PATCH], const Tiling *t, int rows, int i, const int columns, float *v, long c,
                             long plane) {
    float *to = v + place_of(i, rows, &t->down) * t->width * plane;
    UNROLL for (int n = 0; n < IMAGES; n++) transform_patch(half[n][i], columns);
    UNROLL for (int j = 0; j < columns + 2; j++) {
        Vector values[IMAGES];
        UNROLL for (int n = 0; n < IMAGES; n++) values[n] = half[n][i][j];
        store_channels(to + place_of(j, columns, &t->across) * plane, c, values);
    }
}

/* Both for a tile whose sizes the compiler knows, and for any other. */
ALWAYS_INLINE void patch_known(const float *pixels[][PATCH * PATCH], long c, long count, const Tiling *t, const int rows,
                               const int columns, float *v, long plane) {
    Vector half[IMAGES][PATCH][PATCH];
    UNROLL for (int n = 0; n < IMAGES; n++)
        UNROLL for (int j = 0; j < columns + 2; j++) patch_column(pixels[n], c, count, rows, j, half[n]);
    UNROLL for (int i = 0; i < rows + 2; i++) patch_row(half, t, rows, i, columns, v, c, plane);
}

ALWAYS_INLINE void patch_any(const float *pixels[][PATCH * PATCH], long c, long count, const Tiling *t, Tile tile, float *v,
                             long plane) {
    Vector half[IMAGES][PATCH][PATCH];
#define COLUMNS(size) for (int j = 0; j < tile.columns + 2; j++) patch_column(pixels[n], c, count, size, j, half[n])
#define ROWS(size) for (int i = 0; i < tile.rows + 2; i++) patch_row(half, t, tile.rows, i, size, v, c, plane)
    for (int n = 0; n < IMAGES; n++) WITH_SIZE(tile.rows, COLUMNS);
    WITH_SIZE(tile.columns, ROWS);
#undef COLUMNS
#undef ROWS
}

/* The transformed patch of `tile` for channels up to `channels`, of as many images as lie in a word; padding lies before the
   image. */
static __attribute__((noinline)) void patch_to_planes(const Source images[], const Tiling *t, const Tile *place, long pad,
                                                      long channels, float *v, long plane) {
    Tile tile = *place;
    const float *pixels[IMAGES][PATCH * PATCH];
    for (int n = 0; n < IMAGES; n++)
        find_pixels(images[n], tile.top - pad, tile.left - pad, tile.rows + 2, tile.columns + 2, pixels[n]);
#define CALL(rows, columns) \
    for (long c = 0; c < channels; c += VL) \
        if (c + VL <= channels) patch_known(pixels, c, VL, t, rows, columns, v, plane); \
        else patch_known(pixels, c, channels - c, t, rows, columns, v, plane)
#define OTHER for (long c = 0; c < channels; c += VL) patch_any(pixels, c, channels - c, t, tile, v, plane)
    WITH_TILE(tile, CALL, OTHER);
#undef CALL
#undef OTHER
}
