#include "kernel_median_filter.h"

#include "kernel_clones.h"
#include "median_lanes.h"

enum { width = kernel_median_lanes };

/// Sorts the columns of `side` rows that two groups of lanes need, from `reach` columns to the left on.
/// sorted[rank][column]
#define SORT_COLUMNS(side, reach, sort)                                                       \
    float sorted[side][2 * width];                                                            \
    do {                                                                                      \
        for (int half = 0; half < 2; half++) {                                                \
            lanes column[side];                                                               \
            const float *start = source + i - reach + half * width;                           \
            for (int row = 0; row < side; row++) {                                            \
                load_lanes(&column[row], start + (row - reach) * stride);                     \
            }                                                                                 \
            sort(column);                                                                     \
            for (int row = 0; row < side; row++) store_lanes(sorted[row] + half * width, &column[row]); \
        }                                                                                     \
    } while (0)

KERNEL_CLONES
void kernel_median_3x3(float *target, const float *source, ptrdiff_t stride, size_t count) {
    for (size_t i = 0; i < count; i += width) {
        SORT_COLUMNS(3, 1, sort_3);
        lanes low[3], middle[3], high[3];
        for (int column = 0; column < 3; column++) {
            load_lanes(&low[column], sorted[0] + column);
            load_lanes(&middle[column], sorted[1] + column);
            load_lanes(&high[column], sorted[2] + column);
        }
        sort_3(low);
        sort_3(middle);
        sort_3(high);
        lanes last[3] = {low[2], middle[1], high[0]};
        sort_3(last);
        store_lanes(target + i, &last[1]);
    }
}

// With every column and then every rank sorted, (row + 1)(column + 1) values are not above the one at (row, column)
// and (side - row)(side - column) not below it: where either is more than half of all, it is not the median. As many
// go from the low as from the high corner, so that the median of the rest is the median of all.

/// For each rank: the first and last column that may hold the median.
static const int first_of_5[5] = {3, 2, 1, 0, 0}, last_of_5[5] = {4, 4, 3, 2, 1};
static const int first_of_7[7] = {4, 3, 2, 1, 0, 0, 0}, last_of_7[7] = {6, 6, 6, 5, 4, 3, 2};

KERNEL_CLONES
void kernel_median_5x5(float *target, const float *source, ptrdiff_t stride, size_t count) {
    for (size_t i = 0; i < count; i += width) {
        SORT_COLUMNS(5, 2, sort_5);
        lanes rest[13];
        int filled = 0;
#pragma clang loop unroll(full)
        for (int rank = 0; rank < 5; rank++) {
            lanes row[5];
            for (int column = 0; column < 5; column++) load_lanes(&row[column], sorted[rank] + column);
            sort_5(row);
#pragma clang loop unroll(full)
            for (int column = first_of_5[rank]; column <= last_of_5[rank]; column++) rest[filled++] = row[column];
        }
        lanes median;
        MEDIAN_BY_FORGETTING(rest, 8, median);
        store_lanes(target + i, &median);
    }
}

KERNEL_CLONES
void kernel_median_7x7(float *target, const float *source, ptrdiff_t stride, size_t count) {
    for (size_t i = 0; i < count; i += width) {
        SORT_COLUMNS(7, 3, sort_7);
        lanes rest[29];
        int filled = 0;
#pragma clang loop unroll(full)
        for (int rank = 0; rank < 7; rank++) {
            lanes row[7];
            for (int column = 0; column < 7; column++) load_lanes(&row[column], sorted[rank] + column);
            sort_7(row);
#pragma clang loop unroll(full)
            for (int column = first_of_7[rank]; column <= last_of_7[rank]; column++) rest[filled++] = row[column];
        }
        lanes median;
        MEDIAN_BY_FORGETTING(rest, 16, median);
        store_lanes(target + i, &median);
    }
}
