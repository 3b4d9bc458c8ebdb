#include "kernel_stack.h"

#include <float.h>
#include <math.h>

#include "kernel_clones.h"
#include "stack_lanes.h"

static const float prior_frames = 10;
static const float half_pi = 1.57079632679f;

/// What sums over n values are multiplied with: 1/n, 1/(n-1), 1/(n-1+prior), and the median's loss of efficiency / n.
struct weights {
    lanes mean, variance, pooled, median;
};

/// The values of the lanes in ascending order (those that are missing infinite), and what is known of them.
struct stack {
    lanes *value;
    lanes *deviation;
    size_t planes;
    const struct kernel_comparator *network;
    size_t comparators;
    struct kernel_stack_rule rule;
    struct weights whole;
    /// Finite values of each lane, their median, and the least variance that is believed.
    lanes count, median, floor;
};

/// Sums over what is kept: deviations from the median, and their squares.
struct sums {
    lanes count, sum, squares;
};

INLINE void weigh(const lanes *count, struct weights *w) {
    lanes n = *count;
    w->mean = 1 / n;
    w->variance = n > 1 ? 1 / (n - 1) : (lanes)0;
    w->pooled = 1 / (n + (prior_frames - 1));
    w->median = half_pi / (n + (half_pi - 1));
}

/// Loads and sorts `planes` <= 16 full lanes; returns 0 when a value is missing.
INLINE int load_few(struct stack *s, const float *const *image, size_t start, size_t planes) {
    lanes v[16];
    choice missing = 0;
    for (size_t i = 0; i < planes; i++) {
        lanes value = *(const loose *)(image[i] + start);
        missing |= !(SIZE(value) <= FLT_MAX);
        // The sum makes +0 of -0, so that the order of equal values cannot be seen.
        v[i] = value + 0.0f;
    }
    if (ANY(missing)) return 0;
    sort_few(v, planes);
    for (size_t i = 0; i < planes; i++) s->value[i] = v[i];
    s->count = (float)planes;
    return 1;
}

INLINE int load_full(struct stack *s, const float *const *image, size_t start) {
#define FEW(n) case n: return load_few(s, image, start, n);
    switch (s->planes) {
        FEW(3) FEW(4) FEW(5) FEW(6) FEW(7) FEW(8) FEW(9) FEW(10) FEW(11) FEW(12) FEW(13) FEW(14) FEW(15) FEW(16)
        default: return 0;
    }
#undef FEW
}

/// Loads and sorts; lanes beyond `remaining` repeat the last pixel. Returns whether every value is there.
INLINE int load(struct stack *s, const float *const *image, size_t start, size_t remaining) {
    if (remaining >= KERNEL_STACK_LANES && load_full(s, image, start)) return 1;
    choice missing = 0;
    lanes count = (float)s->planes;
    for (size_t i = 0; i < s->planes; i++) {
        lanes v;
        const float *pixel = image[i] + start;
        if (remaining >= KERNEL_STACK_LANES) {
            v = *(const loose *)pixel;
        } else {
            for (size_t l = 0; l < KERNEL_STACK_LANES; l++) v[l] = pixel[l < remaining ? l : remaining - 1];
        }
        choice bad = !(SIZE(v) <= FLT_MAX);
        missing |= bad;
        count -= bad ? (lanes)1 : (lanes)0;
        s->value[i] = bad ? (lanes)INFINITY : v + 0.0f;
    }
    s->count = count;
    sort_lanes(s->value, s->network, s->comparators);
    return !ANY(missing);
}

/// Mean of the middle two of the first `count` of sorted values.
INLINE void middle(const struct stack *s, const lanes *v, lanes *result) {
    lanes low = 0, high = 0;
    for (size_t i = 0; i < s->planes; i++) {
        float place = 2 * (float)i;
        choice is_middle = place == s->count - 1;
        low = (is_middle | (place == s->count - 2)) ? v[i] : low;
        high = (is_middle | (place == s->count)) ? v[i] : high;
    }
    *result = 0.5f * low + 0.5f * high;
}

/// Median of |value - median|, where no value is missing: to both sides of the median they are sorted already, and the
/// k-th smallest of two sorted lists is the least of max(a[i], b[k - i]).
INLINE void middle_deviation(const struct stack *s, lanes *result) {
    size_t half = s->planes / 2, odd = s->planes % 2;
    const lanes *below = s->value + half, *above = s->value + half - 1 + odd;
    lanes m = s->median, zero = 0, first = above[half] - m, second = INFINITY;
    for (size_t i = 1; i <= half; i++) {
        lanes left = m - below[-(ptrdiff_t)i], right = i < half ? above[half - i] - m : zero;
        lanes next = above[half + 1 - i] - m;
        lanes larger = LARGER(left, right), beyond = LARGER(left, next);
        first = SMALLER(larger, first);
        second = SMALLER(beyond, second);
    }
    *result = odd ? first : 0.5f * first + 0.5f * second;
}

/// Sums over all values, none of which is missing.
INLINE void sum_all(const struct stack *s, struct sums *found) {
    lanes sum = 0, squares = 0, m = s->median;
    for (size_t i = 0; i < s->planes; i++) {
        lanes d = s->value[i] - m;
        sum += d;
        squares += d * d;
    }
    found->count = s->count;
    found->sum = sum;
    found->squares = squares;
}

/// Sums over the values whose distance from median + centre has a square of at most `reach`.
INLINE void sum_within(const struct stack *s, const lanes *centre, const lanes *reach, struct sums *found) {
    lanes count = 0, sum = 0, squares = 0, m = s->median, c = *centre, r = *reach;
    for (size_t i = 0; i < s->planes; i++) {
        lanes d = s->value[i] - m;
        choice kept = ((d - c) * (d - c) <= r) & (s->value[i] <= FLT_MAX);
        lanes taken = kept ? d : (lanes)0;
        count += kept ? (lanes)1 : (lanes)0;
        sum += taken;
        squares += taken * taken;
    }
    found->count = count;
    found->sum = sum;
    found->squares = squares;
}

/// Whether all values of all lanes lie within: the outermost two do.
INLINE int holds_all(const struct stack *s, const lanes *centre, const lanes *reach) {
    lanes low = s->value[0] - s->median - *centre, high = s->value[s->planes - 1] - s->median - *centre;
    return !ANY(!((low * low <= *reach) & (high * high <= *reach)));
}

INLINE void replace(struct sums *kept, const struct sums *next, const choice *where) {
    choice w = *where;
    kept->count = w ? next->count : kept->count;
    kept->sum = w ? next->sum : kept->sum;
    kept->squares = w ? next->squares : kept->squares;
}

INLINE void moments(const struct stack *s, const struct sums *kept, struct weights *w, lanes *mean, lanes *variance) {
    if (ANY(kept->count != (float)s->planes)) {
        weigh(&kept->count, w);
    } else {
        *w = s->whole;
    }
    *mean = kept->sum * w->mean;
    lanes spread = kept->squares - kept->sum * *mean;
    *variance = (spread > 0 ? spread : (lanes)0) * w->variance;
}

/// One more round of clipping; returns whether anything changed.
INLINE int clip_again(const struct stack *s, int is_full, const choice *stuck, struct sums *kept) {
    struct weights w;
    struct sums next;
    lanes centre, variance;
    moments(s, kept, &w, &centre, &variance);
    lanes reach = s->rule.sigma * s->rule.sigma * LARGER(variance, s->floor);
    if (is_full && !ANY(kept->count != s->count) && holds_all(s, &centre, &reach)) return 0;
    sum_within(s, &centre, &reach, &next);
    choice moved = (next.sum != kept->sum) | (next.count != kept->count) | (next.squares != kept->squares);
    moved &= (next.count > 0) & ~*stuck;
    replace(kept, &next, &moved);
    return ANY(moved);
}

/// What survives: once by the median deviation, then up to three times by the standard deviation.
INLINE void clip(const struct stack *s, int is_full, const lanes *deviation, struct sums *kept) {
    lanes spread = 1.4826f * *deviation, square = spread * spread, none = 0, all = INFINITY;
    lanes reach = s->rule.sigma * s->rule.sigma * LARGER(square, s->floor);
    choice stuck = 0;
    if (is_full && holds_all(s, &none, &reach)) {
        sum_all(s, kept);
    } else {
        sum_within(s, &none, &reach, kept);
        stuck = kept->count == 0;
        if (ANY(stuck)) {
            struct sums whole;
            sum_within(s, &none, &all, &whole);
            replace(kept, &whole, &stuck);
        }
    }
    for (int round = 0; round < 3; round++) {
        if (!clip_again(s, is_full, &stuck, kept)) break;
    }
}

INLINE void floor_variance(const struct kernel_stack_rule *rule, const lanes *value, lanes *result) {
    lanes above = *value - rule->level;
    *result = rule->noise * rule->noise + (above > 0 ? above : (lanes)0) * rule->poisson;
}

/// Where there are two values: their mean, or the lower one where they differ by more than their noise allows.
INLINE void pair(const struct stack *s, lanes *value, lanes *error) {
    lanes low = s->value[0], high = s->planes > 1 ? s->value[1] : low, floor;
    floor_variance(&s->rule, &low, &floor);
    lanes difference = high - low, square = difference * difference;
    choice differ = (square > 2 * s->rule.sigma * s->rule.sigma * floor) & (floor > 0);
    lanes pooled = (0.5f * square + prior_frames * floor) * (1 / (1 + prior_frames));
    choice two = s->count == 2;
    lanes mean = 0.5f * low + 0.5f * high;
    *value = two ? (differ ? low : mean) : *value;
    *error = two ? ROOT(differ ? floor : 0.5f * pooled) : *error;
}

INLINE void combine(struct stack *s, int is_full, lanes *value, lanes *error) {
    lanes deviation, mean, variance;
    struct sums kept;
    struct weights w;
    if (is_full) {
        s->median = 0.5f * s->value[(s->planes - 1) / 2] + 0.5f * s->value[s->planes / 2];
        middle_deviation(s, &deviation);
    } else {
        middle(s, s->value, &s->median);
        for (size_t i = 0; i < s->planes; i++) {
            s->deviation[i] = s->value[i] <= FLT_MAX ? SIZE(s->value[i] - s->median) : (lanes)INFINITY;
        }
        sort_lanes(s->deviation, s->network, s->comparators);
        middle(s, s->deviation, &deviation);
    }
    floor_variance(&s->rule, &s->median, &s->floor);
    clip(s, is_full, &deviation, &kept);
    moments(s, &kept, &w, &mean, &variance);
    lanes pooled = ((kept.count - 1) * variance + prior_frames * s->floor) * w.pooled;
    mean += s->median;
    *value = s->rule.is_median ? s->median : (SIZE(mean) <= FLT_MAX ? mean : s->median);
    *error = ROOT(pooled * (s->rule.is_median ? w.median : w.mean));
    if (!is_full) pair(s, value, error);
    *error = *error <= FLT_MAX ? *error : (lanes)INFINITY;
    *value = s->count > 0 ? *value : (lanes)NAN;
}

KERNEL_CLONES
void kernel_stack(
    const float *const *image, size_t planes, size_t pixels, const struct kernel_comparator *network,
    size_t comparators, struct kernel_stack_rule rule, float *scratch, float *restrict values,
    float *restrict errors) {
    struct stack s = {.value = (lanes *)scratch, .deviation = (lanes *)scratch + planes, .planes = planes};
    s.network = network;
    s.comparators = comparators;
    s.rule = rule;
    lanes full = (float)planes;
    weigh(&full, &s.whole);
    for (size_t start = 0; start < pixels; start += KERNEL_STACK_LANES) {
        size_t remaining = pixels - start;
        lanes value, error;
        if (load(&s, image, start, remaining) && planes > 2) {
            combine(&s, 1, &value, &error);
        } else {
            combine(&s, 0, &value, &error);
        }
        if (remaining >= KERNEL_STACK_LANES) {
            *(loose *)(values + start) = value;
            *(loose *)(errors + start) = error;
            continue;
        }
        for (size_t l = 0; l < remaining; l++) {
            values[start + l] = value[l];
            errors[start + l] = error[l];
        }
    }
}
