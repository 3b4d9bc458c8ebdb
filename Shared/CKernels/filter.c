#include "kernel_filter.h"

#include <string.h>

#include "kernel_clones.h"

/// 16 values, four of which make a block of 64 that stays in registers.
typedef float lanes __attribute__((vector_size(64)));

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

size_t kernel_runs(const uint8_t *above, size_t count, int32_t *starts, int32_t *ends) {
    size_t found = 0, i = 0;
    while (i < count) {
        uint64_t word;
        while (i + 8 <= count && (memcpy(&word, above + i, 8), word == 0)) i += 8;
        while (i < count && above[i] == 0) i++;
        if (i == count) break;
        starts[found] = (int32_t)i;
        while (i < count && above[i] != 0) i++;
        ends[found++] = (int32_t)i;
    }
    return found;
}
