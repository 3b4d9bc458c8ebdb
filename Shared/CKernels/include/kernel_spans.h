#ifndef NIGHTJAR_KERNEL_SPANS_H
#define NIGHTJAR_KERNEL_SPANS_H

#include <stddef.h>
#include <stdint.h>

/// An ellipse around (x, y). The row at height v above its centre lies inside it from x + v shear - reach to
/// x + v shear + reach, reach = spread sqrt(half_height^2 - v^2).
typedef struct {
    double x, y, half_height, shear, spread;
} kernel_outline;

/// The columns of a frame of `width` columns whose centres lie inside, for `count` rows from `row` on: first[i] to
/// end[i] - 1, none where the two are equal.
void kernel_centre_spans(
    int32_t *restrict first, int32_t *restrict end, const kernel_outline *outline, size_t row, size_t count,
    size_t width);

#endif
