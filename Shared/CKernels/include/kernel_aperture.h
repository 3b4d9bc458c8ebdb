#ifndef NIGHTJAR_KERNEL_APERTURE_H
#define NIGHTJAR_KERNEL_APERTURE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel_owners.h"

/// Sums that grow row by row, eight numbers side by side: those of the pixels 0, 8, 16 and so on of each row, of 1, 9,
/// 17, ... Whoever adds up the eight does so in one order, so that the sums are the same on every machine.
typedef struct {
    double first[8], second[8], third[8];
} kernel_lanes;

/// Some neighbouring pixels of a row of a frame.
typedef struct {
    const float *values, *variance;
    /// kernel_marks.h
    const uint8_t *marks;
    /// Of the row; those of pixels that are marked as owned count.
    kernel_owners owners;
    /// Of the first pixel; pixels that count, and pixels that can be read from here on.
    size_t column, count, readable;
} kernel_span;

/// first += values, second += variance, unless one of the pixels is excluded or belongs to a source other than
/// `owner`: then nothing is added. Returns 1 when the pixels were added.
int kernel_span_add(kernel_lanes *sums, const kernel_span *span, int32_t owner);

/// What pixels have: all bits of the mask, all marks of exclusion, all numbers of sources other than `owner`.
typedef struct {
    int32_t others;
    uint16_t bits;
    uint8_t excluded;
} kernel_census;

/// Adds some pixels; `bits` are theirs.
void kernel_span_census(kernel_census *census, const kernel_span *span, const uint16_t *bits, int32_t owner);

/// A quadratic form q = square + X (slope + curvature X) along a row, X = column - centre.
typedef struct {
    double column, centre, square, slope, curvature;
} kernel_row_form;

/// first += value, second += value sqrt(max(0, q)), over the pixels of no source or of `owner`. `form->column` is that
/// of the first pixel. Roots and products are those of single precision.
void kernel_span_moment(kernel_lanes *sums, const kernel_span *span, int32_t owner, const kernel_row_form *form);

/// With w = share / (variance + light share), over the pixels that are not excluded and have a variance:
/// first += w (value - level), second += w share, third += w. `shares` has at least count + 8 readable numbers.
void kernel_span_weigh(kernel_lanes *sums, const kernel_span *span, const float *shares, double level, double light);

/// shares[i] = table at max(0, q scale), linear between its entries; 0 from entry `entries` on. The table has
/// entries + 2.
void kernel_table_row(
    float *restrict shares, const float *restrict table, int32_t entries, double scale, const kernel_row_form *form,
    size_t count);

/// An ellipse p^T S^-1 p <= 1 around (0, 0).
typedef struct {
    /// Of the box around it, and the distance of its topmost point right of the centre.
    double half_width, topmost;
    /// A column at distance u crosses it at heights u shear +- spread sqrt(half_width^2 - u^2).
    double shear, spread;
    /// S^-1 = [[xx, xy / 2], [xy / 2, yy]], and the product of the half axes.
    double xx, yy, xy, axes;
} kernel_ellipse;

/// Unit squares on the rim of an ellipse, mirrored so that the rim falls away from the centre to the right of it.
typedef struct {
    /// Lower left corners; where the row's lower edge enters and leaves the ellipse, and where its upper edge leaves
    /// it; -1 where one of the axes was mirrored, else 1.
    const double *u, *v, *enters, *leaves, *leaves_above, *parity;
} kernel_rim;

/// The areas that squares share with an ellipse: a rectangle, a trapezium and the segment behind one chord,
///
///     segment = axes z^(3/2) (2/3 + z/5 + 3 z^2/28 + ...), 4 z = d^T S^-1 d for the chord d
///
/// -1 where more than one arc may go through the square, or z is beyond 1/16. `count` is a multiple of 8.
void kernel_rim_shares(double *restrict shares, const kernel_rim *rim, const kernel_ellipse *ellipse, size_t count);

#endif
