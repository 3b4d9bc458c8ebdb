#include "kernel_sky.h"

#include <math.h>
#include <string.h>

#include "kernel_clones.h"
#include "kernel_marks.h"
#include "owners.h"

#define INLINE static inline __attribute__((always_inline))

// Eight or sixteen numbers side by side; the compiler splits them where the machine has narrower vectors.
typedef float floats __attribute__((vector_size(32)));
typedef float wide_floats __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));
typedef int32_t wide_ints __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(32)));

/// A mark in each of eight bytes.
#define EACH(mark) ((mark) * UINT64_C(0x0101010101010101))

/// A bit for each of eight bytes that are 0.
INLINE uint32_t zeros_of(uint64_t eight) {
    const uint64_t low = EACH(0x7f);
    uint64_t tops = ~(((eight & low) + low) | eight) & EACH(0x80);
    return (uint32_t)(tops * UINT64_C(0x0002040810204081) >> 56);
}

/// A bit for each of eight pixels that no other than `owner` owns and that have no other mark.
INLINE uint32_t clean_of(uint64_t eight, const kernel_owners *owners, size_t column, int32_t owner) {
    uint32_t clean = zeros_of(eight);
    if (owner == 0 || (eight & EACH(MARK_OWNED)) == 0) return clean;
    int32_t numbers[8];
    owners8(numbers, owners, column);
    uint32_t own = zeros_of(eight ^ EACH(MARK_OWNED));
    for (size_t lane = 0; lane < 8; lane++) clean |= own & (uint32_t)(numbers[lane] == owner) << lane;
    return clean;
}

/// Copies the clean ones of some neighbouring pixels of a row, `readable` of which and after them can be read.
INLINE size_t gather_part(
    float *restrict target, const float *restrict values, const uint8_t *restrict marks, const kernel_owners *owners,
    size_t column, int32_t owner, size_t count, size_t readable) {
    size_t used = 0;
    for (size_t i = 0; i < count; i += 8) {
        uint64_t eight = 0;
        float part[8] = {0};
        size_t left = count - i, whole = readable - i;
        if (whole >= 8) {
            memcpy(&eight, marks + i, 8);
            memcpy(part, values + i, sizeof part);
        } else {
            for (size_t lane = 0; lane < whole; lane++) {
                eight |= (uint64_t)marks[i + lane] << 8 * lane;
                part[lane] = values[i + lane];
            }
        }
        memcpy(target + used, part, sizeof part);
        uint32_t clean = eight == 0 ? 0xff : clean_of(eight, owners, column + i, owner);
        if (left < 8) clean &= (1u << left) - 1;
        // Mostly all, none, or the first few: these lie where they should.
        if ((clean & (clean + 1)) == 0) {
            used += (size_t)__builtin_popcount(clean);
            continue;
        }
        for (size_t lane = 0; lane < 8; lane++) {
            target[used] = part[lane];
            used += clean >> lane & 1;
        }
    }
    return used;
}

KERNEL_CLONES
size_t kernel_sky_gather(
    float *restrict target, const kernel_sky_frame *frame, const kernel_outline *ring, const kernel_outline *hole,
    size_t row, size_t rows, int32_t owner) {
    enum { AT_ONCE = 64 };
    int32_t first[AT_ONCE], end[AT_ONCE], hole_first[AT_ONCE], hole_end[AT_ONCE];
    size_t used = 0;
    for (size_t done = 0; done < rows; done += AT_ONCE) {
        size_t count = rows - done < AT_ONCE ? rows - done : AT_ONCE;
        kernel_centre_spans(first, end, ring, row + done, count, frame->width);
        kernel_centre_spans(hole_first, hole_end, hole, row + done, count, frame->width);
        for (size_t i = 0; i < count; i++) {
            size_t y = row + done + i, start = y * frame->width, pixels = frame->width * frame->height;
            kernel_owners owners = frame->owners;
            owners.words += y * frame->owner_words;
            owners.before += y * frame->owner_words;
            // Left and right of the hole, or all on the left where there is none.
            int32_t stop = hole_first[i] < hole_end[i] ? hole_first[i] : end[i];
            int32_t limits[2][2] = {{first[i], stop < end[i] ? stop : end[i]}, {end[i], end[i]}};
            if (hole_first[i] < hole_end[i]) limits[1][0] = hole_end[i] > first[i] ? hole_end[i] : first[i];
            for (size_t side = 0; side < 2; side++) {
                if (limits[side][0] >= limits[side][1]) continue;
                size_t from = (size_t)limits[side][0], place = start + from;
                used += gather_part(
                    target + used, frame->values + place, frame->marks + place, &owners, from, owner,
                    (size_t)limits[side][1] - from, pixels - place);
            }
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
