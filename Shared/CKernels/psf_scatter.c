#include "kernel_clones.h"
#include "kernel_psf.h"

KERNEL_CLONES
void kernel_psf_scatter(const float *value, size_t stride, size_t phases, size_t run,
                        const struct kernel_psf_taps *taps, size_t width, size_t height, float *restrict table) {
    const size_t line = phases * run;
    for (size_t row = 0; row < height; row++) {
        const float *v = value + row * stride;
        for (size_t y = 0; y < 4; y++) {
            for (size_t x = 0; x < 4; x++) {
                const float weight = taps->y[y] * taps->x[x];
                const ptrdiff_t first = (taps->row + (ptrdiff_t)(row * phases + y)) * (ptrdiff_t)line;
                float *restrict target = table + first + taps->column[x];
                for (size_t i = 0; i < width; i++) target[i] += weight * v[i];
            }
        }
    }
}
