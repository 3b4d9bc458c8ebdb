#include "kernel_sky.h"

#include <math.h>
#include <string.h>

#include "kernel_clones.h"
#include "kernel_marks.h"

// Eight or sixteen numbers side by side; the compiler splits them where the machine has narrower vectors.
typedef float floats __attribute__((vector_size(32)));
typedef float wide_floats __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));
typedef int32_t wide_ints __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(32)));

KERNEL_CLONES
size_t kernel_sky_gather(
    float *restrict target, const float *restrict values, const uint8_t *restrict marks,
    const int32_t *restrict segments, int32_t owner, size_t count, size_t readable) {
    size_t used = 0;
    for (size_t i = 0; i < count; i += 8) {
        uint64_t eight = 0;
        size_t left = count - i < 8 ? count - i : 8, whole = readable - i >= 8 ? 8 : readable - i;
        if (whole == 8) {
            memcpy(&eight, marks + i, 8);
            memcpy(target + used, values + i, 8 * sizeof(float));
        } else {
            memcpy(&eight, marks + i, whole);
            memcpy(target + used, values + i, whole * sizeof(float));
        }
        if (eight == 0) {
            used += left;
            continue;
        }
        for (size_t lane = 0; lane < left; lane++) {
            uint8_t mark = marks[i + lane];
            target[used] = values[i + lane];
            used += mark == 0 || (mark == MARK_OWNED && segments[i + lane] == owner);
        }
    }
    return used;
}

/// The smallest float that is not below a number, and the largest that is not above it.
static float at_least(double limit) {
    float near = (float)limit;
    return (double)near < limit ? nextafterf(near, INFINITY) : near;
}

static float at_most(double limit) {
    float near = (float)limit;
    return (double)near > limit ? nextafterf(near, -INFINITY) : near;
}

// Sixteen sums side by side, added in a fixed order: the same bits for every width of vectors.
KERNEL_CLONES
static kernel_sky_sums clip(const float *values, size_t count, float low, float high, float reference) {
    doubles sums[2] = {{0}, {0}}, squares[2] = {{0}, {0}};
    wide_ints inside = {0}, below = {0};
    const wide_floats otherwise = (wide_floats){0} + reference;
    for (size_t i = 0; i < count; i += 16) {
        wide_floats value;
        if (count - i >= 16) {
            memcpy(&value, values + i, sizeof value);
        } else {
            // What is missing at the end is not a number: neither inside nor below.
            value = (wide_floats){0} + NAN;
            memcpy(&value, values + i, (count - i) * sizeof(float));
        }
        wide_ints is_inside = (value >= low) & (value <= high);
        inside -= is_inside;
        below -= value < low;
        value = (wide_floats)(((wide_ints)value & is_inside) | ((wide_ints)otherwise & ~is_inside));
        const floats halves[2] = {
            __builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7),
            __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15)};
        for (size_t half = 0; half < 2; half++) {
            doubles distance = __builtin_convertvector(halves[half], doubles) - (double)reference;
            sums[half] += distance;
            squares[half] += distance * distance;
        }
    }
    kernel_sky_sums total = {0};
    for (size_t lane = 0; lane < 16; lane++) {
        total.sum += sums[lane / 8][lane % 8];
        total.square += squares[lane / 8][lane % 8];
        total.count += inside[lane];
        total.below += below[lane];
    }
    return total;
}

kernel_sky_sums kernel_sky_clip(const float *values, size_t count, double low, double high, float reference) {
    return clip(values, count, at_least(low), at_most(high), reference);
}

KERNEL_CLONES
size_t kernel_sky_count_below(const float *values, size_t count, float limit) {
    uint32_t below = 0;
    for (size_t i = 0; i < count; i++) below += values[i] < limit;
    return below;
}

// Few qualify: of eight at a time it is asked first whether any does.
KERNEL_CLONES
size_t kernel_sky_between(float *restrict target, const float *restrict values, size_t count, float low, float high) {
    size_t used = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        floats eight;
        memcpy(&eight, values + i, sizeof eight);
        ints inside = (eight >= low) & (eight < high);
        if (__builtin_reduce_or(inside) == 0) continue;
        for (size_t lane = 0; lane < 8; lane++) {
            target[used] = values[i + lane];
            used += inside[lane] != 0;
        }
    }
    for (; i < count; i++) {
        target[used] = values[i];
        used += (values[i] >= low) & (values[i] < high);
    }
    return used;
}

void kernel_sky_prefetch(const void *first, size_t bytes, size_t stride, size_t rows) {
    const char *row = first;
    for (size_t y = 0; y < rows; y++, row += stride) {
        for (size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(row + offset);
    }
}
