#include "kernel_ellipse.h"

#include <string.h>

#include "ellipse_rows.h"
#include "kernel_clones.h"
#include "kernel_marks.h"

// Eight numbers side by side; the compiler splits them where the machine has narrower vectors.
enum { LANES = 8, BATCH = 64, ROOM = BATCH + 2 * LANES };
typedef float floats __attribute__((vector_size(32)));
typedef double doubles __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(32)));
typedef uint8_t bytes __attribute__((vector_size(8)));

/// Pixels on the rim, gathered until there are many. Ends of rows are put here eight pixels at a time, however short
/// they are: what is too much is overwritten by the next.
typedef struct {
    double u[ROOM], v[ROOM], enters[ROOM], leaves[ROOM], above[ROOM], parity[ROOM], shares[ROOM];
    float values[ROOM], variance[ROOM];
    int32_t columns[ROOM], rows[ROOM];
    uint8_t marks[ROOM];
    size_t count;
} rim_pixels;

/// What is summed, and of what.
typedef struct {
    const kernel_ellipse_aperture *aperture;
    const kernel_aperture_frame *frame;
    kernel_pixel_sums sums;
    /// 0 or more where pixels of other sources do not count.
    int32_t owner, is_own;
} summing;

/// Adds one pixel to sums that are weighted by w and w^2.
INLINE void add_pixel(kernel_pixel_sums *sums, const kernel_aperture_frame *frame, size_t i, double w, double square) {
    sums->light += w * (double)frame->values[i];
    sums->own_variance += square * (double)frame->values[i];
    sums->variance += square * (double)frame->variance[i];
    sums->area += w;
    sums->squared_area += square;
}

INLINE int is_clean(const kernel_aperture_frame *frame, int64_t column, int64_t row, int32_t owner) {
    int mark = frame->marks[row * (int64_t)frame->width + column] & ~MARK_MASKED;
    if (mark != MARK_OWNED) return mark == 0;
    kernel_owners owners = frame->owners;
    owners.words += (size_t)row * frame->owner_words;
    owners.before += (size_t)row * frame->owner_words;
    return kernel_owner(&owners, (size_t)column) == owner;
}

/// A pixel, or the one opposite to it across the centre, rounded to the grid. Twice its noise is, in variance,
/// (1 + 1)^2 = 1 + 3 times.
static void add_own_pixel(summing *s, int64_t column, int64_t row, double w) {
    const kernel_aperture_frame *frame = s->frame;
    int64_t width = (int64_t)frame->width, height = (int64_t)frame->height;
    double count = 1;
    if (!is_clean(frame, column, row, s->owner)) {
        column = (int64_t)__builtin_round(2 * s->aperture->outline.x) - column;
        row = (int64_t)__builtin_round(2 * s->aperture->outline.y) - row;
        int is_inside = (column >= 0) & (row >= 0) & (column < width) & (row < height);
        if (!is_inside || !is_clean(frame, column, row, s->owner)) {
            s->sums.missing_area += w;
            return;
        }
        count = 3;
    }
    add_pixel(&s->sums, frame, (size_t)(row * width + column), w, w * w * count);
}

/// Adds eight pixels of the rim, one after the other.
INLINE void add_eight(summing *s, const rim_pixels *rim, size_t i) {
    doubles w;
    floats value, noise;
    bytes marks;
    memcpy(&w, rim->shares + i, sizeof w);
    memcpy(&value, rim->values + i, sizeof value);
    memcpy(&noise, rim->variance + i, sizeof noise);
    memcpy(&marks, rim->marks + i, sizeof marks);
    doubles light = __builtin_convertvector(value, doubles), variance = __builtin_convertvector(noise, doubles);
    doubles square = w * w, missing = __builtin_convertvector(marks & MARK_EXCLUDED, doubles), kept = 1 - missing;
    const doubles parts[6] = {w * light, square * light, square * variance, w * kept, square * kept, w * missing};
    for (size_t lane = 0; lane < LANES; lane++) {
        s->sums.light += parts[0][lane];
        s->sums.own_variance += parts[1][lane];
        s->sums.variance += parts[2][lane];
        s->sums.area += parts[3][lane];
        s->sums.squared_area += parts[4][lane];
        s->sums.missing_area += parts[5][lane];
    }
}

/// Adds the first `count` pixels of the rim; after them there are no others, or as many as make eight.
INLINE void add_rim(summing *s, rim_pixels *rim, size_t count) {
    size_t padded = (count + LANES - 1) / LANES * LANES;
    const kernel_rim squares = {rim->u, rim->v, rim->enters, rim->leaves, rim->above, rim->parity};
    kernel_rim_shares(rim->shares, &squares, &s->aperture->form, padded);
    for (size_t i = count; i < padded; i++) rim->shares[i] = 0;
    for (size_t i = 0; i < count; i++) {
        if (rim->shares[i] >= 0) continue;
        rim->shares[i] = s->aperture->overlap(s->aperture->shape, rim->columns[i], rim->rows[i]);
    }
    for (size_t i = 0; i < padded; i += LANES) {
        uint64_t marks;
        memcpy(&marks, rim->marks + i, sizeof marks);
        if (!s->is_own || (marks & ~(MARK_MASKED * UINT64_C(0x0101010101010101))) == 0) {
            add_eight(s, rim, i);
            continue;
        }
        for (size_t k = i; k < i + LANES && k < count; k++) {
            add_own_pixel(s, rim->columns[k], rim->rows[k], rim->shares[k]);
        }
    }
}

/// Eight numbers after those that are there.
#define PUT(target, value)                               \
    do {                                                 \
        __typeof__(value) put = (value);                 \
        memcpy((target) + rim->count, &put, sizeof put); \
    } while (0)

/// What lies beyond a full stretch, to its beginning.
#define MOVE(numbers) memcpy(rim->numbers, rim->numbers + BATCH, LANES * sizeof rim->numbers[0])

/// Adds a full stretch of the rim and keeps what is beyond it.
INLINE void add_full_rim(summing *s, rim_pixels *rim) {
    add_rim(s, rim, BATCH);
    MOVE(u), MOVE(v), MOVE(enters), MOVE(leaves), MOVE(above), MOVE(parity);
    MOVE(values), MOVE(variance), MOVE(columns), MOVE(rows), MOVE(marks);
    rim->count -= BATCH;
}

/// The pixels themselves, as many as can be read.
INLINE void put_pixels(rim_pixels *rim, const kernel_aperture_frame *frame, size_t row, size_t column) {
    size_t place = row * frame->width + column, readable = frame->width * frame->height - place;
    size_t count = readable < LANES ? readable : LANES;
    if (count == LANES) {
        memcpy(rim->values + rim->count, frame->values + place, LANES * sizeof(float));
        memcpy(rim->variance + rim->count, frame->variance + place, LANES * sizeof(float));
        memcpy(rim->marks + rim->count, frame->marks + place, LANES);
    } else {
        for (size_t i = 0; i < LANES; i++) {
            rim->values[rim->count + i] = i < count ? frame->values[place + i] : 0;
            rim->variance[rim->count + i] = i < count ? frame->variance[place + i] : 0;
            rim->marks[rim->count + i] = i < count ? frame->marks[place + i] : 0;
        }
    }
}

/// Puts one end of a row to the rim.
INLINE void put_side(summing *s, rim_pixels *rim, const ellipse_rows *rows, int side, size_t i, size_t row) {
    const doubles lanes = {0, 1, 2, 3, 4, 5, 6, 7}, zeros = {0};
    const ints places = {0, 1, 2, 3, 4, 5, 6, 7};
    int32_t column = rows->from[side][i], end = rows->to[side][i];
    do {
        doubles u = ((double)column + lanes) - 0.5 - s->aperture->outline.x;
        PUT(rim->u, side == RIGHT ? u : -u - 1);
        PUT(rim->v, zeros + rows->v[side][i]);
        PUT(rim->enters, zeros + rows->enters[side][i]);
        PUT(rim->leaves, zeros + rows->leaves[side][i]);
        PUT(rim->above, zeros + rows->above[side][i]);
        PUT(rim->parity, zeros + rows->parity[side][i]);
        PUT(rim->columns, column + places);
        PUT(rim->rows, (ints){0} + (int32_t)row);
        put_pixels(rim, s->frame, row, (size_t)column);
        int32_t left = end - column;
        rim->count += (size_t)(left < LANES ? left : LANES);
        column += LANES;
        if (rim->count > BATCH) add_full_rim(s, rim);
    } while (column < end);
}

/// Adds what is left of the rim.
INLINE void finish_rim(summing *s, rim_pixels *rim) {
    const doubles zeros = {0};
    PUT(rim->u, zeros);
    PUT(rim->v, zeros);
    PUT(rim->enters, zeros);
    PUT(rim->leaves, zeros);
    PUT(rim->above, zeros);
    PUT(rim->parity, zeros);
    PUT(rim->values, (floats){0});
    PUT(rim->variance, (floats){0});
    PUT(rim->marks, (bytes){0});
    add_rim(s, rim, rim->count);
}

/// Adds whole pixels of a row, even and odd ones apart.
INLINE void add_whole(summing *s, size_t row, size_t first, size_t end) {
    const float *values = s->frame->values + row * s->frame->width;
    const float *variance = s->frame->variance + row * s->frame->width;
    double light[2] = {0, 0}, noise[2] = {0, 0};
    for (size_t i = first; i < end; i += 2) {
        light[0] += (double)values[i];
        noise[0] += (double)variance[i];
        if (i + 1 == end) break;
        light[1] += (double)values[i + 1];
        noise[1] += (double)variance[i + 1];
    }
    size_t missing = 0;
    if (s->frame->has_excluded) {
        const uint8_t *marks = s->frame->marks + row * s->frame->width;
        for (size_t i = first; i < end; i++) missing += marks[i] & MARK_EXCLUDED;
    }
    s->sums.light += light[0] + light[1];
    s->sums.own_variance += light[0] + light[1];
    s->sums.variance += noise[0] + noise[1];
    s->sums.area += (double)(end - first - missing);
    s->sums.squared_area += (double)(end - first - missing);
    s->sums.missing_area += (double)missing;
}

/// Adds whole pixels of a row to `lanes`, or one by one where not all of them count. Returns how many went there.
INLINE size_t add_own_whole(summing *s, kernel_lanes *lanes, size_t row, size_t first, size_t end) {
    const kernel_aperture_frame *frame = s->frame;
    size_t start = row * frame->width + first;
    kernel_span span = {
        frame->values + start, frame->variance + start, frame->marks + start, frame->owners, first, end - first,
        frame->width * frame->height - start};
    span.owners.words += row * frame->owner_words;
    span.owners.before += row * frame->owner_words;
    if (kernel_span_add(lanes, &span, s->owner)) return end - first;
    for (size_t i = first; i < end; i++) add_own_pixel(s, (int64_t)i, (int64_t)row, 1);
    return 0;
}

/// Returns the number of pixels whose sums are in `lanes`.
INLINE size_t sum_rows(summing *s, kernel_lanes *lanes) {
    const kernel_ellipse_aperture *aperture = s->aperture;
    rim_pixels rim;
    rim.count = 0;
    ellipse_rows rows;
    size_t whole = 0;
    for (size_t done = 0; done < aperture->rows; done += ROWS) {
        size_t count = aperture->rows - done < ROWS ? aperture->rows - done : ROWS;
        fill_rows(&rows, aperture, aperture->row + done, count, s->frame->width);
        for (size_t i = 0; i < count; i++) {
            size_t row = aperture->row + done + i, first = (size_t)rows.first[i], end = (size_t)rows.end[i];
            put_side(s, &rim, &rows, LEFT, i, row);
            if (first < end && s->is_own) whole += add_own_whole(s, lanes, row, first, end);
            if (first < end && !s->is_own) add_whole(s, row, first, end);
            put_side(s, &rim, &rows, RIGHT, i, row);
        }
    }
    finish_rim(s, &rim);
    return whole;
}

KERNEL_CLONES
void kernel_ellipse_sum(
    kernel_pixel_sums *sums, const kernel_ellipse_aperture *aperture, const kernel_aperture_frame *frame) {
    summing s = {aperture, frame, *sums, 0, 0};
    sum_rows(&s, NULL);
    *sums = s.sums;
}

INLINE double total(const double p[LANES]) {
    return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

KERNEL_CLONES
void kernel_ellipse_sum_own(
    kernel_pixel_sums *sums, const kernel_ellipse_aperture *aperture, const kernel_aperture_frame *frame,
    int32_t owner) {
    summing s = {aperture, frame, *sums, owner, 1};
    kernel_lanes lanes = {{0}, {0}, {0}};
    double whole = (double)sum_rows(&s, &lanes), light = total(lanes.first);
    s.sums.light += light;
    s.sums.own_variance += light;
    s.sums.variance += total(lanes.second);
    s.sums.area += whole;
    s.sums.squared_area += whole;
    *sums = s.sums;
}
