/* The sizes of a pooling. */

#pragma once

#include "vector.h"

typedef struct {
    long images, height, width, channels;
    long size_down, size_across, step_down, step_across, pad_down, pad_across;
    long out_height, out_width;
} PoolShape;
