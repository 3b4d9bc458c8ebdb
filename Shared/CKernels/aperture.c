#include "kernel_aperture.h"

#include <string.h>

#include "kernel_clones.h"
#include "kernel_marks.h"
#include "owners.h"

#define INLINE static inline __attribute__((always_inline))

// Eight numbers side by side; the compiler splits them where the machine has narrower vectors.
enum { LANES = 8 };
typedef float floats __attribute__((vector_size(32)));
typedef double doubles __attribute__((vector_size(64)));
typedef int64_t longs __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(32)));
typedef uint16_t shorts __attribute__((vector_size(16)));
typedef uint8_t bytes __attribute__((vector_size(8)));

INLINE double least(double a, double b) { return a < b ? a : b; }
INLINE double most(double a, double b) { return a > b ? a : b; }

/// Eight elements at `from`, as many of them as can be read, then zeros.
#define LOAD(target, from, readable)                                      \
    do {                                                                  \
        if ((readable) >= LANES) {                                        \
            memcpy(&(target), (from), sizeof(target));                    \
        } else {                                                          \
            memset(&(target), 0, sizeof(target));                         \
            memcpy(&(target), (from), (readable) * sizeof((target)[0]));  \
        }                                                                 \
    } while (0)

/// -1 for the first `count` of eight.
#define FIRST(count) ((ints){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)(count))

#define ADD(sums, part)                           \
    do {                                          \
        doubles total;                            \
        memcpy(&total, (sums), sizeof total);     \
        total += (part);                          \
        memcpy((sums), &total, sizeof total);     \
    } while (0)

/// A mark in each of eight bytes.
#define EACH(mark) ((mark) * UINT64_C(0x0101010101010101))

/// The marks of eight pixels side by side.
INLINE uint64_t marks_of(const bytes *marks) {
    uint64_t word;
    memcpy(&word, marks, sizeof word);
    return word;
}

/// Not 0 where a source other than `owner` owns one of eight pixels.
INLINE void find_foreign(ints *found, const kernel_span *span, size_t i, const bytes *marks, int32_t owner) {
    *found = (ints){0};
    if ((marks_of(marks) & EACH(MARK_OWNED)) == 0) return;
    int32_t numbers[LANES];
    owners8(numbers, &span->owners, span->column + i);
    ints number;
    memcpy(&number, numbers, sizeof number);
    *found = (number != owner) & (__builtin_convertvector(*marks & MARK_OWNED, ints) != 0);
}

KERNEL_CLONES
int kernel_span_add(kernel_lanes *sums, const kernel_span *span, int32_t owner) {
    doubles light = {0}, noise = {0};
    ints spoiled = {0};
    for (size_t i = 0; i < span->count; i += LANES) {
        size_t readable = span->readable - i, left = span->count - i;
        floats value, variance;
        LOAD(value, span->values + i, readable);
        LOAD(variance, span->variance + i, readable);
        ints faults;
        bytes marks;
        LOAD(marks, span->marks + i, readable);
        find_foreign(&faults, span, i, &marks, owner);
        faults |= __builtin_convertvector(marks & MARK_EXCLUDED, ints);
        if (left < LANES) {
            ints counts = FIRST(left);
            faults &= counts;
            value = (floats)((ints)value & counts);
            variance = (floats)((ints)variance & counts);
        }
        spoiled |= faults;
        light += __builtin_convertvector(value, doubles);
        noise += __builtin_convertvector(variance, doubles);
    }
    int32_t any = 0;
    for (size_t lane = 0; lane < LANES; lane++) any |= spoiled[lane];
    if (any) return 0;
    ADD(sums->first, light);
    ADD(sums->second, noise);
    return 1;
}

KERNEL_CLONES
void kernel_span_census(kernel_census *census, const kernel_span *span, const uint16_t *bits, int32_t owner) {
    ints others = {0}, flags = {0}, marks = {0};
    for (size_t i = 0; i < span->count; i += LANES) {
        size_t readable = span->readable - i;
        ints foreign, counts = FIRST(span->count - i);
        bytes mark;
        LOAD(mark, span->marks + i, readable);
        find_foreign(&foreign, span, i, &mark, owner);
        others |= foreign & counts;
        if (marks_of(&mark) & EACH(MARK_MASKED)) {
            shorts flag;
            LOAD(flag, bits + i, readable);
            flags |= __builtin_convertvector(flag, ints) & counts;
        }
        marks |= __builtin_convertvector(mark & MARK_EXCLUDED, ints) & counts;
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        census->others |= others[lane];
        census->bits |= (uint16_t)flags[lane];
        census->excluded |= (uint8_t)marks[lane];
    }
}

KERNEL_CLONES
void kernel_span_moment(kernel_lanes *sums, const kernel_span *span, int32_t owner, const kernel_row_form *form) {
    doubles light = {0}, moment = {0};
    doubles column = form->column + (doubles){0, 1, 2, 3, 4, 5, 6, 7};
    for (size_t i = 0; i < span->count; i += LANES, column += LANES) {
        size_t readable = span->readable - i;
        floats value, root;
        LOAD(value, span->values + i, readable);
        ints foreign;
        bytes marks;
        LOAD(marks, span->marks + i, readable);
        find_foreign(&foreign, span, i, &marks, owner);
        ints counts = (foreign == 0) & FIRST(span->count - i);
        value = (floats)((ints)value & counts);
        doubles x = column - form->centre;
        doubles q = form->square + x * (form->slope + form->curvature * x);
        root = __builtin_elementwise_sqrt(__builtin_convertvector((doubles)((longs)q & (q > 0)), floats));
        light += __builtin_convertvector(value, doubles);
        moment += __builtin_convertvector(value * root, doubles);
    }
    ADD(sums->first, light);
    ADD(sums->second, moment);
}

KERNEL_CLONES
void kernel_span_weigh(kernel_lanes *sums, const kernel_span *span, const float *shares, double level, double light) {
    doubles product = {0}, square = {0}, whole = {0};
    for (size_t i = 0; i < span->count; i += LANES) {
        size_t readable = span->readable - i;
        floats value, noise, part;
        bytes marks;
        LOAD(value, span->values + i, readable);
        LOAD(noise, span->variance + i, readable);
        LOAD(marks, span->marks + i, readable);
        memcpy(&part, shares + i, sizeof part);
        ints good = (__builtin_convertvector(marks & MARK_EXCLUDED, ints) == 0) & (noise > 0);
        ints counts = good & FIRST(span->count - i);
        longs used = __builtin_convertvector(counts, longs);
        doubles share = __builtin_convertvector(part, doubles), variance = __builtin_convertvector(noise, doubles);
        doubles weight = (doubles)((longs)(share / (variance + light * share)) & used);
        product += weight * (__builtin_convertvector(value, doubles) - level);
        square += weight * share;
        whole += weight;
    }
    ADD(sums->first, product);
    ADD(sums->second, square);
    ADD(sums->third, whole);
}

KERNEL_CLONES
void kernel_table_row(
    float *restrict shares, const float *restrict table, int32_t entries, double scale, const kernel_row_form *form,
    size_t count) {
    double column = form->column, centre = form->centre, end = entries;
    double square = form->square, slope = form->slope, curvature = form->curvature;
    for (size_t i = 0; i < count; i++) {
        double x = column + (double)(int32_t)i - centre;
        double position = most((square + x * (slope + curvature * x)) * scale, 0);
        int isInside = position < end;
        int32_t entry = isInside ? (int32_t)position : entries;
        float low = table[entry], step = table[entry + 1] - low;
        shares[i] = isInside ? low + (float)(position - (double)entry) * step : 0;
    }
}

/// 2 binomial(2k, k) / 4^k / (2k + 3), k = 11 ... 0, by pairs for shorter chains of products: good to 1e-16 up to 1/16.
INLINE double segment_series(double z) {
    double square = z * z, even = 46189.0 / 3014656, odd = 88179.0 / 6553600;
    even = even * square + 6435.0 / 311296;
    even = even * square + 77.0 / 2560;
    even = even * square + 35.0 / 704;
    even = even * square + 3.0 / 28;
    even = even * square + 2.0 / 3;
    odd = odd * square + 12155.0 / 688128;
    odd = odd * square + 429.0 / 17408;
    odd = odd * square + 63.0 / 1664;
    odd = odd * square + 5.0 / 72;
    odd = odd * square + 1.0 / 5;
    return even + z * odd;
}

KERNEL_CLONES
void kernel_rim_shares(double *restrict shares, const kernel_rim *rim, const kernel_ellipse *ellipse, size_t count) {
    const kernel_ellipse e = *ellipse;
    const double *restrict us = rim->u, *restrict vs = rim->v, *restrict enters = rim->enters;
    const double *restrict leaves = rim->leaves, *restrict above = rim->leaves_above, *restrict parities = rim->parity;
    for (size_t i = 0; i < count; i++) {
        double u = us[i], v = vs[i], parity = parities[i], right = u + 1, shear = parity * e.shear;
        // The columns on which the square's sides lie cross the ellipse between middle - reach and middle + reach.
        double inner = (e.half_width - u) * (e.half_width + u);
        double outer = (e.half_width - right) * (e.half_width + right);
        double reach = e.spread * __builtin_elementwise_sqrt(most(inner, 0));
        double top = u * shear + reach, bottom = u * shear - reach;
        double side = right * shear + e.spread * __builtin_elementwise_sqrt(most(outer, 0));
        int known = (inner > 0) & (u >= enters[i]) & (u < leaves[i]) & (v >= bottom) & (v < top);
        known &= u >= parity * e.topmost;
        double start_x = least(most(above[i], u), right), end_x = least(leaves[i], right);
        double start_y = least(top, v + 1), end_y = ((outer > 0) & (side > v)) ? side : v;
        double dx = most(end_x - start_x, 0), dy = most(start_y - end_y, 0);
        double z = (e.xx * dx * dx - parity * e.xy * dx * dy + e.yy * dy * dy) / 4;
        known &= z <= 0.0625;
        double segment = e.axes * (z * __builtin_elementwise_sqrt(z) * segment_series(z));
        double share = (start_x - u) + dx * ((start_y + end_y) / 2 - v) + segment;
        shares[i] = known ? least(share, 1) : -1;
    }
}
