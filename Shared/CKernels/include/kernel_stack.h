#ifndef NIGHTJAR_KERNEL_STACK_H
#define NIGHTJAR_KERNEL_STACK_H

#include <stddef.h>
#include <stdint.h>

/// Pixels that are combined side by side.
#define KERNEL_STACK_LANES 16

/// How the values of one pixel become one.
struct kernel_stack_rule {
    /// 1: the median, its error from the values that survive clipping; 0: the mean of these.
    int is_median;
    /// Reach of the clipping in standard deviations.
    float sigma;
    /// Noise of one frame, and what a unit of signal above `level` adds to its square.
    float noise, level, poisson;
};

/// One comparator of a sorting network: afterwards the value at `low` is not above the one at `high`.
struct kernel_comparator {
    uint32_t low, high;
};

/// Combines `planes` images of `pixels` pixels pixel by pixel: `image[i]` points at the first pixel of one of them.
/// Values that are not finite do not count; where none is left, values become NaN and errors infinite.
///
/// `network` sorts `planes` values; `scratch` has room for 2 * planes * KERNEL_STACK_LANES numbers and starts at a
/// multiple of 64 bytes.
void kernel_stack(
    const float *const *image, size_t planes, size_t pixels, const struct kernel_comparator *network,
    size_t comparators, struct kernel_stack_rule rule, float *scratch, float *restrict values, float *restrict errors);

#endif
