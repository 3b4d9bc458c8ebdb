#ifndef NIGHTJAR_KERNEL_MESH_H
#define NIGHTJAR_KERNEL_MESH_H

#include <stddef.h>
#include <stdint.h>

/// Marks (kernel_marks.h) of a row: MARK_MASKED where any bit is set, MARK_EXCLUDED where a pixel carries no
/// measurement: one of the `bad` bits, a signal that is NaN or beyond 10^12 e-, a variance outside (0, 10^24). Returns
/// how many of these.
size_t kernel_exclude(
    uint8_t *restrict target, const uint16_t *restrict bits, const float *restrict signal,
    const float *restrict variance, uint16_t bad, size_t count);

/// Two rows of a frame, or of its planes.
typedef struct {
    const float *signal[2];
    const float *variance[2];
    const uint8_t *marks[2];
} kernel_row_pair;

/// Blocks of 2 x 2 pixels of two rows of `width` pixels; a last odd column makes a block of its own. n: usable pixels.
///
///     mean     = sum D / n                            NaN for n = 0
///     scatter  = 3 / (n - 1) sum (D - mean)^2         expected 3 sigma^2; NaN for n < 2
///     variance = sum V / n^2                          0 for n = 0
void kernel_bin(
    const kernel_row_pair *rows, size_t width, float *restrict mean, float *restrict scatter,
    float *restrict variance);

/// A rectangle of blocks, `stride` apart from row to row: a copy of the values whose mask is at most `rank`, NaN in place
/// of the others, and of the scatters, row after row.
typedef struct {
    const float *values, *scatters;
    const uint8_t *mask;
    size_t stride, columns, rows;
} kernel_mesh_tile;

void kernel_mesh_pick(
    float *restrict values, float *restrict scatters, const kernel_mesh_tile *tile, uint8_t rank);

/// The same less a slope along the row: source[i] - (first + i step).
void kernel_mesh_pick_tilted(
    float *restrict target, const float *restrict source, const uint8_t *restrict mask, uint8_t rank, float first,
    float step, size_t count);

/// Number of values <= limit; NaN counts not. `count` is a multiple of 16.
size_t kernel_count_below(const float *values, float limit, size_t count);

/// Sums over the values within [low, high]; NaN counts not.
typedef struct {
    size_t count;
    /// Of value - centre, and of its square.
    double sum, square;
    /// Of the other plane where it is not NaN.
    size_t otherCount;
    double other;
} kernel_mesh_clipped;

/// `count` is a multiple of 16; sums run over 16 lanes, so that they are the same on every machine.
void kernel_clip(
    const float *values, const float *others, float low, float high, float centre, size_t count,
    kernel_mesh_clipped *sums);

/// A cubic B-spline through the coefficients c of four lines, `stride` numbers apart, at t between the second and the
/// third: line[i] = value of c[i], c[stride + i], ... Where it `is_beyond` the outermost knots it is straight, and the
/// fourth line is not read.
void kernel_spline_column(
    float *restrict line, const float *restrict table, size_t stride, float t, int32_t is_beyond, size_t count);

/// Pixels start..<end that lie between the same two knots: `first` is the first of the four coefficients that count.
typedef struct {
    int32_t start, end, first, is_beyond;
} kernel_spline_stretch;

/// The same along a row, at t[i] for each pixel i of all stretches.
void kernel_spline_row(
    float *restrict target, const float *restrict t, const float *restrict line,
    const kernel_spline_stretch *restrict stretches, size_t count);

#endif
