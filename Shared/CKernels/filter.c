#include "kernel_filter.h"

#include <string.h>

#include "kernel_clones.h"
#include "kernel_marks.h"

/// 16 values, four of which make a block of 64 that stays in registers.
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t marks __attribute__((vector_size(64)));
typedef uint8_t bytes64 __attribute__((ext_vector_type(64)));
typedef _Bool bits64 __attribute__((ext_vector_type(64)));

/// Words of flags that are packed at a time.
enum { WORDS = 32 };

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

// The rows between are loaded once for both: a ring of rows is larger than the nearest cache.
KERNEL_CLONES
void kernel_filter_two_columns(
    float *restrict first, float *restrict second, const float *const *rows, const float *kernel, size_t reach,
    size_t count) {
    for (size_t i = 0; i < count; i += 32) {
        lanes low[2], high[2], sum[2], next[2];
        for (size_t k = 0; k < 2; k++) {
            memcpy(&low[k], rows[reach] + i + 16 * k, sizeof(lanes));
            memcpy(&high[k], rows[reach + 1] + i + 16 * k, sizeof(lanes));
            sum[k] = kernel[0] * low[k];
            next[k] = kernel[0] * high[k];
        }
        for (size_t j = 1; j <= reach; j++) {
            float weight = kernel[j];
            const float *before = rows[reach - j] + i, *after = rows[reach + 1 + j] + i;
            for (size_t k = 0; k < 2; k++) {
                LOAD(below, before + 16 * k);
                LOAD(above, after + 16 * k);
                sum[k] += weight * (below + high[k]);
                next[k] += weight * (low[k] + above);
                low[k] = below;
                high[k] = above;
            }
        }
        memcpy(first + i, sum, sizeof sum);
        memcpy(second + i, next, sizeof next);
    }
}

KERNEL_CLONES
size_t kernel_weigh(
    float *restrict weighted, float *restrict inverse, const float *restrict residual,
    const float *restrict variance, const uint8_t *restrict marks, size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t excluded = marks[i] & MARK_EXCLUDED;
        float weight = excluded ? 0 : 1 / variance[i];
        inverse[i] = weight;
        weighted[i] = residual[i] * weight;
        found += excluded;
    }
    return found;
}

KERNEL_CLONES
void kernel_subtract(
    float *restrict residual, const float *restrict signal, const float *restrict level,
    const uint8_t *restrict marks, size_t count) {
    for (size_t i = 0; i < count; i++) residual[i] = marks[i] & MARK_EXCLUDED ? 0 : signal[i] - level[i];
}

KERNEL_CLONES
void kernel_subtract_level(
    float *restrict residual, const float *restrict level, const uint8_t *restrict marks, size_t count) {
    for (size_t i = 0; i < count; i++) residual[i] = marks[i] & MARK_EXCLUDED ? 0 : residual[i] - level[i];
}

KERNEL_CLONES
static size_t above_row(
    uint8_t *restrict above, const float *restrict numerator, const float *restrict denominator,
    const float *restrict rms, const float *restrict variance, const uint8_t *restrict marks, float square,
    size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        float power = numerator[i] * numerator[i], limit = square * denominator[i];
        uint32_t isAbove = (numerator[i] > 0) & (power > limit);
        isAbove &= (marks[i] & MARK_EXCLUDED) | (power * variance[i] > limit * (rms[i] * rms[i]));
        above[i] = (uint8_t)isAbove;
        found += isAbove;
    }
    return found;
}

size_t kernel_above(uint8_t *restrict above, const kernel_filtered_row *row, float square, size_t count) {
    return above_row(
        above, row->numerator, row->denominator, row->rms, row->variance, row->marks, square, count);
}

/// 64 bytes of 0 or 1 as bits, for each word of a row; zeros after its last.
KERNEL_CLONES
static void pack(uint64_t *restrict words, const uint8_t *restrict flags, size_t count) {
    for (size_t i = 0; i < count; i += 64) {
        bytes64 block = {0};
        memcpy(&block, flags + i, count - i < 64 ? count - i : 64);
        bits64 bits = __builtin_convertvector(block, bits64);
        memcpy(&words[i / 64], &bits, sizeof bits);
    }
}

// A run begins and ends where a byte differs from the one before it.
size_t kernel_runs(const uint8_t *above, size_t count, int32_t *starts, int32_t *ends) {
    size_t found = 0;
    uint64_t before = 0;
    uint64_t words[WORDS];
    for (size_t i = 0; i < count; i += 64) {
        size_t word = i / 64 % WORDS;
        if (word == 0) pack(words, above + i, count - i < 64 * WORDS ? count - i : 64 * WORDS);
        uint64_t bits = words[word];
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

// Runs are short, and ascend: what is written beyond the end of one is overwritten by the next.
KERNEL_CLONES
void kernel_ratios(
    float *restrict ratios, const kernel_filtered_row *row, const int32_t *starts, const int32_t *ends, size_t runs,
    size_t count) {
    for (size_t run = 0; run < runs; run++) {
        for (size_t i = (size_t)starts[run]; i < (size_t)ends[run]; i += 8) {
            float numerator[8], denominator[8], rms[8], variance[8], result[8];
            uint8_t marks[8] = {0};
            size_t size = count - i < 8 ? count - i : 8;
            if (size < 8) {
                for (size_t k = 0; k < 8; k++) numerator[k] = denominator[k] = rms[k] = variance[k] = 1;
            }
            memcpy(numerator, row->numerator + i, size * sizeof(float));
            memcpy(denominator, row->denominator + i, size * sizeof(float));
            memcpy(rms, row->rms + i, size * sizeof(float));
            memcpy(variance, row->variance + i, size * sizeof(float));
            memcpy(marks, row->marks + i, size);
            for (size_t k = 0; k < 8; k++) {
                float scatter = marks[k] & MARK_EXCLUDED ? 0 : rms[k] * rms[k] / variance[k];
                float excess = scatter > 1 ? scatter : 1;
                result[k] = numerator[k] / __builtin_elementwise_sqrt(denominator[k] * excess);
            }
            memcpy(ratios + i, result, size * sizeof(float));
        }
    }
}

// Eight at a time: what is written beyond the end of a run is overwritten by the next.
size_t kernel_pack_runs(
    float *restrict packed, const float *restrict row, const int32_t *starts, const int32_t *ends, size_t runs,
    size_t count) {
    size_t used = 0;
    for (size_t run = 0; run < runs; run++) {
        size_t start = (size_t)starts[run], end = (size_t)ends[run];
        for (size_t i = start; i < end; i += 8) {
            if (count - i >= 8) {
                memcpy(packed + used + (i - start), row + i, 8 * sizeof(float));
            } else {
                memcpy(packed + used + (i - start), row + i, (count - i) * sizeof(float));
            }
        }
        used += end - start;
    }
    return used;
}

void kernel_place_runs(
    float *restrict target, const float *restrict row, const int32_t *starts, const int32_t *ends, size_t runs) {
    for (size_t run = 0; run < runs; run++) {
        for (int32_t i = starts[run]; i < ends[run]; i++) target[i] = row[i];
    }
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
