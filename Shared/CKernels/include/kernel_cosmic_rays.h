#ifndef NIGHTJAR_KERNEL_COSMIC_RAYS_H
#define NIGHTJAR_KERNEL_COSMIC_RAYS_H

#include <stddef.h>
#include <stdint.h>

// Rows lie `stride` floats apart; the pixels within `reach` of those asked for (1 for the Laplacian) must exist.
//
// Sharpness: half of the positive Laplacian of the image with each pixel split in 2 x 2 (van Dokkum 2001, eq. 3 to 8),
//
//     D = 1/8 sum over the four corners of max(0, 2 I - I(left or right) - I(above or below)),
//
// which is the flux of a pixel that stands alone on an empty sky.

/// target[i] = 2 where D^2 > limit^2 * variance[i], 1 where D^2 > lower^2 * variance[i], else 0.
void kernel_sharp_pixels(
    uint8_t *restrict target, const float *restrict image, ptrdiff_t stride, const float *restrict variance,
    float lower, float limit, size_t count);

/// noise[i] = sqrt(variance[i] + max(0, smooth[i] - sky)), significance[i] = D / noise[i].
void kernel_sharpness(
    float *restrict significance, float *restrict noise, const float *restrict image, ptrdiff_t stride,
    const float *restrict variance, const float *restrict smooth, float sky, size_t count);

/// target[i] = sum over (2 reach + 1)^2 taps, row by row, of taps[j] times the source around i.
void kernel_convolve_square(
    float *restrict target, const float *restrict source, ptrdiff_t stride, const float *restrict taps, int reach,
    size_t count);

#endif
