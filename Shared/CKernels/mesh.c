#include "kernel_mesh.h"

#include <math.h>
#include <string.h>

#include "kernel_clones.h"
#include "kernel_marks.h"

// Sixteen numbers side by side; the compiler splits them where the machine has narrower vectors.
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t bits __attribute__((vector_size(64)));
typedef uint8_t ranks16 __attribute__((vector_size(16)));

KERNEL_CLONES
size_t kernel_exclude(
    uint8_t *restrict target, const uint16_t *restrict bits, const float *restrict signal,
    const float *restrict variance, uint16_t bad, size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t fault = (bits[i] & bad) != 0;
        fault |= !(fabsf(signal[i]) < 1e12f);
        fault |= !(variance[i] > 0);
        fault |= !(variance[i] < 1e24f);
        target[i] = (uint8_t)(fault * MARK_EXCLUDED | (bits[i] != 0) * MARK_MASKED);
        found += fault;
    }
    return found;
}

static inline __attribute__((always_inline)) float usable(uint8_t mark) { return 1.0f - (mark & MARK_EXCLUDED); }

/// The pixels of one block; excluded ones have no weight.
static inline __attribute__((always_inline)) void bin(
    const float *signal, const float *variance, const float *used, float *mean, float *scatter, float *out) {
    float n = (used[0] + used[1]) + (used[2] + used[3]);
    float sum = 0, noise = 0, square = 0;
    for (int k = 0; k < 4; k++) {
        sum += used[k] > 0 ? signal[k] : 0;
        noise += used[k] > 0 ? variance[k] : 0;
    }
    float centre = sum / n;
    for (int k = 0; k < 4; k++) {
        float step = used[k] > 0 ? signal[k] - centre : 0;
        square += step * step;
    }
    *mean = centre;
    *scatter = n > 1 ? 3 / (n - 1) * square : NAN;
    *out = n > 0 ? noise / (n * n) : 0;
}

KERNEL_CLONES
static void bin_rows(
    const float *restrict s0, const float *restrict s1, const float *restrict v0, const float *restrict v1,
    const uint8_t *restrict e0, const uint8_t *restrict e1, size_t count, float *restrict mean,
    float *restrict scatter, float *restrict variance) {
    for (size_t i = 0; i < count; i++) {
        float signal[4] = {s0[2 * i], s0[2 * i + 1], s1[2 * i], s1[2 * i + 1]};
        float noise[4] = {v0[2 * i], v0[2 * i + 1], v1[2 * i], v1[2 * i + 1]};
        float used[4] = {usable(e0[2 * i]), usable(e0[2 * i + 1]), usable(e1[2 * i]), usable(e1[2 * i + 1])};
        bin(signal, noise, used, &mean[i], &scatter[i], &variance[i]);
    }
}

void kernel_bin(
    const kernel_row_pair *rows, size_t width, float *restrict mean, float *restrict scatter,
    float *restrict variance) {
    const float *const *s = rows->signal, *const *v = rows->variance;
    const uint8_t *const *e = rows->marks;
    bin_rows(s[0], s[1], v[0], v[1], e[0], e[1], width / 2, mean, scatter, variance);
    if (width % 2 == 0) return;
    size_t x = width - 1, i = width / 2;
    float signal[4] = {s[0][x], 0, s[1][x], 0};
    float noise[4] = {v[0][x], 0, v[1][x], 0};
    float used[4] = {usable(e[0][x]), 0, usable(e[1][x]), 0};
    bin(signal, noise, used, &mean[i], &scatter[i], &variance[i]);
}

// Sixteen at a time: rows are short, and a call for each to copy them takes longer than copying.
KERNEL_CLONES
void kernel_mesh_pick(
    float *restrict values, float *restrict scatters, const kernel_mesh_tile *tile, uint8_t rank) {
    for (size_t row = 0; row < tile->rows; row++) {
        const float *restrict from = tile->values + row * tile->stride;
        const float *restrict others = tile->scatters + row * tile->stride;
        const uint8_t *restrict mask = tile->mask + row * tile->stride;
        size_t i = 0;
        for (; i + 16 <= tile->columns; i += 16) {
            lanes value, scatter, out = (lanes){0} + NAN;
            ranks16 ranks;
            memcpy(&value, from + i, sizeof value);
            memcpy(&scatter, others + i, sizeof scatter);
            memcpy(&ranks, mask + i, sizeof ranks);
            bits counts = __builtin_convertvector(ranks, bits) <= (int32_t)rank;
            value = (lanes)(((bits)value & counts) | ((bits)out & ~counts));
            memcpy(values + i, &value, sizeof value);
            memcpy(scatters + i, &scatter, sizeof scatter);
        }
        for (; i < tile->columns; i++) {
            values[i] = mask[i] <= rank ? from[i] : NAN;
            scatters[i] = others[i];
        }
        values += tile->columns;
        scatters += tile->columns;
    }
}

KERNEL_CLONES
void kernel_mesh_pick_tilted(
    float *restrict target, const float *restrict source, const uint8_t *restrict mask, uint8_t rank, float first,
    float step, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float level = first + (float)(int32_t)i * step;
        target[i] = mask[i] <= rank ? source[i] - level : NAN;
    }
}

KERNEL_CLONES
size_t kernel_count_below(const float *values, float limit, size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) found += values[i] <= limit;
    return found;
}

KERNEL_CLONES
void kernel_clip(
    const float *values, const float *others, float low, float high, float centre, size_t count,
    kernel_mesh_clipped *sums) {
    float sum[16] = {0}, square[16] = {0}, other[16] = {0};
    uint32_t kept[16] = {0}, keptOther[16] = {0};
    for (size_t i = 0; i < count; i += 16) {
        for (size_t lane = 0; lane < 16; lane++) {
            float value = values[i + lane], second = others[i + lane];
            int inside = (value >= low) & (value <= high), known = inside & (second == second);
            float step = inside ? value - centre : 0;
            sum[lane] += step;
            square[lane] += step * step;
            other[lane] += known ? second : 0;
            kept[lane] += (uint32_t)inside;
            keptOther[lane] += (uint32_t)known;
        }
    }
    *sums = (kernel_mesh_clipped){0};
    for (size_t lane = 0; lane < 16; lane++) {
        sums->sum += sum[lane];
        sums->square += square[lane];
        sums->other += other[lane];
        sums->count += kept[lane];
        sums->otherCount += keptOther[lane];
    }
}

/// The polynomial a + t (b + t (c + t d)) between two of a cubic B-spline's knots, from four of its coefficients: the
/// differences first, so that a level surface stays exact. Beyond the outermost knots a straight line.
static inline __attribute__((always_inline)) void polynomial(
    float p[4], float before, float here, float after, float further, int32_t is_beyond) {
    float slope = (after - before) / 2, bend = (before - here) + (after - here);
    float change = (further - after) - 2 * (after - here) + (here - before);
    p[0] = is_beyond ? here : here + bend / 6;
    p[1] = slope;
    p[2] = is_beyond ? 0 : bend / 2;
    p[3] = is_beyond ? 0 : change / 6;
}

KERNEL_CLONES
void kernel_spline_column(
    float *restrict line, const float *restrict table, size_t stride, float t, int32_t is_beyond, size_t count) {
    const float *third = is_beyond ? table : table + 3 * stride;
    for (size_t i = 0; i < count; i++) {
        float p[4];
        polynomial(p, table[i], table[stride + i], table[2 * stride + i], third[i], is_beyond);
        line[i] = p[0] + t * (p[1] + t * (p[2] + t * p[3]));
    }
}

KERNEL_CLONES
void kernel_spline_row(
    float *restrict target, const float *restrict t, const float *restrict line,
    const kernel_spline_stretch *restrict stretches, size_t count) {
    for (size_t k = 0; k < count; k++) {
        const kernel_spline_stretch part = stretches[k];
        const float *c = line + part.first;
        float p[4];
        polynomial(p, c[0], c[1], c[2], part.is_beyond ? 0 : c[3], part.is_beyond);
        float a = p[0], b = p[1], square = p[2], cube = p[3];
        for (int32_t i = part.start; i < part.end; i++) target[i] = a + t[i] * (b + t[i] * (square + t[i] * cube));
    }
}
