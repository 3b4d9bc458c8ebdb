#ifndef NIGHTJAR_MEDIAN_LANES_H
#define NIGHTJAR_MEDIAN_LANES_H

#include <stddef.h>
#include <string.h>

/// Sixteen neighbouring pixels: each lane holds what belongs to one of them.
typedef float lanes __attribute__((ext_vector_type(16)));

#define INLINE static inline __attribute__((always_inline))

#define EXCHANGE(a, b)                      \
    do {                                    \
        lanes exchange_low = a < b ? a : b; \
        b = a < b ? b : a;                  \
        a = exchange_low;                   \
    } while (0)

INLINE void load_lanes(lanes *target, const float *source) { memcpy(target, source, sizeof(lanes)); }
INLINE void store_lanes(float *target, const lanes *source) { memcpy(target, source, sizeof(lanes)); }

INLINE void sort_3(lanes *v) {
    EXCHANGE(v[0], v[1]);
    EXCHANGE(v[1], v[2]);
    EXCHANGE(v[0], v[1]);
}

INLINE void sort_5(lanes *v) {
    EXCHANGE(v[0], v[1]);
    EXCHANGE(v[3], v[4]);
    EXCHANGE(v[2], v[4]);
    EXCHANGE(v[2], v[3]);
    EXCHANGE(v[1], v[4]);
    EXCHANGE(v[0], v[3]);
    EXCHANGE(v[0], v[2]);
    EXCHANGE(v[1], v[3]);
    EXCHANGE(v[1], v[2]);
}

INLINE void sort_7(lanes *v) {
    EXCHANGE(v[0], v[6]);
    EXCHANGE(v[2], v[3]);
    EXCHANGE(v[4], v[5]);
    EXCHANGE(v[0], v[2]);
    EXCHANGE(v[1], v[4]);
    EXCHANGE(v[3], v[6]);
    EXCHANGE(v[0], v[1]);
    EXCHANGE(v[2], v[5]);
    EXCHANGE(v[3], v[4]);
    EXCHANGE(v[1], v[2]);
    EXCHANGE(v[4], v[6]);
    EXCHANGE(v[2], v[3]);
    EXCHANGE(v[4], v[5]);
    EXCHANGE(v[1], v[2]);
    EXCHANGE(v[3], v[4]);
    EXCHANGE(v[5], v[6]);
}

/// Brings the least of n to the front and the greatest to the end.
INLINE void part_extremes(lanes *v, int n) {
#pragma clang loop unroll(full)
    for (int i = 0; i < n / 2; i++) EXCHANGE(v[i], v[n - 1 - i]);
#pragma clang loop unroll(full)
    for (int i = 1; i < (n + 1) / 2; i++) EXCHANGE(v[0], v[i]);
#pragma clang loop unroll(full)
    for (int i = n / 2; i < n - 1; i++) EXCHANGE(v[i], v[n - 1]);
}

/// The median of n = 2 size - 3 values, of which `v` holds all: of any `size` of them neither the least nor the
/// greatest can be the median; both go, another comes in (forgetful selection).
#define MEDIAN_BY_FORGETTING(v, size, result)                         \
    do {                                                              \
        _Pragma("clang loop unroll(full)")                            \
        for (int kept = size; kept >= 3; kept--) {                    \
            part_extremes(v, kept);                                   \
            if (kept > 3) v[0] = v[size + (size - kept)];             \
        }                                                             \
        result = v[1];                                                \
    } while (0)

#endif
