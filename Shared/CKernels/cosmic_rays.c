#include "kernel_cosmic_rays.h"

#include "kernel_clones.h"

static inline __attribute__((always_inline)) float positive(float value) { return value > 0 ? value : 0; }

static inline __attribute__((always_inline)) float sharpness(const float *pixel, ptrdiff_t stride) {
    float twice = 2 * pixel[0], left = pixel[-1], right = pixel[1], below = pixel[-stride], above = pixel[stride];
    return 0.125f * (positive(twice - left - below) + positive(twice - right - below) +
                     positive(twice - left - above) + positive(twice - right - above));
}

KERNEL_CLONES
void kernel_sharp_pixels(
    uint8_t *restrict target, const float *restrict image, ptrdiff_t stride, const float *restrict variance,
    float lower, float limit, size_t count) {
    float low = lower * lower, high = limit * limit;
    for (size_t i = 0; i < count; i++) {
        float value = sharpness(image + i, stride), square = value * value;
        target[i] = (uint8_t)((square > low * variance[i]) + (square > high * variance[i]));
    }
}

KERNEL_CLONES
void kernel_sharpness(
    float *restrict significance, float *restrict noise, const float *restrict image, ptrdiff_t stride,
    const float *restrict variance, const float *restrict smooth, float sky, size_t count) {
    for (size_t i = 0; i < count; i++) {
        noise[i] = __builtin_elementwise_sqrt(variance[i] + positive(smooth[i] - sky));
        significance[i] = sharpness(image + i, stride) / noise[i];
    }
}

KERNEL_CLONES
void kernel_convolve_square(
    float *restrict target, const float *restrict source, ptrdiff_t stride, const float *restrict taps, int reach,
    size_t count) {
    for (size_t i = 0; i < count; i++) target[i] = 0;
    for (int dy = -reach; dy <= reach; dy++) {
        for (int dx = -reach; dx <= reach; dx++) {
            const float tap = *taps++, *from = source + dy * stride + dx;
            for (size_t i = 0; i < count; i++) target[i] += tap * from[i];
        }
    }
}
