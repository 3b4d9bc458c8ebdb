#include "kernel_rows.h"

#include "kernel_clones.h"

KERNEL_CLONES
void kernel_row_scale(float *restrict target, const float *restrict source, float weight, size_t count) {
    for (size_t i = 0; i < count; i++) target[i] = weight * source[i];
}

KERNEL_CLONES
void kernel_row_add(float *restrict target, const float *restrict source, float weight, size_t count) {
    for (size_t i = 0; i < count; i++) target[i] += weight * source[i];
}
