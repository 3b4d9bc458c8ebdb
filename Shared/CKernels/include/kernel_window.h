#ifndef NIGHTJAR_KERNEL_WINDOW_H
#define NIGHTJAR_KERNEL_WINDOW_H

#include <stddef.h>

/// A rectangle of a plane, and a window over it that is a product of one weight per column and one per row.
typedef struct {
    /// First value of the rectangle's first row, and of the row after it `stride` further.
    const float *first;
    /// One past the last readable value.
    const float *end;
    size_t stride, columns, rows;
    /// Weight of each column, and its distance from the centre [px]: `columns` of them, then zeros up to the next
    /// multiple of 16.
    const float *columnWeights, *columnOffsets;
    const float *rowWeights, *rowOffsets;
} kernel_window;

/// Moments of a plane under a window, X and Y the distances from its centre.
typedef struct {
    double sum, x, y, xx, yy, xy;
} kernel_window_moments;

/// sum = sum over pixels of (row weight * column weight * value), and so on with powers of X and Y.
/// Sums run down 16 columns at a time and then across, so that they are the same on every machine.
void kernel_window_sums(const kernel_window *window, kernel_window_moments *moments);

/// The same for variance + max(0, value): what a source's own photons add. `values` lies as `window->first` does.
void kernel_window_noise(
    const kernel_window *window, const float *values, const float *valuesEnd, kernel_window_moments *moments);

/// The largest value and the sum of all values.
typedef struct {
    float highest;
    double sum;
} kernel_window_peak;

/// Those of the pixels with X^2 + Y^2 <= square; -infinity and 0 where there is none.
kernel_window_peak kernel_window_find_peak(const kernel_window *window, float square);

#endif
