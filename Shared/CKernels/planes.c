#include "kernel_planes.h"

#include <limits.h>
#include <stddef.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void kernel_reuse_planes(void) {
#ifdef __GLIBC__
    // Everything comes from the heap, and its end is not given back.
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}
