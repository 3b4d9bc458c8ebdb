#include "kernel_spans.h"

#include "kernel_clones.h"

static inline __attribute__((always_inline)) double within(double value, double low, double high) {
    double above = value > low ? value : low;
    return above < high ? above : high;
}

KERNEL_CLONES
void kernel_centre_spans(
    int32_t *restrict first, int32_t *restrict end, const kernel_outline *outline, size_t row, size_t count,
    size_t width) {
    const kernel_outline o = *outline;
    const double last = (double)(int32_t)width;
    for (size_t i = 0; i < count; i++) {
        double v = (double)(int32_t)(row + i) - o.y;
        double square = (o.half_height - v) * (o.half_height + v);
        double middle = v * o.shear, reach = o.spread * __builtin_elementwise_sqrt(square > 0 ? square : 0);
        // Limits are not negative: conversion cuts towards zero.
        double low = within(o.x + (middle - reach), 0, last);
        int32_t below = (int32_t)low;
        int32_t left = below + ((double)below < low);
        int32_t right = (int32_t)within(o.x + (middle + reach) + 1, (double)left, last);
        first[i] = left;
        end[i] = square > 0 ? right : left;
    }
}
