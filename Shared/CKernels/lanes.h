#ifndef NIGHTJAR_LANES_H
#define NIGHTJAR_LANES_H

#include <stddef.h>

// Sixteen neighbouring floats. Whole vectors are written as such where the width of a loop is not known: most of a row
// of 15 pixels would be left to scalar code. The compiler splits them where the machine's vectors are narrower. Never
// passed to a function by value: the rules of calls depend on the machine.
enum { LANES = 16 };
typedef float lanes16 __attribute__((vector_size(64)));
typedef float lanes16_anywhere __attribute__((vector_size(64), aligned(4), may_alias));

#define LOAD16(from) (*(const lanes16_anywhere *)(from))

// The first `count` of them; zeros after them where there is room for all sixteen.
static inline __attribute__((always_inline)) void store16(float *to, const lanes16 *value, size_t count, size_t room) {
    if (count >= LANES) {
        *(lanes16_anywhere *)to = *value;
    } else if (room >= LANES) {
        float whole[LANES];
        *(lanes16_anywhere *)whole = *value;
        for (size_t i = 0; i < LANES; i++) whole[i] = i < count ? whole[i] : 0;
        *(lanes16_anywhere *)to = *(const lanes16_anywhere *)whole;
    } else {
        for (size_t i = 0; i < count; i++) to[i] = (*value)[i];
    }
}

static inline __attribute__((always_inline)) double total16(const lanes16 *lanes) {
    double sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += (double)(*lanes)[lane];
    return sum;
}

#endif
