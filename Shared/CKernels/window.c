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

/// Adds 16 columns, of which the window has at most `columns` - `at`, to the moments.
static inline __attribute__((always_inline)) void across(
    const kernel_window *w, size_t at, const lanes down[3], kernel_window_moments *m) {
    size_t last = w->columns - at < LANES ? w->columns - at : LANES;
    for (size_t lane = 0; lane < last; lane++) {
        double weight = w->columnWeights[at + lane], offset = w->columnOffsets[at + lane];
        double zeroth = weight * down[0][lane], first = weight * down[1][lane];
        m->sum += zeroth;
        m->x += offset * zeroth;
        m->xx += offset * offset * zeroth;
        m->y += first;
        m->xy += offset * first;
        m->yy += weight * down[2][lane];
    }
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
