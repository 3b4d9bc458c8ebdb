#include "kernel_filter.h"

#include <string.h>

#include "kernel_clones.h"

/// 16 values, four of which make a block of 64 that stays in registers.
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t marks __attribute__((vector_size(64)));

#define LOAD(name, address) \
    lanes name;             \
    memcpy(&name, address, sizeof(lanes))

KERNEL_CLONES
void kernel_filter_row(
    float *restrict target, const float *restrict source, const float *kernel, size_t reach, size_t count) {
    for (size_t i = 0; i < count; i += 64) {
        lanes sum[4];
        for (size_t k = 0; k < 4; k++) {
            LOAD(middle, source + i + 16 * k);
            sum[k] = kernel[0] * middle;
        }
        for (size_t j = 1; j <= reach; j++) {
            float weight = kernel[j];
            for (size_t k = 0; k < 4; k++) {
                LOAD(left, source + i + 16 * k - j);
                LOAD(right, source + i + 16 * k + j);
                sum[k] += weight * (left + right);
            }
        }
        memcpy(target + i, sum, sizeof sum);
    }
}

KERNEL_CLONES
void kernel_filter_column(
    float *restrict target, const float *const *rows, const float *kernel, size_t reach, size_t count) {
    for (size_t i = 0; i < count; i += 64) {
        lanes sum[4];
        for (size_t k = 0; k < 4; k++) {
            LOAD(middle, rows[reach] + i + 16 * k);
            sum[k] = kernel[0] * middle;
        }
        for (size_t j = 1; j <= reach; j++) {
            float weight = kernel[j];
            const float *before = rows[reach - j] + i, *after = rows[reach + j] + i;
            for (size_t k = 0; k < 4; k++) {
                LOAD(low, before + 16 * k);
                LOAD(high, after + 16 * k);
                sum[k] += weight * (low + high);
            }
        }
        memcpy(target + i, sum, sizeof sum);
    }
}

KERNEL_CLONES
size_t kernel_weigh(
    float *restrict weighted, float *restrict inverse, const float *restrict residual,
    const float *restrict variance, const uint8_t *restrict excluded, size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        float weight = excluded[i] ? 0 : 1 / variance[i];
        inverse[i] = weight;
        weighted[i] = residual[i] * weight;
        found += excluded[i];
    }
    return found;
}

KERNEL_CLONES
void kernel_subtract(
    float *restrict residual, const float *restrict signal, const float *restrict level,
    const uint8_t *restrict excluded, size_t count) {
    for (size_t i = 0; i < count; i++) residual[i] = excluded[i] ? 0 : signal[i] - level[i];
}

KERNEL_CLONES
void kernel_subtract_level(
    float *restrict residual, const float *restrict level, const uint8_t *restrict excluded, size_t count) {
    for (size_t i = 0; i < count; i++) residual[i] = excluded[i] ? 0 : residual[i] - level[i];
}

KERNEL_CLONES
static size_t above_row(
    uint8_t *restrict above, const float *restrict numerator, const float *restrict denominator,
    const float *restrict rms, const float *restrict variance, const uint8_t *restrict excluded, float square,
    size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        float power = numerator[i] * numerator[i], limit = square * denominator[i];
        uint32_t isAbove = (numerator[i] > 0) & (power > limit);
        isAbove &= (excluded[i] != 0) | (power * variance[i] > limit * (rms[i] * rms[i]));
        above[i] = (uint8_t)isAbove;
        found += isAbove;
    }
    return found;
}

size_t kernel_above(uint8_t *restrict above, const kernel_filtered_row *row, float square, size_t count) {
    return above_row(
        above, row->numerator, row->denominator, row->rms, row->variance, row->excluded, square, count);
}

/// Eight bytes of 0 or 1 as eight bits.
static inline uint64_t packed(const uint8_t *flags) {
    uint64_t word;
    memcpy(&word, flags, sizeof word);
    return (word * 0x0102040810204080) >> 56;
}

/// Up to 64 bytes of 0 or 1 as bits; zeros after them.
static inline uint64_t packed_word(const uint8_t *flags, size_t count) {
    uint64_t bits = 0;
    size_t k = 0;
    for (; k + 8 <= count; k += 8) bits |= packed(flags + k) << k;
    for (; k < count; k++) bits |= (uint64_t)flags[k] << k;
    return bits;
}

// A run begins and ends where a byte differs from the one before it.
size_t kernel_runs(const uint8_t *above, size_t count, int32_t *starts, int32_t *ends) {
    size_t found = 0;
    uint64_t before = 0;
    for (size_t i = 0; i < count; i += 64) {
        uint64_t bits = count - i < 64 ? packed_word(above + i, count - i) : packed_word(above + i, 64);
        uint64_t changes = bits ^ (bits << 1 | before);
        before = bits >> 63;
        for (; changes != 0; changes &= changes - 1) {
            int32_t place = (int32_t)(i + (size_t)__builtin_ctzll(changes));
            if (bits >> (place & 63) & 1) {
                starts[found] = place;
            } else {
                ends[found++] = place;
            }
        }
    }
    if (before) ends[found++] = (int32_t)count;
    return found;
}

KERNEL_CLONES
size_t kernel_peaks(
    int32_t *restrict places, const float *above, const float *here, const float *below, size_t count) {
    const marks lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t found = 0;
    for (size_t i = 0; i < count; i += 16) {
        LOAD(value, here + i);
        LOAD(left, here + i - 1);
        LOAD(right, here + i + 1);
        LOAD(upper, above + i);
        LOAD(upper_left, above + i - 1);
        LOAD(upper_right, above + i + 1);
        LOAD(lower, below + i);
        LOAD(lower_left, below + i - 1);
        LOAD(lower_right, below + i + 1);
        marks peaks = (value > left) & (value >= right) & (value > upper) & (value >= lower);
        peaks &= (value > upper_left) & (value > upper_right) & (value >= lower_left) & (value >= lower_right);
        peaks &= lane_numbers < (int32_t)(count - i);
        if (__builtin_reduce_or(peaks) == 0) continue;
        int32_t is_peak[16];
        memcpy(is_peak, &peaks, sizeof is_peak);
        for (size_t lane = 0; lane < 16; lane++) {
            if (is_peak[lane]) places[found++] = (int32_t)(i + lane);
        }
    }
    return found;
}
