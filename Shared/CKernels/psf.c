#include "kernel_psf.h"

#include "kernel_clones.h"
#include "lanes.h"

// Four rows of a table, mixed.
#define MIX16(at, weight)                                                          \
    ((LOAD16(at) * (weight)[0] + LOAD16((at) + line) * (weight)[1])                \
     + (LOAD16((at) + 2 * line) * (weight)[2] + LOAD16((at) + 3 * line) * (weight)[3]))

KERNEL_CLONES
void kernel_psf_stamp(const float *table, size_t phases, size_t run, const struct kernel_psf_taps *taps, size_t width,
                      size_t height, size_t stride, float *restrict value, float *restrict by_x, float *restrict by_y) {
    const size_t line = phases * run;
    const float *x = taps->x, *xs = taps->x_slope, *y = taps->y, *ys = taps->y_slope;
    for (size_t row = 0; row < height; row++) {
        const float *first = table + (taps->row + (ptrdiff_t)(row * phases)) * (ptrdiff_t)line;
        for (size_t i = 0; i < width; i += LANES) {
            const float *a = first + taps->column[0] + i, *b = first + taps->column[1] + i;
            const float *c = first + taps->column[2] + i, *d = first + taps->column[3] + i;
            const lanes16 p = MIX16(a, y), q = MIX16(b, y), r = MIX16(c, y), s = MIX16(d, y);
            const lanes16 image = (p * x[0] + q * x[1]) + (r * x[2] + s * x[3]);
            const lanes16 along = (p * xs[0] + q * xs[1]) + (r * xs[2] + s * xs[3]);
            const lanes16 across = (MIX16(a, ys) * x[0] + MIX16(b, ys) * x[1])
                + (MIX16(c, ys) * x[2] + MIX16(d, ys) * x[3]);
            store16(value + row * stride + i, &image, width - i, stride - i);
            store16(by_x + row * stride + i, &along, width - i, stride - i);
            store16(by_y + row * stride + i, &across, width - i, stride - i);
        }
    }
}

KERNEL_CLONES
void kernel_psf_image(const float *table, size_t phases, size_t run, const struct kernel_psf_taps *taps, size_t width,
                      size_t height, size_t stride, float *restrict value) {
    const size_t line = phases * run;
    const float *x = taps->x, *y = taps->y;
    for (size_t row = 0; row < height; row++) {
        const float *first = table + (taps->row + (ptrdiff_t)(row * phases)) * (ptrdiff_t)line;
        for (size_t i = 0; i < width; i += LANES) {
            const float *a = first + taps->column[0] + i, *b = first + taps->column[1] + i;
            const float *c = first + taps->column[2] + i, *d = first + taps->column[3] + i;
            const lanes16 image = (MIX16(a, y) * x[0] + MIX16(b, y) * x[1]) + (MIX16(c, y) * x[2] + MIX16(d, y) * x[3]);
            store16(value + row * stride + i, &image, width - i, stride - i);
        }
    }
}

KERNEL_CLONES
void kernel_psf_sums(const float *value, const float *by_x, const float *by_y, const float *weight,
                     const float *residual, size_t count, double sums[12]) {
    float lanes[12][LANES] = {{0}};
    for (size_t start = 0; start + LANES <= count; start += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const float w = weight[start + lane], r = residual[start + lane];
            const float p = value[start + lane], x = by_x[start + lane], y = by_y[start + lane];
            const float wp = w * p, wx = w * x, wy = w * y, wr = w * r;
            lanes[0][lane] += wp * p;
            lanes[1][lane] += wp * x;
            lanes[2][lane] += wp * y;
            lanes[3][lane] += wx * x;
            lanes[4][lane] += wx * y;
            lanes[5][lane] += wy * y;
            lanes[6][lane] += wr * p;
            lanes[7][lane] += wr * x;
            lanes[8][lane] += wr * y;
            lanes[9][lane] += wr * r;
            lanes[10][lane] += wp;
            lanes[11][lane] += w > 0 ? 1.0f : 0.0f;
        }
    }
    for (size_t k = 0; k < 12; k++) {
        sums[k] = 0;
        for (size_t lane = 0; lane < LANES; lane++) sums[k] += (double)lanes[k][lane];
    }
}

KERNEL_CLONES
void kernel_psf_weights(const float *data, const float *residual, const float *variance, float noise, size_t count,
                        float *restrict weight) {
    for (size_t i = 0; i < count; i++) {
        const float light = data[i] - residual[i];
        const float total = variance[i] + noise * (light > 0 ? light : 0);
        weight[i] = variance[i] > 0 ? 1 / total : 0;
    }
}

KERNEL_CLONES
void kernel_psf_combine(const float *planes, size_t plane_size, const float *weights, size_t plane_count, size_t phases,
                        size_t run, size_t row, size_t rows, size_t column, size_t columns, float *restrict out) {
    for (size_t y = row; y < row + rows; y++) {
        for (size_t phase = 0; phase < phases; phase++) {
            const size_t start = (y * phases + phase) * run + column;
            float *restrict target = out + start;
            const float *source = planes + start;
            for (size_t i = 0; i < columns; i++) target[i] = source[i] * weights[0];
            for (size_t plane = 1; plane < plane_count; plane++) {
                source += plane_size;
                for (size_t i = 0; i < columns; i++) target[i] += source[i] * weights[plane];
            }
        }
    }
}

KERNEL_CLONES
double kernel_psf_dot(const float *a, const float *b, const float *weight, size_t count) {
    float lanes[LANES] = {0};
    for (size_t start = 0; start + LANES <= count; start += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] += weight[start + lane] * a[start + lane] * b[start + lane];
        }
    }
    double sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += (double)lanes[lane];
    return sum;
}

static inline __attribute__((always_inline)) void add_cross(const float *a, size_t a_plane, const float *weight,
                                                            const float *b, size_t b_plane, size_t count,
                                                            float lanes[9][LANES]) {
    for (size_t i = 0; i < count; i++) {
        const float w = weight[i], q = b[i], u = b[b_plane + i], v = b[2 * b_plane + i];
        const float p = w * a[i], x = w * a[a_plane + i], y = w * a[2 * a_plane + i];
        lanes[0][i] += p * q;
        lanes[1][i] += p * u;
        lanes[2][i] += p * v;
        lanes[3][i] += x * q;
        lanes[4][i] += x * u;
        lanes[5][i] += x * v;
        lanes[6][i] += y * q;
        lanes[7][i] += y * u;
        lanes[8][i] += y * v;
    }
}

KERNEL_CLONES
void kernel_psf_cross(const float *a, size_t a_plane, size_t a_stride, const float *weight, const float *b,
                      size_t b_plane, size_t b_stride, size_t width, size_t height, double sums[9]) {
    float lanes[9][LANES] = {{0}};
    for (size_t row = 0; row < height; row++) {
        const float *one = a + row * a_stride, *two = b + row * b_stride, *w = weight + row * a_stride;
        size_t i = 0;
        for (; i + LANES <= width; i += LANES) add_cross(one + i, a_plane, w + i, two + i, b_plane, LANES, lanes);
        add_cross(one + i, a_plane, w + i, two + i, b_plane, width - i, lanes);
    }
    for (size_t k = 0; k < 9; k++) {
        sums[k] = 0;
        for (size_t lane = 0; lane < LANES; lane++) sums[k] += (double)lanes[k][lane];
    }
}

static inline __attribute__((always_inline)) void add_sky(const float *data, const float *residual,
                                                          const float *variance, float brightest, float clip,
                                                          size_t count, float lanes[3][LANES]) {
    for (size_t lane = 0; lane < count; lane++) {
        const float v = variance[lane], r = residual[lane], light = data[lane] - r;
        const int shows_sky = (v > 0) & (light < brightest * v) & (r * r < clip * clip * v);
        lanes[0][lane] += shows_sky ? r : 0;
        lanes[1][lane] += shows_sky ? v : 0;
        lanes[2][lane] += shows_sky ? 1.0f : 0;
    }
}

KERNEL_CLONES
void kernel_psf_sky(const float *data, const float *residual, const float *variance, float brightest, float clip,
                    size_t width, size_t height, size_t stride, double sums[3]) {
    float lanes[3][LANES] = {{0}};
    for (size_t row = 0; row < height; row++) {
        const float *d = data + row * stride, *r = residual + row * stride, *v = variance + row * stride;
        size_t i = 0;
        for (; i + LANES <= width; i += LANES) add_sky(d + i, r + i, v + i, brightest, clip, LANES, lanes);
        add_sky(d + i, r + i, v + i, brightest, clip, width - i, lanes);
    }
    for (size_t k = 0; k < 3; k++) {
        sums[k] = 0;
        for (size_t lane = 0; lane < LANES; lane++) sums[k] += (double)lanes[k][lane];
    }
}

KERNEL_CLONES
void kernel_psf_subtract_ramp(float *target, float start, float slope, size_t count) {
    for (size_t i = 0; i < count; i++) target[i] -= start + slope * (float)(int)i;
}
