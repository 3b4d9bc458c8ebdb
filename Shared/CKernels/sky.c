#include "kernel_sky.h"

#include <string.h>

#include "kernel_clones.h"

KERNEL_CLONES
size_t kernel_sky_gather(
    float *restrict target, const float *restrict values, const uint8_t *restrict excluded,
    const uint16_t *restrict bits, const int32_t *restrict segments, int32_t owner, size_t count) {
    size_t used = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        int32_t spoiled = 0;
        for (size_t lane = 0; lane < 8; lane++) {
            int32_t other = segments[i + lane] == owner ? 0 : segments[i + lane];
            spoiled |= other | excluded[i + lane] | bits[i + lane];
        }
        if (spoiled == 0) {
            memcpy(target + used, values + i, 8 * sizeof(float));
            used += 8;
            continue;
        }
        for (size_t lane = 0; lane < 8; lane++) {
            int32_t other = segments[i + lane] == owner ? 0 : segments[i + lane];
            target[used] = values[i + lane];
            used += (other | excluded[i + lane] | bits[i + lane]) == 0;
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
    double sums[8] = {0}, squares[8] = {0};
    int64_t inside[8] = {0}, below[8] = {0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (size_t lane = 0; lane < 8; lane++) {
            double value = values[i + lane];
            int64_t is_below = value < low, is_inside = (value >= low) & (value <= high);
            double distance = is_inside ? value - reference : 0.0;
            sums[lane] += distance;
            squares[lane] += distance * distance;
            inside[lane] += is_inside;
            below[lane] += is_below;
        }
    }
    for (size_t lane = 0; i < count; i++, lane++) {
        double value = values[i];
        int64_t is_below = value < low, is_inside = (value >= low) & (value <= high);
        double distance = is_inside ? value - reference : 0.0;
        sums[lane] += distance;
        squares[lane] += distance * distance;
        inside[lane] += is_inside;
        below[lane] += is_below;
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
