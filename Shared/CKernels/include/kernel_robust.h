#ifndef NIGHTJAR_KERNEL_ROBUST_H
#define NIGHTJAR_KERNEL_ROBUST_H

#include <stddef.h>
#include <stdint.h>

/// The value of rank `rank` < count (0-based, ascending); none is NaN. -0 counts as below +0.
float kernel_select(const float *values, size_t count, size_t rank);

/// How many values are below `limit`, and the largest of them (-infinity without any).
size_t kernel_below(const float *values, size_t count, float limit, float *largest);

/// Copies the values from `low` to `high`, both included, to `found`, which has room for `count`; returns how many, and
/// in `below` how many are smaller. NaN is left out, `numbers` counts the rest.
size_t kernel_between(
    const float *values, size_t count, float low, float high, float *restrict found, size_t *below, size_t *numbers);

/// Sums over the values within `reach` of `centre`: their number, deviations from `centre`, squares of these. Always in
/// sixteen partial sums, so that the bits do not depend on the machine.
void kernel_clipped_sums(const float *values, size_t count, double centre, double reach, double sums[3]);

/// Every `step`-th of `count` * `step` pixels that is finite and has no bit set, one after the other; returns how many.
/// `bits` may be null; `picked` has room for `count`.
size_t kernel_pick(const float *pixels, const uint16_t *bits, size_t step, size_t count, float *restrict picked);

/// Number of finite values, the least and the largest of them (infinite without any).
struct kernel_extent {
    size_t finite;
    float lowest, highest;
};
void kernel_find_extent(const float *values, size_t count, struct kernel_extent *found);

/// How many values are at or above `level`.
size_t kernel_at_least(const float *values, size_t count, float level);

#endif
