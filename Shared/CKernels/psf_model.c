#include "kernel_clones.h"
#include "kernel_psf.h"
#include "lanes.h"

// One row of the matrix; `k` is known where this is inlined, so that all sums stay in registers.
static inline __attribute__((always_inline)) void normal_row(const float *basis, size_t plane, size_t k,
                                                             const float *weight, const float *residual, size_t count,
                                                             double *matrix, double *right) {
    lanes16 sums[8] = {{0}}, light = {0};
    for (size_t i = 0; i < count; i += LANES) {
        const lanes16 one = LOAD16(weight + i) * LOAD16(basis + k * plane + i);
        light += one * LOAD16(residual + i);
        for (size_t l = 0; l <= k; l++) sums[l] += one * LOAD16(basis + l * plane + i);
    }
    right[k] = total16(&light);
    for (size_t l = 0; l <= k; l++) matrix[k * (k + 1) / 2 + l] = total16(&sums[l]);
}

KERNEL_CLONES
void kernel_psf_normal(const float *basis, size_t plane, size_t images, const float *weight, const float *residual,
                       size_t count, double *matrix, double *right) {
    if (images > 0) normal_row(basis, plane, 0, weight, residual, count, matrix, right);
    if (images > 1) normal_row(basis, plane, 1, weight, residual, count, matrix, right);
    if (images > 2) normal_row(basis, plane, 2, weight, residual, count, matrix, right);
    if (images > 3) normal_row(basis, plane, 3, weight, residual, count, matrix, right);
    if (images > 4) normal_row(basis, plane, 4, weight, residual, count, matrix, right);
    if (images > 5) normal_row(basis, plane, 5, weight, residual, count, matrix, right);
    if (images > 6) normal_row(basis, plane, 6, weight, residual, count, matrix, right);
    if (images > 7) normal_row(basis, plane, 7, weight, residual, count, matrix, right);
}

KERNEL_CLONES
void kernel_psf_model_weights(const float *value, const float *variance, float flux, float sky, float noise, float error,
                              size_t count, float *restrict residual, float *restrict weight) {
    for (size_t i = 0; i < count; i++) {
        const float starlight = flux * value[i], light = starlight > 0 ? starlight : 0;
        const float off = error * light;
        residual[i] -= starlight + sky;
        weight[i] = variance[i] > 0 ? 1 / (variance[i] + noise * light + off * off) : 0;
    }
}

enum { BLOCK = 64 };

KERNEL_CLONES
size_t kernel_psf_peaks(const float *data, const float *residual, const float *variance, float noise, size_t width,
                        int32_t *columns) {
    size_t found = 0;
    for (size_t start = 1; start + 1 < width; start += BLOCK) {
        const size_t count = width - 1 - start < BLOCK ? width - 1 - start : BLOCK;
        const float *r = residual + start, *above = r - width, *below = r + width;
        const float *d = data + start, *v = variance + start;
        uint8_t is_peak[BLOCK];
        uint8_t any = 0;
        for (size_t i = 0; i < count; i++) {
            const float *a = above + i, *c = r + i, *b = below + i;
            const float value = c[0], light = d[i] - value;
            const float sum = ((a[-1] + a[0]) + (a[1] + c[-1])) + ((c[0] + c[1]) + (b[-1] + b[0])) + b[1];
            const float shown = light > 0 ? light : 0;
            const int largest = (value > a[-1]) & (value > a[0]) & (value > a[1]) & (value > c[-1]) & (value >= c[1])
                & (value >= b[-1]) & (value >= b[0]) & (value >= b[1]);
            const int strong = (sum > 0) & (sum * sum > 36 * (v[i] + noise * shown)) & (value > 0.05f * light);
            is_peak[i] = (uint8_t)(largest & strong & (v[i] > 0) & (light * light > 0.0025f * v[i]));
            any |= is_peak[i];
        }
        for (size_t i = 0; any && i < count; i++) {
            if (is_peak[i]) columns[found++] = (int32_t)(start + i);
        }
    }
    return found;
}
