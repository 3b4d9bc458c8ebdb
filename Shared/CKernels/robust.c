#include "kernel_robust.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel_clones.h"

#define INLINE static inline __attribute__((always_inline))
#define LANES 16

/// Integers in the order of the numbers, and back: those of negative numbers are turned round.
INLINE int32_t key_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ ((bits >> 31) & 0x7fffffff);
}

INLINE float value_of(int32_t key) {
    int32_t bits = key ^ ((key >> 31) & 0x7fffffff);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// Halves the interval of keys that holds the rank: about twenty passes over values of one order of magnitude, each of
/// them without a branch that depends on the values.
KERNEL_CLONES
float kernel_select(const float *values, size_t count, size_t rank) {
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        int32_t key = key_of(values[i]);
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    while (low < high) {
        int32_t middle = (int32_t)(((int64_t)low + (int64_t)high) >> 1);
        uint32_t not_above = 0;
        for (size_t i = 0; i < count; i++) not_above += key_of(values[i]) <= middle;
        if (not_above > rank) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return value_of(low);
}

KERNEL_CLONES
size_t kernel_below(const float *values, size_t count, float limit, float *largest) {
    int32_t most = key_of(-INFINITY);
    size_t below = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t candidate = values[i] < limit ? key_of(values[i]) : INT32_MIN;
        most = candidate > most ? candidate : most;
        below += values[i] < limit;
    }
    *largest = value_of(most);
    return below;
}

KERNEL_CLONES
size_t kernel_between(
    const float *values, size_t count, float low, float high, float *restrict found, size_t *below, size_t *numbers) {
    size_t taken = 0, smaller = 0, known = 0;
    for (size_t start = 0; start < count; start += 4096) {
        size_t end = count - start < 4096 ? count : start + 4096;
        uint32_t less = 0, number = 0;
        for (size_t i = start; i < end; i++) {
            less += values[i] < low;
            number += values[i] == values[i];
        }
        smaller += less;
        known += number;
        for (size_t i = start; i < end; i++) {
            found[taken] = values[i];
            taken += (values[i] >= low) & (values[i] <= high);
        }
    }
    *below = smaller;
    *numbers = known;
    return taken;
}

KERNEL_CLONES
void kernel_clipped_sums(const float *values, size_t count, double centre, double reach, double sums[3]) {
    double kept[LANES] = {0}, sum[LANES] = {0}, squares[LANES] = {0};
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            double offset = (double)values[i + l] - centre;
            double inside = fabs(offset) <= reach ? offset : 0;
            kept[l] += fabs(offset) <= reach ? 1 : 0;
            sum[l] += inside;
            squares[l] += inside * inside;
        }
    }
    for (size_t i = whole; i < count; i++) {
        double offset = (double)values[i] - centre;
        double inside = fabs(offset) <= reach ? offset : 0;
        kept[i - whole] += fabs(offset) <= reach ? 1 : 0;
        sum[i - whole] += inside;
        squares[i - whole] += inside * inside;
    }
    sums[0] = sums[1] = sums[2] = 0;
    for (size_t l = 0; l < LANES; l++) {
        sums[0] += kept[l];
        sums[1] += sum[l];
        sums[2] += squares[l];
    }
}

INLINE size_t pick(const float *pixels, const uint16_t *bits, size_t step, size_t count, float *restrict picked) {
    unsigned unusable = 0;
    for (size_t i = 0; i < count; i++) {
        float value = pixels[step * i];
        unusable |= !(fabsf(value) <= FLT_MAX);
        picked[i] = value;
    }
    if (bits) {
        for (size_t i = 0; i < count; i++) unusable |= bits[step * i];
    }
    if (!unusable) return count;
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        float value = pixels[step * i];
        picked[taken] = value;
        taken += (fabsf(value) <= FLT_MAX) & (bits == NULL || bits[step * i] == 0);
    }
    return taken;
}

KERNEL_CLONES
size_t kernel_pick(const float *pixels, const uint16_t *bits, size_t step, size_t count, float *restrict picked) {
    if (step == 1) return pick(pixels, bits, 1, count, picked);
    if (step == 2) return pick(pixels, bits, 2, count, picked);
    return pick(pixels, bits, step, count, picked);
}

KERNEL_CLONES
void kernel_find_extent(const float *values, size_t count, struct kernel_extent *found) {
    float low[LANES], high[LANES];
    for (size_t l = 0; l < LANES; l++) {
        low[l] = INFINITY;
        high[l] = -INFINITY;
    }
    size_t finite = 0, whole = count - count % LANES;
    for (size_t start = 0; start < count; start += 4096) {
        size_t end = count - start < 4096 ? count : start + 4096;
        for (size_t i = start; i < end; i++) finite += fabsf(values[i]) <= FLT_MAX;
        for (size_t i = start; i < (end < whole ? end : whole); i += LANES) {
            for (size_t l = 0; l < LANES; l++) {
                float value = values[i + l], size = fabsf(value);
                low[l] = value < low[l] && size <= FLT_MAX ? value : low[l];
                high[l] = value > high[l] && size <= FLT_MAX ? value : high[l];
            }
        }
    }
    for (size_t i = whole; i < count; i++) {
        float value = values[i], size = fabsf(value);
        low[0] = value < low[0] && size <= FLT_MAX ? value : low[0];
        high[0] = value > high[0] && size <= FLT_MAX ? value : high[0];
    }
    *found = (struct kernel_extent){finite, INFINITY, -INFINITY};
    for (size_t l = 0; l < LANES; l++) {
        found->lowest = low[l] < found->lowest ? low[l] : found->lowest;
        found->highest = high[l] > found->highest ? high[l] : found->highest;
    }
}

KERNEL_CLONES
size_t kernel_at_least(const float *values, size_t count, float level) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found += values[i] >= level;
    return found;
}
