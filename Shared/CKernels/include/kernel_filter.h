#ifndef NIGHTJAR_KERNEL_FILTER_H
#define NIGHTJAR_KERNEL_FILTER_H

#include <stddef.h>
#include <stdint.h>

/// Symmetric convolution along x: target[i] = k[0] s[i] + sum over j of k[j] (s[i - j] + s[i + j]), j = 1 ... reach.
///
/// `source` has `reach` readable values before its first and after its last; `count` is a multiple of 64.
void kernel_filter_row(
    float *restrict target, const float *restrict source, const float *kernel, size_t reach, size_t count);

/// The same along y: rows[reach] is the row itself, rows[0] the first and rows[2 reach] the last that count.
void kernel_filter_column(
    float *restrict target, const float *const *rows, const float *kernel, size_t reach, size_t count);

/// The same for two rows below each other: rows[reach] and rows[reach + 1]; rows[2 reach + 1] is the last that counts.
/// `count` is a multiple of 32.
void kernel_filter_two_columns(
    float *restrict first, float *restrict second, const float *const *rows, const float *kernel, size_t reach,
    size_t count);

/// What a matched filter takes in: 1 / V and residual / V; 0 where `marks` (kernel_marks.h) exclude a pixel.
/// Returns how many are excluded.
size_t kernel_weigh(
    float *restrict weighted, float *restrict inverse, const float *restrict residual,
    const float *restrict variance, const uint8_t *restrict marks, size_t count);

/// residual = signal - level; 0 where excluded.
void kernel_subtract(
    float *restrict residual, const float *restrict signal, const float *restrict level,
    const uint8_t *restrict marks, size_t count);

/// residual -= level, in place; 0 where excluded.
void kernel_subtract_level(
    float *restrict residual, const float *restrict level, const uint8_t *restrict marks, size_t count);

/// One row after filtering.
typedef struct {
    /// sum P D / V and sum P^2 / V.
    const float *numerator, *denominator;
    /// Scatter of single pixels as seen [e-], and variance as given [e-^2].
    const float *rms, *variance;
    const uint8_t *marks;
} kernel_filtered_row;

/// above[i] = 1 where numerator / sqrt(denominator max(1, rms^2 / variance)) > sqrt(square); the second term of the
/// maximum does not count for excluded pixels. Returns how many.
size_t kernel_above(uint8_t *restrict above, const kernel_filtered_row *row, float square, size_t count);

/// Runs of ones: starts[n] and ends[n] (one past the last). Returns their number, at most (count + 1) / 2.
size_t kernel_runs(const uint8_t *above, size_t count, int32_t *starts, int32_t *ends);

/// ratios[i] = numerator / sqrt(denominator max(1, rms^2 / variance)) for the pixels of some ascending runs of a row of
/// `count`; any value up to seven places after each. The second term of the maximum does not count for excluded pixels.
void kernel_ratios(
    float *restrict ratios, const kernel_filtered_row *row, const int32_t *starts, const int32_t *ends, size_t runs,
    size_t count);

/// Copies the pixels of some ascending runs of a row of `count` one after the other; any value up to seven places after
/// the last. Returns how many.
size_t kernel_pack_runs(
    float *restrict packed, const float *restrict row, const int32_t *starts, const int32_t *ends, size_t runs,
    size_t count);

/// Copies them to the same places of another row, of which nothing else is changed.
void kernel_place_runs(
    float *restrict target, const float *restrict row, const int32_t *starts, const int32_t *ends, size_t runs);

/// Places of the local maxima among `count` neighbouring pixels of a row: larger than the pixels before them in their
/// row and in the row above, not smaller than the others of their eight neighbours. One pixel before the first and 17
/// after the last must be readable in all three rows. Returns their number, at most (count + 1) / 2.
size_t kernel_peaks(
    int32_t *restrict places, const float *above, const float *here, const float *below, size_t count);

#endif
