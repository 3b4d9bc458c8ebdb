#ifndef NIGHTJAR_KERNEL_MEDIAN_FILTER_H
#define NIGHTJAR_KERNEL_MEDIAN_FILTER_H

#include <stddef.h>

/// Pixels that are made together: counts are multiples of it.
enum { kernel_median_lanes = 16 };

/// target[i] = median of the 3 x 3, 5 x 5 or 7 x 7 pixels around source[i] (true medians: the middle one in order).
///
/// Rows of the source lie `stride` floats apart; the pixels within 1, 2 or 3 columns of the count, and as many rows
/// above and below, must exist, and so must 31 floats behind each; none of them is NaN. The two do not overlap.
void kernel_median_3x3(float *target, const float *source, ptrdiff_t stride, size_t count);
void kernel_median_5x5(float *target, const float *source, ptrdiff_t stride, size_t count);
void kernel_median_7x7(float *target, const float *source, ptrdiff_t stride, size_t count);

#endif
