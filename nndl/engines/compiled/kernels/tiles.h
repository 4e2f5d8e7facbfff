/* The transforms of Winograd's tiles. Written by python -m nndl.engines.compiled.tiles, which says what they are:
   change its table, not this. */

#pragma once

#include "vector.h"

enum { SMALLEST = 2, LARGEST = 6, INFINITY_ROW = 7 };

static const float G[][3] = {
    {1 / 4.f, 0.f, 0.f},
    {-1 / 6.f, -1 / 6.f, -1 / 6.f},
    {-1 / 6.f, 1 / 6.f, -1 / 6.f},
    {1 / 24.f, 1 / 12.f, 1 / 6.f},
    {1 / 24.f, -1 / 12.f, 1 / 6.f},
    {32 / 45.f, 16 / 45.f, 8 / 45.f},
    {32 / 45.f, -16 / 45.f, 8 / 45.f},
    {0.f, 0.f, 1.f},
};

ALWAYS_INLINE void patch_2(Vector d[]) {
    Vector zero = 4.f * d[0] - 4.f * d[2], last = -d[1] + d[3];
    Vector even1 = -3.f * d[2], odd1 = -3.f * d[1];
    d[0] = zero, d[1] = even1 + odd1, d[2] = even1 - odd1, d[3] = last;
}

ALWAYS_INLINE void patch_3(Vector d[]) {
    Vector e0 = d[1] - 2.f * d[0], e1 = d[2] - 2.f * d[1], e2 = d[3] - 2.f * d[2], e3 = d[4] - 2.f * d[3];
    Vector zero = -2.f * e0 + 2.f * e2, last = -e1 + e3;
    Vector alone = -4.f * d[1] + 4.f * d[3];
    Vector even1 = e2, odd1 = e1;
    d[0] = zero, d[1] = 3.f * (even1 + odd1), d[2] = even1 - odd1, d[3] = alone, d[4] = last;
}

ALWAYS_INLINE void patch_4(Vector d[]) {
    Vector zero = 4.f * d[0] - 5.f * d[2] + d[4], last = 4.f * d[1] - 5.f * d[3] + d[5];
    Vector even1 = -4.f * d[2] + d[4], odd1 = -4.f * d[1] + d[3];
    Vector even3 = -d[2] + d[4], odd3 = -2.f * d[1] + 2.f * d[3];
    d[0] = zero, d[1] = even1 + odd1, d[2] = even1 - odd1, d[3] = even3 + odd3, d[4] = even3 - odd3, d[5] = last;
}

ALWAYS_INLINE void patch_5(Vector d[]) {
    Vector e0 = d[1] - (1 / 2.f) * d[0], e1 = d[2] - (1 / 2.f) * d[1], e2 = d[3] - (1 / 2.f) * d[2],
        e3 = d[4] - (1 / 2.f) * d[3], e4 = d[5] - (1 / 2.f) * d[4], e5 = d[6] - (1 / 2.f) * d[5];
    Vector zero = -8.f * e0 + 10.f * e2 - 2.f * e4, last = 4.f * e1 - 5.f * e3 + e5;
    Vector alone = 4.f * d[1] - 5.f * d[3] + d[5];
    Vector even1 = -4.f * e2 + e4, odd1 = -4.f * e1 + e3;
    Vector even3 = -e2 + e4, odd3 = -2.f * e1 + 2.f * e3;
    d[0] = zero, d[1] = 2.f * (even1 + odd1), d[2] = -(2 / 3.f) * (even1 - odd1), d[3] = (2 / 3.f) * (even3 + odd3),
        d[4] = -(2 / 5.f) * (even3 - odd3), d[5] = alone, d[6] = last;
}

ALWAYS_INLINE void patch_6(Vector d[]) {
    Vector zero = 4.f * d[0] - 21.f * d[2] + 21.f * d[4] - 4.f * d[6],
        last = -d[1] + (21 / 4.f) * d[3] - (21 / 4.f) * d[5] + d[7];
    Vector even1 = (4 / 3.f) * d[2] - (17 / 3.f) * d[4] + (4 / 3.f) * d[6],
        odd1 = (4 / 3.f) * d[1] - (17 / 3.f) * d[3] + (4 / 3.f) * d[5];
    Vector even3 = (1 / 15.f) * d[2] - (1 / 3.f) * d[4] + (4 / 15.f) * d[6],
        odd3 = (2 / 15.f) * d[1] - (2 / 3.f) * d[3] + (8 / 15.f) * d[5];
    Vector even5 = 4.f * d[2] - 5.f * d[4] + d[6], odd5 = 2.f * d[1] - (5 / 2.f) * d[3] + (1 / 2.f) * d[5];
    d[0] = zero, d[1] = even1 + odd1, d[2] = even1 - odd1, d[3] = even3 + odd3, d[4] = even3 - odd3,
        d[5] = even5 + odd5, d[6] = even5 - odd5, d[7] = last;
}

ALWAYS_INLINE void transform_patch(Vector d[], const int size) {
    if (size == 2) patch_2(d);
    else if (size == 3) patch_3(d);
    else if (size == 4) patch_4(d);
    else if (size == 5) patch_5(d);
    else if (size == 6) patch_6(d);
}

ALWAYS_INLINE void product_2(Vector m[]) {
    Vector sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    Vector y0 = m[0] + sum1, y1 = difference1 + m[3];
    m[0] = y0, m[1] = y1;
}

ALWAYS_INLINE void product_3(Vector m[]) {
    Vector sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    Vector y0 = m[0] + sum1 + m[3], y1 = difference1 + 2.f * m[3], y2 = sum1 + 4.f * m[3] + m[4];
    m[0] = y0, m[1] = y1, m[2] = y2;
}

ALWAYS_INLINE void product_4(Vector m[]) {
    Vector sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    Vector sum3 = m[3] + m[4], difference3 = m[3] - m[4];
    Vector y0 = m[0] + sum1 + sum3, y1 = difference1 + 2.f * difference3, y2 = sum1 + 4.f * sum3,
        y3 = difference1 + 8.f * difference3 + m[5];
    m[0] = y0, m[1] = y1, m[2] = y2, m[3] = y3;
}

ALWAYS_INLINE void product_5(Vector m[]) {
    Vector sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    Vector sum3 = m[3] + m[4], difference3 = m[3] - m[4];
    Vector y0 = m[0] + sum1 + sum3 + m[5], y1 = difference1 + 2.f * difference3 + (1 / 2.f) * m[5],
        y2 = sum1 + 4.f * sum3 + (1 / 4.f) * m[5], y3 = difference1 + 8.f * difference3 + (1 / 8.f) * m[5],
        y4 = sum1 + 16.f * sum3 + (1 / 16.f) * m[5] + m[6];
    m[0] = y0, m[1] = y1, m[2] = y2, m[3] = y3, m[4] = y4;
}

ALWAYS_INLINE void product_6(Vector m[]) {
    Vector sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    Vector sum3 = m[3] + m[4], difference3 = m[3] - m[4];
    Vector sum5 = m[5] + m[6], difference5 = m[5] - m[6];
    Vector y0 = m[0] + sum1 + sum3 + sum5, y1 = difference1 + 2.f * difference3 + (1 / 2.f) * difference5,
        y2 = sum1 + 4.f * sum3 + (1 / 4.f) * sum5, y3 = difference1 + 8.f * difference3 + (1 / 8.f) * difference5,
        y4 = sum1 + 16.f * sum3 + (1 / 16.f) * sum5,
        y5 = difference1 + 32.f * difference3 + (1 / 32.f) * difference5 + m[7];
    m[0] = y0, m[1] = y1, m[2] = y2, m[3] = y3, m[4] = y4, m[5] = y5;
}

ALWAYS_INLINE void transform_product(Vector m[], const int size) {
    if (size == 2) product_2(m);
    else if (size == 3) product_3(m);
    else if (size == 4) product_4(m);
    else if (size == 5) product_5(m);
    else if (size == 6) product_6(m);
}

ALWAYS_INLINE void gradient_2(Vector y[]) {
    Vector even1 = y[0], odd1 = y[1];
    y[3] = y[1], y[1] = even1 + odd1, y[2] = even1 - odd1;
}

ALWAYS_INLINE void gradient_3(Vector y[]) {
    Vector even1 = y[0] + y[2], odd1 = y[1];
    Vector alone = y[0] + 2.f * y[1] + 4.f * y[2];
    y[4] = y[2], y[1] = even1 + odd1, y[2] = even1 - odd1, y[3] = alone;
}

ALWAYS_INLINE void gradient_4(Vector y[]) {
    Vector even1 = y[0] + y[2], odd1 = y[1] + y[3];
    Vector even3 = y[0] + 4.f * y[2], odd3 = 2.f * y[1] + 8.f * y[3];
    y[5] = y[3], y[1] = even1 + odd1, y[2] = even1 - odd1, y[3] = even3 + odd3, y[4] = even3 - odd3;
}

ALWAYS_INLINE void gradient_5(Vector y[]) {
    Vector even1 = y[0] + y[2] + y[4], odd1 = y[1] + y[3];
    Vector even3 = y[0] + 4.f * y[2] + 16.f * y[4], odd3 = 2.f * y[1] + 8.f * y[3];
    Vector alone = y[0] + (1 / 2.f) * y[1] + (1 / 4.f) * y[2] + (1 / 8.f) * y[3] + (1 / 16.f) * y[4];
    y[6] = y[4], y[1] = even1 + odd1, y[2] = even1 - odd1, y[3] = even3 + odd3, y[4] = even3 - odd3, y[5] = alone;
}

ALWAYS_INLINE void gradient_6(Vector y[]) {
    Vector even1 = y[0] + y[2] + y[4], odd1 = y[1] + y[3] + y[5];
    Vector even3 = y[0] + 4.f * y[2] + 16.f * y[4], odd3 = 2.f * y[1] + 8.f * y[3] + 32.f * y[5];
    Vector even5 = y[0] + (1 / 4.f) * y[2] + (1 / 16.f) * y[4],
        odd5 = (1 / 2.f) * y[1] + (1 / 8.f) * y[3] + (1 / 32.f) * y[5];
    y[7] = y[5], y[1] = even1 + odd1, y[2] = even1 - odd1, y[3] = even3 + odd3, y[4] = even3 - odd3,
        y[5] = even5 + odd5, y[6] = even5 - odd5;
}

ALWAYS_INLINE void transform_gradient(Vector y[], const int size) {
    if (size == 2) gradient_2(y);
    else if (size == 3) gradient_3(y);
    else if (size == 4) gradient_4(y);
    else if (size == 5) gradient_5(y);
    else if (size == 6) gradient_6(y);
}
