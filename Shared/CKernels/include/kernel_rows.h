#ifndef NIGHTJAR_KERNEL_ROWS_H
#define NIGHTJAR_KERNEL_ROWS_H

#include <stddef.h>

/// target[i] = weight * source[i]; the two do not overlap.
void kernel_row_scale(float *restrict target, const float *restrict source, float weight, size_t count);

/// target[i] += weight * source[i]; the two do not overlap.
void kernel_row_add(float *restrict target, const float *restrict source, float weight, size_t count);

#endif
