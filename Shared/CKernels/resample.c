#include "kernel_resample.h"

#include <math.h>
#include <string.h>

#include "kernel_clones.h"

typedef float lanes __attribute__((vector_size(32), aligned(4)));
typedef float half_lanes __attribute__((vector_size(16), aligned(4)));
typedef uint8_t lane_bytes __attribute__((vector_size(8), aligned(1)));

#define INLINE static inline __attribute__((always_inline))
#define ROWS 6

/// Where a kernel begins in the bordered frame, and its weights.
struct place {
    size_t start;
    lanes column_weights;
    float row_weights[KERNEL_RESAMPLE_TAPS];
};

// Both are written through pointers: vectors never cross a call by value.
INLINE void weights_at(lanes *weights, const float *phases, double fraction) {
    float scaled = (float)fraction * KERNEL_RESAMPLE_PHASES;
    int phase = (int)scaled;
    if (phase >= KERNEL_RESAMPLE_PHASES) phase = KERNEL_RESAMPLE_PHASES - 1;
    lanes low, high;
    memcpy(&low, phases + (size_t)phase * KERNEL_RESAMPLE_TAPS, sizeof low);
    memcpy(&high, phases + (size_t)(phase + 1) * KERNEL_RESAMPLE_TAPS, sizeof high);
    *weights = low + (high - low) * (scaled - (float)phase);
}

INLINE void sum_columns(const lanes *a, const lanes *b, float *sum_a, float *sum_b) {
    half_lanes p = __builtin_shufflevector(*a, *a, 0, 1, 2, 3) + __builtin_shufflevector(*a, *a, 4, 5, 6, 7);
    half_lanes q = __builtin_shufflevector(*b, *b, 0, 1, 2, 3) + __builtin_shufflevector(*b, *b, 4, 5, 6, 7);
    half_lanes pairs = __builtin_shufflevector(p, q, 0, 1, 4, 5) + __builtin_shufflevector(p, q, 2, 3, 6, 7);
    half_lanes sums = pairs + __builtin_shufflevector(pairs, pairs, 1, 0, 3, 2);
    *sum_a = sums[0];
    *sum_b = sums[2];
}

INLINE void sum_rows(lanes *sum, const float *pixels, size_t stride, const float *row_weights) {
    lanes row;
    memcpy(&row, pixels, sizeof row);
    lanes total = row * row_weights[0];
    for (int j = 1; j < ROWS; j++) {
        memcpy(&row, pixels + (size_t)j * stride, sizeof row);
        total += row * row_weights[j];
    }
    *sum = total;
}

INLINE void sum_counts(lanes *sum, const uint8_t *counts, size_t stride, const float *row_weights) {
    lanes total = {0};
    for (int j = 0; j < ROWS; j++) {
        lane_bytes row;
        memcpy(&row, counts + (size_t)j * stride, sizeof row);
        total += __builtin_convertvector(row, lanes) * row_weights[j];
    }
    *sum = total;
}

INLINE void sums_at(
    const struct kernel_resample_frame *frame, const struct place *place, float *signal, float *variance) {
    lanes columns = place->column_weights, total, squares;
    float squared[ROWS];
    for (int j = 0; j < ROWS; j++) squared[j] = place->row_weights[j] * place->row_weights[j];
    sum_rows(&total, frame->signal + place->start, frame->stride, place->row_weights);
    sum_rows(&squares, frame->variance + place->start, frame->stride, squared);
    total *= columns;
    squares *= columns * columns;
    sum_columns(&total, &squares, signal, variance);
}

INLINE float weight_at(const struct kernel_resample_frame *frame, const struct place *place) {
    lanes total;
    float sum, same;
    sum_counts(&total, frame->counts + place->start, frame->stride, place->row_weights);
    total *= place->column_weights;
    sum_columns(&total, &total, &sum, &same);
    return sum;
}

/// The flags of the pixels within 0.99 px in both axes.
INLINE uint16_t flags_at(const struct kernel_resample_frame *frame, size_t centre, double right, double up) {
    uint16_t flags = 0;
    for (int j = right > 0.99; j <= (right > 0.01); j++) {
        for (int k = up > 0.99; k <= (up > 0.01); k++) flags |= frame->flags[centre + k * frame->stride + j];
    }
    return flags;
}

KERNEL_CLONES
size_t kernel_resample_row(
    const struct kernel_resample_frame *frame, const float *phases, const struct kernel_resample_places *places,
    size_t count, float minimum, uint16_t no_data) {
    const double right = (double)frame->width - 0.5, top = (double)frame->height - 0.5;
    size_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        const double x = places->x[i], y = places->y[i];
        float signal = NAN, variance = INFINITY, factor = places->factor[i];
        uint16_t flags = no_data;
        if (x >= -0.5 && x < right && y >= -0.5 && y < top) {
            const double across = x + KERNEL_RESAMPLE_BORDER, up = y + KERNEL_RESAMPLE_BORDER;
            const int64_t column = (int64_t)across, row = (int64_t)up;
            const size_t centre = (size_t)row * frame->stride + (size_t)column;
            struct place place = {.start = centre - 2 * frame->stride - 2};
            lanes rows;
            weights_at(&place.column_weights, phases, across - (double)column);
            weights_at(&rows, phases, up - (double)row);
            memcpy(place.row_weights, &rows, sizeof rows);
            float weight = 1;
            flags = 0;
            if (frame->touched[centre]) {
                weight = weight_at(frame, &place);
                flags = flags_at(frame, centre, across - (double)column, up - (double)row);
            }
            if (weight >= minimum) {
                sums_at(frame, &place, &signal, &variance);
                factor /= weight;
                signal *= factor;
                variance *= factor * factor;
                filled++;
            } else {
                flags |= no_data;
            }
        }
        places->signal[i] = signal;
        places->variance[i] = variance;
        places->flags[i] = flags;
    }
    return filled;
}
