/* The sizes of a convolution in groups, by windows of any sides; a depthwise one has a group for each channel. */

#pragma once

#include "vector.h"

typedef struct {
    long images, height, width, channels, filters, groups;
    long size_down, size_across, step_down, step_across, pad_down, pad_across, dilation_down, dilation_across;
    long out_height, out_width;
} GroupedShape;

/* One way of a window; `room` and `out` are the pixels before and behind. */
typedef struct { long size, step, pad, dilation, room, out; } Way;

ALWAYS_INLINE Way down(const GroupedShape *s) {
    return (Way){s->size_down, s->step_down, s->pad_down, s->dilation_down, s->height, s->out_height};
}

ALWAYS_INLINE Way across(const GroupedShape *s) {
    return (Way){s->size_across, s->step_across, s->pad_across, s->dilation_across, s->width, s->out_width};
}
