#ifndef NIGHTJAR_KERNEL_PAGES_H
#define NIGHTJAR_KERNEL_PAGES_H

#include <stddef.h>

/// Asks the system to back memory that is about to be filled by large pages: a plane of 16 MB then costs a few page
/// faults instead of 4096. A hint: nothing depends on whether it is followed.
void kernel_prefer_large_pages(void *start, size_t bytes);

#endif
