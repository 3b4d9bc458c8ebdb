#ifndef NIGHTJAR_STACK_LANES_H
#define NIGHTJAR_STACK_LANES_H

#include "kernel_stack.h"

// The values of KERNEL_STACK_LANES neighbouring pixels. They go through pointers only: by value they would be passed
// otherwise in each clone.
typedef float lanes __attribute__((ext_vector_type(KERNEL_STACK_LANES)));
typedef int choice __attribute__((ext_vector_type(KERNEL_STACK_LANES)));
typedef float loose __attribute__((ext_vector_type(KERNEL_STACK_LANES), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define SIZE(a) __builtin_elementwise_abs(a)
#define ROOT(a) __builtin_elementwise_sqrt(a)
#define ANY(c) (__builtin_reduce_or(c) != 0)

INLINE void sort_lanes(lanes *v, const struct kernel_comparator *network, size_t comparators) {
    for (size_t c = 0; c < comparators; c++) {
        lanes *low = v + network[c].low, *high = v + network[c].high;
        lanes a = *low, b = *high;
        *low = SMALLER(b, a);
        *high = LARGER(b, a);
    }
}

/// Sorts `count` <= 16 lanes, a number known when this is compiled, so that all of them stay in registers. The best
/// network known for 16 values (Green 1969; Knuth, The Art of Computer Programming 3, 5.3.4): whatever lies above
/// `count` counts as infinite, and its comparators fall away.
INLINE void sort_few(lanes *v, size_t count) {
#define C(i, j)                   \
    if (j < count) {              \
        lanes a = v[i], b = v[j]; \
        v[i] = SMALLER(b, a);     \
        v[j] = LARGER(b, a);      \
    }
    C(0, 13) C(1, 12) C(2, 15) C(3, 14) C(4, 8) C(5, 6) C(7, 11) C(9, 10)
    C(0, 5) C(1, 7) C(2, 9) C(3, 4) C(6, 13) C(8, 14) C(10, 15) C(11, 12)
    C(0, 1) C(2, 3) C(4, 5) C(6, 8) C(7, 9) C(10, 11) C(12, 13) C(14, 15)
    C(0, 2) C(1, 3) C(4, 10) C(5, 11) C(6, 7) C(8, 9) C(12, 14) C(13, 15)
    C(1, 2) C(3, 12) C(4, 6) C(5, 7) C(8, 10) C(9, 11) C(13, 14)
    C(1, 4) C(2, 6) C(5, 8) C(7, 10) C(9, 13) C(11, 14)
    C(2, 4) C(3, 6) C(9, 12) C(11, 13)
    C(3, 5) C(6, 8) C(7, 9) C(10, 12)
    C(3, 4) C(5, 6) C(7, 8) C(9, 10) C(11, 12)
    C(6, 7) C(8, 9)
#undef C
}

#endif
