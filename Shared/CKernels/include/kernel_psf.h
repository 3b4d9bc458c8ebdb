#ifndef NIGHTJAR_KERNEL_PSF_H
#define NIGHTJAR_KERNEL_PSF_H

#include <stddef.h>
#include <stdint.h>

/// Where the cubic B-splines of a stamp lie in a table: four taps along each axis.
struct kernel_psf_taps {
    /// Offset in a table row of each x tap for the first pixel.
    ptrdiff_t column[4];
    /// Table row of the first y tap for the first pixel.
    ptrdiff_t row;
    /// Values and derivatives (per pixel of the star's position) of the splines.
    float x[4], x_slope[4], y[4], y_slope[4];
};

/// A star image and its derivatives by the star's position, pixel by pixel, from spline coefficients.
///
/// A table row holds `phases` runs of `run` coefficients; run p has the nodes p, p + phases, p + 2 phases ..., so that
/// neighbouring pixels read neighbouring coefficients. Rows of the stamp are `stride` apart and padded by zeros
/// to a multiple of 16 pixels where that fits. Coefficients are read, and not used, up to the next multiple of 16
/// pixels: 16 floats more than the table must be readable.
void kernel_psf_stamp(const float *table, size_t phases, size_t run, const struct kernel_psf_taps *taps, size_t width,
                      size_t height, size_t stride, float *restrict value, float *restrict by_x, float *restrict by_y);

/// The image alone.
void kernel_psf_image(const float *table, size_t phases, size_t run, const struct kernel_psf_taps *taps, size_t width,
                      size_t height, size_t stride, float *restrict value);

/// The transpose of `kernel_psf_image`: adds each pixel's value to the coefficients that it would be read from.
void kernel_psf_scatter(const float *value, size_t stride, size_t phases, size_t run,
                        const struct kernel_psf_taps *taps, size_t width, size_t height, float *restrict table);

/// out = sum over planes of weights[plane] * planes[plane], in the part of a table that a stamp reads: `rows` rows from
/// `row`, and in each phase `columns` coefficients from `column`. Tables are `phases * run` wide.
void kernel_psf_combine(const float *planes, size_t plane_size, const float *weights, size_t plane_count, size_t phases,
                        size_t run, size_t row, size_t rows, size_t column, size_t columns, float *restrict out);

/// sum of w a b over `count` pixels (a multiple of 16).
double kernel_psf_dot(const float *a, const float *b, const float *weight, size_t count);

/// The nine sums of w a b, a and b each of three images, over the part that two stamps share: `a`, `b` and `weight`
/// point to its first pixel, images of one stamp are `a_plane` and `b_plane` apart, rows `a_stride` and `b_stride`.
/// Order: pp px py xp xx xy yp yx yy.
void kernel_psf_cross(const float *a, size_t a_plane, size_t a_stride, const float *weight, const float *b,
                      size_t b_plane, size_t b_stride, size_t width, size_t height, double sums[9]);

/// The planes of a frame, row-major: a pixel that is marked as excluded (kernel_marks.h) or has one of the `unusable`
/// bits of its mask has no weight.
struct kernel_psf_planes {
    const float *data, *residual, *variance;
    const uint8_t *marks;
    const uint16_t *mask;
    uint16_t unusable;
    size_t width, height;
};

/// Copies a stamp of side * side pixels, the first at (column, row) of the frame, into rows of `stride` (a multiple of
/// 16); 0 beyond the frame and in the padding, variance 0 where a pixel cannot be used. Returns whether all can.
int kernel_psf_gather(const struct kernel_psf_planes *planes, ptrdiff_t column, ptrdiff_t row, size_t side, size_t stride,
                      float *data, float *residual, float *variance);

/// Adds scale times a stamp, the padding of its rows 0, to a plane where it lies on it.
void kernel_psf_add(float *plane, size_t width, size_t height, const float *stamp, float scale, ptrdiff_t column,
                    ptrdiff_t row, size_t side, size_t stride);

/// The residual, the variance and the number of pixels of a rectangle that show sky: variance above 0, starlight
/// (data - residual) below `brightest` variances, residual within `clip` standard deviations. Rows are `stride` apart.
void kernel_psf_sky(const float *data, const float *residual, const float *variance, float brightest, float clip,
                    size_t width, size_t height, size_t stride, double sums[3]);

/// The columns of a row, which has rows above and below it, where the residual has a peak: the largest of its 3 x 3
/// pixels, whose sum S is positive and S^2 > 4 * 9 (V + noise L), with residual > 0.05 L and starlight L = data -
/// residual, L^2 > 0.0025 V. Returns their number, below width.
size_t kernel_psf_peaks(const float *data, const float *residual, const float *variance, float noise, size_t width,
                        int32_t *columns);

/// target[i] -= start + slope i
void kernel_psf_subtract_ramp(float *target, float start, float slope, size_t count);

/// Sums over a stamp of `count` pixels (a multiple of 16) under weights w, in the order
/// pp px py xx xy yy pr xr yr rr p 1.
void kernel_psf_sums(const float *value, const float *by_x, const float *by_y, const float *weight,
                     const float *residual, size_t count, double sums[12]);

/// The normal equations of `images` images b_k (at most 8), one every `plane` floats, under weights w, of `count` pixels
/// (a multiple of 16): matrix[k (k + 1) / 2 + l] = sum w b_k b_l for l <= k, right[k] = sum w b_k r.
void kernel_psf_normal(const float *basis, size_t plane, size_t images, const float *weight, const float *residual,
                       size_t count, double *matrix, double *right);

/// Takes flux times the image and the sky out of the residual, and gives each pixel the weight
/// 1 / (V + noise L + (error L)^2), L = max(flux value, 0); 0 where the variance V is not above 0.
void kernel_psf_model_weights(const float *value, const float *variance, float flux, float sky, float noise, float error,
                              size_t count, float *restrict residual, float *restrict weight);

/// weight = 1 / (variance + max(data - residual, 0) * noise) where variance is above 0, else 0.
void kernel_psf_weights(const float *data, const float *residual, const float *variance, float noise, size_t count,
                        float *restrict weight);

#endif
