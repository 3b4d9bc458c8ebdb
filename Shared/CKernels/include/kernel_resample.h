#ifndef NIGHTJAR_KERNEL_RESAMPLE_H
#define NIGHTJAR_KERNEL_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/// Pixels kept around a frame, so that no kernel reaches outside: taps -2 ... +5 about a place half a pixel outside.
#define KERNEL_RESAMPLE_BORDER 8
/// Sub-pixel phases of a table; between two of them the weights are interpolated.
#define KERNEL_RESAMPLE_PHASES 1024
/// Weights of a phase: taps -2 ... +3, and two zeros.
#define KERNEL_RESAMPLE_TAPS 8

/// A frame with a border of KERNEL_RESAMPLE_BORDER pixels on all sides. The pointers are at the first pixel of the
/// border. Pixels that do not count, the border among them, are zero in signal, variance and counts.
struct kernel_resample_frame {
    const float *signal;
    const float *variance;
    /// 1 where a pixel counts, else 0.
    const uint8_t *counts;
    /// Flags; the border's are those of no data.
    const uint16_t *flags;
    /// 1 where a pixel between taps -2 and +3, in both axes, does not count or has a flag.
    const uint8_t *touched;
    /// Pixels in a row, borders included.
    size_t stride;
    /// Of the frame without its border.
    int64_t width;
    int64_t height;
};

/// The places of a row in the frame, and what is written for them.
struct kernel_resample_places {
    /// (0, 0) is the centre of the first pixel; not a number counts as outside [px].
    const double *x;
    const double *y;
    /// Factor of the signal: 1, or the area of a new pixel in the frame.
    const float *factor;
    float *signal;
    float *variance;
    uint16_t *flags;
};

/// For each place, with the weights w = wx wy of its sub-pixel phase, over the pixels that count:
///
///     signal = factor * sum w s / sum w      variance = factor^2 * sum w^2 v / (sum w)^2
///
/// where sum w is at least `minimum`; elsewhere NaN and infinity, and `no_data` among the flags. Flags are those of the
/// pixels within 0.99 px in both axes. Sums run over the six rows first, then over the columns as
/// ((0+4)+(2+6)) + ((1+5)+(3+7)).
/// @param phases (PHASES + 1) x TAPS weights; row k is for the phase k / PHASES.
/// @return the number of places that have a value.
size_t kernel_resample_row(
    const struct kernel_resample_frame *frame, const float *phases, const struct kernel_resample_places *places,
    size_t count, float minimum, uint16_t no_data);

#endif
