#ifndef NIGHTJAR_KERNEL_SKY_H
#define NIGHTJAR_KERNEL_SKY_H

#include <stddef.h>
#include <stdint.h>

#include "kernel_owners.h"
#include "kernel_spans.h"

/// Sums over the numbers between two limits, limits included.
typedef struct {
    /// Sum of v - reference and of its square.
    double sum;
    double square;
    /// Numbers between the limits, and below them.
    int64_t count;
    int64_t below;
} kernel_sky_sums;

/// The pixels of a frame.
typedef struct {
    const float *values;
    /// kernel_marks.h
    const uint8_t *marks;
    /// Of the first row; the next row's lie `owner_words` words further.
    kernel_owners owners;
    size_t owner_words, width, height;
} kernel_sky_frame;

/// Copies the clean pixels of an annulus, row by row: those inside a ring and outside a hole, without marks but for those
/// that `owner` owns (0 for none). `row` and `rows` are those of the ring; target has room for all pixels and eight
/// more. Returns how many were copied.
size_t kernel_sky_gather(
    float *restrict target, const kernel_sky_frame *frame, const kernel_outline *ring, const kernel_outline *hole,
    size_t row, size_t rows, int32_t owner);

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
