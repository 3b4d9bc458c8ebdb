#ifndef NIGHTJAR_ELLIPSE_ROWS_H
#define NIGHTJAR_ELLIPSE_ROWS_H

#include <math.h>

#include "kernel_ellipse.h"

// The columns of each row that an ellipse covers, all rows side by side; to the same bits as `EllipseRow`.

#define INLINE static inline __attribute__((always_inline))

enum { ROWS = 32, LEFT = 0, RIGHT = 1 };

/// What some rows share with an ellipse.
typedef struct {
    /// Columns that lie inside with their whole square, from first to end - 1.
    int32_t first[ROWS], end[ROWS];
    /// Columns that lie inside with a part of it, at the left and at the right end of the row.
    int32_t from[2][ROWS], to[2][ROWS];
    /// What `kernel_rim` wants to know of these.
    double v[2][ROWS], enters[2][ROWS], leaves[2][ROWS], above[2][ROWS], parity[2][ROWS];
} ellipse_rows;

INLINE double least(double a, double b) { return a < b ? a : b; }
INLINE double most(double a, double b) { return a > b ? a : b; }

INLINE double between(double value, double low, double high) {
    double below = value < high ? value : high;
    return value > low ? below : low;
}

/// The integers next to a number within limits that are not negative: conversion cuts towards zero.
INLINE double floor_between(double value, double low, double high) {
    return (double)(int32_t)between(value, low, high);
}

INLINE double ceiling_between(double value, double low, double high) {
    double limited = between(value, low, high), whole = (double)(int32_t)limited;
    return whole < limited ? whole + 1 : whole;
}

/// Where the edges of rows cross the ellipse, measured from its centre; the first edge below the first row.
INLINE void edges_of_rows(
    double *restrict low, double *restrict high, const kernel_outline *outline, size_t row, size_t rows,
    int32_t is_first) {
    const kernel_outline o = *outline;
    for (size_t i = 0; i <= rows; i++) {
        double v = ((double)(int32_t)(row + i - 1) - 0.5 - o.y) + 1;
        if (i == 0 && is_first) v = (double)(int32_t)row - 0.5 - o.y;
        double square = (o.half_height - v) * (o.half_height + v);
        double middle = v * o.shear, reach = o.spread * __builtin_elementwise_sqrt(square > 0 ? square : 0);
        low[i] = square > 0 ? middle - reach : INFINITY;
        high[i] = square > 0 ? middle + reach : -INFINITY;
    }
}

/// One end of a row: near and far are the crossings of its edges nearer to and farther from the centre, mirrored to the
/// right.
INLINE void add_side(
    ellipse_rows *rows, int side, size_t i, double v, double height, const double near[2], const double far[2]) {
    int upper = v >= height, monotone = upper | (v + 1 <= height);
    double sign = side == RIGHT ? 1 : -1;
    double nearest[2] = {upper ? near[0] : far[0], upper ? near[1] : far[1]}, farthest = upper ? far[side] : near[side];
    rows->v[side][i] = upper ? v : -v - 1;
    // No square lies right of infinity: these are left to be walked around.
    rows->enters[side][i] = monotone ? sign * nearest[1 - side] : INFINITY;
    rows->leaves[side][i] = sign * nearest[side];
    rows->above[side][i] = sign * farthest;
    rows->parity[side][i] = (side == RIGHT) == upper ? 1 : -1;
}

/// At most ROWS rows.
INLINE void fill_rows(
    ellipse_rows *rows, const kernel_ellipse_aperture *aperture, size_t row, size_t count, size_t width) {
    const kernel_outline o = aperture->outline;
    const kernel_ellipse e = aperture->form;
    const double last = (double)(int32_t)width, rightmost = e.shear * e.half_width;
    double low[ROWS + 1], high[ROWS + 1];
    edges_of_rows(low, high, &o, row, count, row == aperture->row);
    for (size_t i = 0; i < count; i++) {
        double centre = (double)(int32_t)(row + i), v = centre - 0.5 - o.y;
        double lowest = least(low[i], low[i + 1]), highest = most(high[i], high[i + 1]);
        // The points farthest right and left may lie between the row's edges.
        highest = ((rightmost > v) & (rightmost < v + 1)) ? most(highest, e.half_width) : highest;
        lowest = ((-rightmost > v) & (-rightmost < v + 1)) ? least(lowest, -e.half_width) : lowest;
        double from = floor_between(o.x + lowest + 0.5, 0, last), to = floor_between(o.x + highest + 1.5, from, last);
        double first = ceiling_between(o.x + most(low[i], low[i + 1]) + 0.5, from, to);
        double end = floor_between(o.x + least(high[i], high[i + 1]) + 0.5, first, to);
        // Where nothing lies inside, the rim falls to both sides of its highest or lowest point.
        double top = ceiling_between((centre < o.y ? o.x - e.topmost : o.x + e.topmost) + 0.5, from, to);
        rows->first[i] = (int32_t)first;
        rows->end[i] = (int32_t)end;
        rows->from[LEFT][i] = (int32_t)from;
        rows->to[LEFT][i] = (int32_t)(first < end ? first : top);
        rows->from[RIGHT][i] = (int32_t)(first < end ? end : top);
        rows->to[RIGHT][i] = (int32_t)to;
        double near[2] = {low[i], high[i]}, far[2] = {low[i + 1], high[i + 1]};
        add_side(rows, LEFT, i, v, -rightmost, near, far);
        add_side(rows, RIGHT, i, v, rightmost, near, far);
    }
}

#endif
