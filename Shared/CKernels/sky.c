#include "kernel_sky.h"

#include <math.h>
#include <string.h>

#include "kernel_clones.h"

// Eight numbers side by side; the compiler splits them where the machine has narrower vectors.
typedef float floats __attribute__((vector_size(32)));
typedef double doubles __attribute__((vector_size(64)));
typedef int64_t longs __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(32)));
typedef uint16_t shorts __attribute__((vector_size(16)));
typedef uint8_t bytes __attribute__((vector_size(8)));

KERNEL_CLONES
size_t kernel_sky_gather(
    float *restrict target, const float *restrict values, const uint8_t *restrict excluded,
    const uint16_t *restrict bits, const int32_t *restrict segments, int32_t owner, size_t count) {
    size_t used = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        ints owners;
        shorts flags;
        bytes exclusions;
        memcpy(&owners, segments + i, sizeof owners);
        memcpy(&flags, bits + i, sizeof flags);
        memcpy(&exclusions, excluded + i, sizeof exclusions);
        ints faults = (owners & (owners != owner)) | __builtin_convertvector(flags, ints)
                      | __builtin_convertvector(exclusions, ints);
        int32_t spoiled[8];
        memcpy(spoiled, &faults, sizeof spoiled);
        memcpy(target + used, values + i, 8 * sizeof(float));
        if ((spoiled[0] | spoiled[1] | spoiled[2] | spoiled[3] | spoiled[4] | spoiled[5] | spoiled[6] | spoiled[7])
            == 0) {
            used += 8;
            continue;
        }
        for (size_t lane = 0; lane < 8; lane++) {
            target[used] = values[i + lane];
            used += spoiled[lane] == 0;
        }
    }
    for (; i < count; i++) {
        int32_t other = segments[i] == owner ? 0 : segments[i];
        target[used] = values[i];
        used += (other | excluded[i] | bits[i]) == 0;
    }
    return used;
}

// Eight sums side by side, added in a fixed order: the same bits for every width of vectors.
KERNEL_CLONES
kernel_sky_sums kernel_sky_clip(const float *values, size_t count, double low, double high, double reference) {
    doubles sums = {0}, squares = {0};
    longs inside = {0}, below = {0};
    for (size_t i = 0; i < count; i += 8) {
        // What is missing at the end is not a number: neither inside nor below.
        floats eight = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
        memcpy(&eight, values + i, count - i < 8 ? (count - i) * sizeof(float) : sizeof eight);
        doubles value = __builtin_convertvector(eight, doubles);
        longs is_inside = (value >= low) & (value <= high);
        doubles distance = (doubles)((longs)(value - reference) & is_inside);
        sums += distance;
        squares += distance * distance;
        inside -= is_inside;
        below -= value < low;
    }
    kernel_sky_sums total = {0};
    for (size_t lane = 0; lane < 8; lane++) {
        total.sum += sums[lane];
        total.square += squares[lane];
        total.count += inside[lane];
        total.below += below[lane];
    }
    return total;
}

KERNEL_CLONES
size_t kernel_sky_count_below(const float *values, size_t count, float limit) {
    uint32_t below = 0;
    for (size_t i = 0; i < count; i++) below += values[i] < limit;
    return below;
}

KERNEL_CLONES
size_t kernel_sky_between(float *restrict target, const float *restrict values, size_t count, float low, float high) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
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
