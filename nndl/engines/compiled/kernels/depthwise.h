/* The sizes of a depthwise convolution. */

#pragma once

#include "vector.h"

typedef struct {
    long images, height, width, channels;
    long size_down, size_across, step_down, step_across, pad_down, pad_across, dilation_down, dilation_across;
    long out_height, out_width;
} DepthwiseShape;
