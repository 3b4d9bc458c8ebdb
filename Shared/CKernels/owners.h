#ifndef NIGHTJAR_OWNERS_H
#define NIGHTJAR_OWNERS_H

#include <string.h>

#include "kernel_owners.h"

// The numbers of eight pixels from `column` on; any value for those that do not stand out. Those of neighbouring pixels
// lie side by side, so that one stretch of them is copied as it is.
static inline __attribute__((always_inline)) void owners8(
    int32_t *restrict numbers, const kernel_owners *owners, size_t column) {
    size_t word = column / 64, bit = column % 64;
    uint64_t bits = owners->words[word] >> bit;
    if (bit > 56) bits |= owners->words[word + 1] << (64 - bit);
    uint32_t eight = bits & 0xff;
    uint32_t first = (uint32_t)__builtin_ctz(eight | 0x100), stretch = eight >> first;
    const int32_t *next = owners->numbers + kernel_rank(owners, column);
    if ((stretch & (stretch + 1)) == 0) {
        memcpy(numbers, next - first, 8 * sizeof *numbers);
        return;
    }
    for (size_t lane = 0; lane < 8; lane++) {
        numbers[lane] = *next;
        next += eight >> lane & 1;
    }
}

#endif
