#ifndef NIGHTJAR_KERNEL_SKY_H
#define NIGHTJAR_KERNEL_SKY_H

#include <stddef.h>
#include <stdint.h>

/// Sums over the numbers between two limits, limits included.
typedef struct {
    /// Sum of v - reference and of its square.
    double sum;
    double square;
    /// Numbers between the limits, and below them.
    int64_t count;
    int64_t below;
} kernel_sky_sums;

/// Copies the values of a row's clean pixels: without marks (kernel_marks.h), but for those that `owner` owns.
///
/// target has room for count + 8 values; `readable` pixels, of which the first `count` are meant, can be read. Returns
/// how many were copied.
size_t kernel_sky_gather(
    float *restrict target, const float *restrict values, const uint8_t *restrict marks,
    const int32_t *restrict segments, int32_t owner, size_t count, size_t readable);

/// Sums over the values in low...high.
kernel_sky_sums kernel_sky_clip(const float *values, size_t count, double low, double high, float reference);

/// How many values are smaller than a limit.
size_t kernel_sky_count_below(const float *values, size_t count, float limit);

/// Copies the values v with low <= v < high in their order. target has room for all that qualify plus one.
size_t kernel_sky_between(float *restrict target, const float *restrict values, size_t count, float low, float high);

/// Asks for `bytes` bytes of each of `rows` rows, `stride` bytes apart, to be brought near the processor; has no other
/// effect.
void kernel_sky_prefetch(const void *first, size_t bytes, size_t stride, size_t rows);

/// Asks for one line of memory to be brought near the processor; has no other effect.
static inline void kernel_prefetch(const void *place) { __builtin_prefetch(place); }

#endif
