#include "kernel_window.h"

#include <stdint.h>
#include <string.h>

#include "kernel_clones.h"

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t bits __attribute__((vector_size(64)));

/// As many of 16 values as are readable, then zeros.
static inline __attribute__((always_inline)) void load(lanes *target, const float *from, const float *end) {
    if (end - from >= LANES) {
        memcpy(target, from, sizeof(lanes));
    } else {
        memset(target, 0, sizeof(lanes));
        if (end > from) memcpy(target, from, (size_t)(end - from) * sizeof(float));
    }
}

/// The sum of 16 values, in pairs.
static inline __attribute__((always_inline)) double total(const lanes *value) {
    float part[LANES];
    memcpy(part, value, sizeof part);
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t lane = 0; lane < half; lane++) part[lane] += part[lane + half];
    }
    return part[0];
}

/// Adds 16 columns to the moments.
static inline __attribute__((always_inline)) void across(
    const kernel_window *w, size_t at, const lanes down[3], kernel_window_moments *m) {
    lanes weight, offset;
    memcpy(&weight, w->columnWeights + at, sizeof(lanes));
    memcpy(&offset, w->columnOffsets + at, sizeof(lanes));
    lanes zeroth = weight * down[0], first = weight * down[1], second = weight * down[2];
    m->sum += total(&zeroth);
    m->y += total(&first);
    m->yy += total(&second);
    zeroth = offset * zeroth;
    m->x += total(&zeroth);
    zeroth = offset * zeroth;
    m->xx += total(&zeroth);
    first = offset * first;
    m->xy += total(&first);
}

KERNEL_CLONES
void kernel_window_sums(const kernel_window *window, kernel_window_moments *moments) {
    const kernel_window *w = window;
    *moments = (kernel_window_moments){0};
    for (size_t at = 0; at < w->columns; at += LANES) {
        lanes down[3] = {{0}, {0}, {0}};
        for (size_t row = 0; row < w->rows; row++) {
            lanes value;
            load(&value, w->first + row * w->stride + at, w->end);
            value = w->rowWeights[row] * value;
            down[0] += value;
            value = w->rowOffsets[row] * value;
            down[1] += value;
            down[2] += w->rowOffsets[row] * value;
        }
        across(w, at, down, moments);
    }
}

KERNEL_CLONES
void kernel_window_noise(
    const kernel_window *window, const float *values, const float *valuesEnd, kernel_window_moments *moments) {
    const kernel_window *w = window;
    const lanes zero = {0};
    *moments = (kernel_window_moments){0};
    for (size_t at = 0; at < w->columns; at += LANES) {
        lanes down[3] = {{0}, {0}, {0}};
        for (size_t row = 0; row < w->rows; row++) {
            lanes noise, value;
            load(&noise, w->first + row * w->stride + at, w->end);
            load(&value, values + row * w->stride + at, valuesEnd);
            value = (lanes)((bits)value & (value > zero));
            noise = w->rowWeights[row] * (noise + value);
            down[0] += noise;
            noise = w->rowOffsets[row] * noise;
            down[1] += noise;
            down[2] += w->rowOffsets[row] * noise;
        }
        across(w, at, down, moments);
    }
}

KERNEL_CLONES
kernel_window_peak kernel_window_find_peak(const kernel_window *w, float square) {
    lanes sum = {0}, highest = (lanes){0} - __builtin_inff();
    const bits places = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t at = 0; at < w->columns; at += LANES) {
        lanes offset;
        memcpy(&offset, w->columnOffsets + at, sizeof(lanes));
        bits counts = places < (int32_t)(w->columns - at);
        for (size_t row = 0; row < w->rows; row++) {
            lanes value;
            load(&value, w->first + row * w->stride + at, w->end);
            bits inside = (offset * offset + w->rowOffsets[row] * w->rowOffsets[row] <= square) & counts;
            sum += (lanes)((bits)value & inside);
            bits higher = inside & (value > highest);
            highest = (lanes)(((bits)value & higher) | ((bits)highest & ~higher));
        }
    }
    kernel_window_peak peak = {highest[0], total(&sum)};
    for (size_t lane = 1; lane < LANES; lane++) {
        peak.highest = highest[lane] > peak.highest ? highest[lane] : peak.highest;
    }
    return peak;
}
