#define _DEFAULT_SOURCE
#include "kernel_pages.h"

#include <stdint.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

void kernel_prefer_large_pages(void *start, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t large = 2u << 20;
    uintptr_t first = ((uintptr_t)start + large - 1) / large * large, end = ((uintptr_t)start + bytes) / large * large;
    if (end > first) madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)start;
    (void)bytes;
#endif
}
