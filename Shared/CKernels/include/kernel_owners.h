#ifndef NIGHTJAR_KERNEL_OWNERS_H
#define NIGHTJAR_KERNEL_OWNERS_H

#include <stddef.h>
#include <stdint.h>

/// Numbers of the sources that own pixels of a row, without a plane of them: only pixels that stand out have a number,
/// which is found by counting those before it (Jacobson 1989, FOCS 30, 549: rank by words and counts).
typedef struct {
    /// A bit for each pixel of the row that stands out, the first pixel's lowest; one word more than the row needs.
    const uint64_t *words;
    /// Pixels of the frame that stand out before each of these words.
    const uint32_t *before;
    /// Of all pixels of the frame that stand out, row by row; eight more can be read on either side.
    const int32_t *numbers;
} kernel_owners;

/// How many pixels of the frame stand out before the one at a column.
static inline size_t kernel_rank(const kernel_owners *owners, size_t column) {
    uint64_t earlier = ((uint64_t)1 << column % 64) - 1;
    return owners->before[column / 64] + (size_t)__builtin_popcountll(owners->words[column / 64] & earlier);
}

/// The number of a pixel that stands out; any value for another.
static inline int32_t kernel_owner(const kernel_owners *owners, size_t column) {
    return owners->numbers[kernel_rank(owners, column)];
}

#endif
