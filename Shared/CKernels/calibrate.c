#include "kernel_calibrate.h"

#include <float.h>
#include <math.h>

#include "kernel_clones.h"

KERNEL_CLONES
void kernel_signal(
    const struct kernel_signal_row *row, const struct kernel_signal_rule *rule, float *restrict signal,
    uint16_t *restrict bits, size_t count) {
    const float *restrict raw = row->raw, *restrict bias = row->bias, *restrict dark = row->dark;
    const float *restrict flat = row->flat;
    const double gain = rule->gain, scale = rule->dark_scale;
    for (size_t x = 0; x < count; x++) {
        double above = (double)raw[x] - (double)bias[x] - scale * (double)dark[x];
        signal[x] = (float)(gain * above / (double)flat[x]);
    }
    const uint16_t *restrict first = row->bias_bits, *restrict second = row->dark_bits;
    const uint16_t *restrict third = row->flat_bits;
    const float saturation = rule->saturation, lowest = rule->lowest_flat;
    const uint16_t saturated = rule->saturated, low = rule->low_flat, missing = rule->no_data;
    for (size_t x = 0; x < count; x++) {
        uint16_t flags = (raw[x] >= saturation ? saturated : 0) | (flat[x] >= lowest ? 0 : low);
        flags |= fabsf(signal[x]) <= FLT_MAX ? 0 : missing;
        flags |= first[x] | second[x] | third[x];
        bits[x] = flags;
    }
}

KERNEL_CLONES
void kernel_variance(
    const struct kernel_variance_row *row, const struct kernel_variance_rule *rule, float *restrict variance,
    size_t count) {
    const float *restrict sky = row->sky, *restrict flat = row->flat, *restrict flat_error = row->flat_error;
    const float *restrict bias_error = row->bias_error, *restrict dark = row->dark;
    const float *restrict dark_error = row->dark_error;
    const struct kernel_variance_rule r = *rule;
    for (size_t x = 0; x < count; x++) {
        float level = sky[x] > 0 ? sky[x] * r.has_sky : 0;
        float current = (dark[x] > r.dark_level + 5 * dark_error[x] ? dark[x] : r.dark_level) - r.dark_floor;
        float sum = r.constant + level * flat[x];
        sum += r.dark_gain * (current > 0 ? current : 0);
        sum += r.bias_weight * bias_error[x] * bias_error[x];
        sum += r.dark_weight * dark_error[x] * dark_error[x];
        sum += level * level * flat_error[x] * flat_error[x];
        variance[x] = sum / (flat[x] * flat[x]);
    }
}

KERNEL_CLONES
void kernel_variance_scatter(const float *noise, float *restrict variance, size_t count) {
    for (size_t x = 0; x < count; x++) {
        float square = noise[x] * noise[x];
        variance[x] = square > variance[x] ? square : variance[x];
    }
}

KERNEL_CLONES
void kernel_variance_hide(const uint16_t *bits, uint16_t missing, float *restrict variance, size_t count) {
    for (size_t x = 0; x < count; x++) {
        int known = (bits[x] & missing) == 0 && variance[x] > 0;
        variance[x] = known ? variance[x] : INFINITY;
    }
}

KERNEL_CLONES
void kernel_line(
    float *line, size_t start, size_t end, float scale, float first, float last, float origin, float level,
    float slope) {
    for (size_t x = start; x < end; x++) {
        float position = ((float)(int32_t)x + 0.5f) * scale - 0.5f;
        float inside = position < first ? first : (position > last ? last : position);
        line[x] = level + slope * (inside - origin);
    }
}

KERNEL_CLONES
void kernel_triad(
    float *restrict target, const float *restrict first, const float *restrict second, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) target[i] = first[i] + factor * second[i];
}
