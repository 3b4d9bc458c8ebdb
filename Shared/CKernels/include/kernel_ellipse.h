#ifndef NIGHTJAR_KERNEL_ELLIPSE_H
#define NIGHTJAR_KERNEL_ELLIPSE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel_aperture.h"
#include "kernel_owners.h"
#include "kernel_spans.h"

/// The planes of a frame.
typedef struct {
    const float *values, *variance;
    /// kernel_marks.h
    const uint8_t *marks;
    /// Of the first row; the next row's lie `owner_words` words further.
    kernel_owners owners;
    size_t owner_words, width, height;
    /// 0 where no pixel is excluded.
    int32_t has_excluded;
} kernel_aperture_frame;

/// An elliptical aperture whose rows from `row` on touch the frame.
typedef struct {
    kernel_outline outline;
    kernel_ellipse form;
    size_t row, rows;
    /// The area that a pixel shares with the aperture, for the few pixels that more than one arc goes through.
    const void *shape;
    double (*overlap)(const void *shape, int64_t column, int64_t row);
} kernel_ellipse_aperture;

/// Sums over pixels, each weighted by the part w of it that lies inside: w D, w^2 D, w^2 V, w, w^2; and w of those
/// without a measurement.
typedef struct {
    double light, own_variance, variance, area, squared_area, missing_area;
} kernel_pixel_sums;

/// Adds the pixels of an aperture: whole ones when their row comes, those of the rim in stretches of 64, in order.
void kernel_ellipse_sum(
    kernel_pixel_sums *sums, const kernel_ellipse_aperture *aperture, const kernel_aperture_frame *frame);

/// The same for a source that shares the aperture with others: a pixel that is excluded or belongs to a source other
/// than `owner` counts as the one opposite to it across the centre, with twice its noise, or is missing where that is
/// no better. Whole pixels of rows without such ones come last, eight sums side by side.
void kernel_ellipse_sum_own(
    kernel_pixel_sums *sums, const kernel_ellipse_aperture *aperture, const kernel_aperture_frame *frame,
    int32_t owner);

#endif
