/* An image laid out with zeros around it, so that windows need no look at borders. */

#pragma once

#include "convolution.h"

/* Images (N, H, W, C), or (N, C, H, W) where planar, and the room that one of them is laid out in: its pixels lie
   `spread` apart, its first one `top` rows and columns from the corner. What falls outside is left out. */
typedef struct {
    const float *x;
    long height, width, channels, planar;
    long room_height, room_width, top, spread;
} Padded;

/* For a convolution of `s`: just what its windows cover. */
ALWAYS_INLINE Padded padded(const Shape *s, const float *x, long planar) {
    return (Padded){.x = x, .height = s->height, .width = s->width, .channels = s->channels, .planar = planar,
                    .room_height = (s->out_height - 1) * s->stride + s->kernel,
                    .room_width = (s->out_width - 1) * s->stride + s->kernel, .top = s->pad, .spread = 1};
}

/* Floats of room for one image; a vector may be loaded from any place in it. */
ALWAYS_INLINE long room_of(const Padded *p) { return p->room_height * p->room_width * p->channels + VL; }

/* The first i with top + i spread >= 0, and the first with top + i spread >= size, of at most `count`. */
ALWAYS_INLINE long first_inside(const Padded *p) { return p->top < 0 ? (-p->top + p->spread - 1) / p->spread : 0; }

ALWAYS_INLINE long first_behind(const Padded *p, long size, long count) {
    long fitting = size <= p->top ? 0 : (size - 1 - p->top) / p->spread + 1;
    return smaller_of(fitting, count);
}

/* Tell whether the windows read the images as they lie: nothing to pad, to spread or to turn. */
ALWAYS_INLINE int lies_so(const Padded *p) {
    return !p->planar && p->top == 0 && p->spread == 1 && p->room_height == p->height && p->room_width == p->width;
}

static void lay_out(const Padded *p, long image, float *room) {
    long C = p->channels, plane = p->height * p->width, step = p->spread * C;
    const float *x = p->x + image * plane * C;
    memset(room, 0, sizeof(float) * (size_t)room_of(p));
    long left = first_inside(p), right = first_behind(p, p->room_width, p->width);
    long bottom = first_behind(p, p->room_height, p->height);
    for (long i = left; i < bottom && left < right; i++) {
        float *to = room + ((p->top + i * p->spread) * p->room_width + p->top + left * p->spread) * C;
        const float *from = x + (i * p->width + left) * (p->planar ? 1 : C);
        if (p->planar)
            for (long c = 0; c < C; c++)
                for (long j = 0; j < right - left; j++) to[j * step + c] = from[c * plane + j];
        else if (p->spread == 1) memcpy(to, from, sizeof(float) * (size_t)((right - left) * C));
        else
            for (long j = 0; j < right - left; j++) memcpy(to + j * step, from + j * C, sizeof(float) * (size_t)C);
    }
}
