#ifndef NIGHTJAR_KERNEL_CALIBRATE_H
#define NIGHTJAR_KERNEL_CALIBRATE_H

#include <stddef.h>
#include <stdint.h>

/// One row of a raw frame and of its masters; those that are missing point at a row of constants.
struct kernel_signal_row {
    const float *raw, *bias, *dark, *flat;
    const uint16_t *bias_bits, *dark_bits, *flat_bits;
};

/// What a pixel is multiplied with and judged by, and the bits that say so.
struct kernel_signal_rule {
    double gain, dark_scale;
    float saturation, lowest_flat;
    uint16_t saturated, low_flat, no_data;
};

/// signal = gain * (raw - bias - dark_scale * dark) / flat, in double precision and rounded once; bits: those of the
/// masters, saturated where raw >= saturation, low_flat where not flat >= lowest_flat, no_data where the signal is not
/// finite.
void kernel_signal(
    const struct kernel_signal_row *row, const struct kernel_signal_rule *rule, float *restrict signal,
    uint16_t *restrict bits, size_t count);

/// One row of what the variance is made of; those that are missing point at a row of constants.
struct kernel_variance_row {
    const float *sky, *flat, *flat_error, *bias_error, *dark, *dark_error;
};

/// Scalars of the noise model; see NoiseModel in the room Calibration.
struct kernel_variance_rule {
    float constant, dark_level, dark_gain, dark_floor, bias_weight, dark_weight, has_sky;
};

/// variance = (constant + sky flat + dark_gain current + bias_weight bias_error^2 + dark_weight dark_error^2
///            + sky^2 flat_error^2) / flat^2
///
/// The current is the dark itself where it is 5 errors above dark_level, else dark_level, above dark_floor.
void kernel_variance(
    const struct kernel_variance_row *row, const struct kernel_variance_rule *rule, float *restrict variance,
    size_t count);

/// variance = noise^2 where that is larger.
void kernel_variance_scatter(const float *noise, float *restrict variance, size_t count);

/// Infinite where a bit of `missing` is set, and where there is no positive number.
void kernel_variance_hide(const uint16_t *bits, uint16_t missing, float *restrict variance, size_t count);

/// line[x] = level + slope * (clamp((x + 0.5) * scale - 0.5, first, last) - origin) for start <= x < end.
void kernel_line(
    float *line, size_t start, size_t end, float scale, float first, float last, float origin, float level,
    float slope);

/// target[i] = first[i] + factor * second[i]: the triad of STREAM, for comparing bandwidths.
void kernel_triad(
    float *restrict target, const float *restrict first, const float *restrict second, float factor, size_t count);

#endif
