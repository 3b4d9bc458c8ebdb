#include "kernel_clones.h"
#include "kernel_marks.h"
#include "kernel_psf.h"
#include "lanes.h"

// The part of a stamp's row that lies on the frame.
static inline __attribute__((always_inline)) void overlap(ptrdiff_t first, size_t side, size_t width, size_t *low,
                                                          size_t *high) {
    *low = first < 0 ? (size_t)-first : 0;
    *high = first >= (ptrdiff_t)width ? 0 : (width - (size_t)(first + (ptrdiff_t)*low)) + *low;
    if (*high > side) *high = side;
    if (*low > *high) *low = *high;
}

static inline __attribute__((always_inline)) uint16_t copy_pixels(const struct kernel_psf_planes *planes, size_t at,
                                                                  size_t count, size_t used, float *data,
                                                                  float *residual, float *variance) {
    uint16_t faults = 0;
    for (size_t i = 0; i < count; i++) {
        const uint16_t masked = planes->mask[at + i] & planes->unusable;
        const uint16_t bits = (uint16_t)((planes->marks[at + i] & MARK_EXCLUDED) | masked);
        const int counts = i < used;
        faults |= counts ? bits : 0;
        data[i] = counts ? planes->data[at + i] : 0;
        residual[i] = counts ? planes->residual[at + i] : 0;
        variance[i] = (counts & (bits == 0)) ? planes->variance[at + i] : 0;
    }
    return faults;
}

KERNEL_CLONES
int kernel_psf_gather(const struct kernel_psf_planes *planes, ptrdiff_t column, ptrdiff_t row, size_t side, size_t stride,
                      float *restrict data, float *restrict residual, float *restrict variance) {
    size_t low, high;
    overlap(column, side, planes->width, &low, &high);
    const int whole = high - low == side && column + (ptrdiff_t)stride <= (ptrdiff_t)planes->width;
    uint16_t faults = high - low == side ? 0 : 1;
    for (size_t line = 0; line < side; line++) {
        const ptrdiff_t y = row + (ptrdiff_t)line;
        float *d = data + line * stride, *r = residual + line * stride, *v = variance + line * stride;
        if (y < 0 || y >= (ptrdiff_t)planes->height || low == high) {
            faults |= 1;
            for (size_t i = 0; i < stride; i++) d[i] = r[i] = v[i] = 0;
            continue;
        }
        const size_t start = (size_t)(y * (ptrdiff_t)planes->width + column);
        if (whole) {
            for (size_t i = 0; i < stride; i += LANES) {
                faults |= copy_pixels(planes, start + i, LANES, side - i, d + i, r + i, v + i);
            }
        } else {
            for (size_t i = 0; i < stride; i++) d[i] = r[i] = v[i] = 0;
            faults |= copy_pixels(planes, start + low, high - low, high - low, d + low, r + low, v + low);
        }
    }
    return faults == 0;
}

KERNEL_CLONES
void kernel_psf_add(float *restrict plane, size_t width, size_t height, const float *restrict stamp, float scale,
                    ptrdiff_t column, ptrdiff_t row, size_t side, size_t stride) {
    size_t low, high;
    overlap(column, side, width, &low, &high);
    const int whole = high - low == side && column + (ptrdiff_t)stride <= (ptrdiff_t)width;
    for (size_t line = 0; line < side && low < high; line++) {
        const ptrdiff_t y = row + (ptrdiff_t)line;
        if (y < 0 || y >= (ptrdiff_t)height) continue;
        float *p = plane + (y * (ptrdiff_t)width + column);
        const float *s = stamp + line * stride;
        if (whole) {
            for (size_t i = 0; i < stride; i += LANES) {
                *(lanes16_anywhere *)(p + i) = LOAD16(p + i) + LOAD16(s + i) * scale;
            }
        } else {
            for (size_t i = low; i < high; i++) p[i] += s[i] * scale;
        }
    }
}
