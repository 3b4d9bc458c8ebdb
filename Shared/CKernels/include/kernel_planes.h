#ifndef NIGHTJAR_KERNEL_PLANES_H
#define NIGHTJAR_KERNEL_PLANES_H

/// From now on memory that is freed stays with the process and serves for what is allocated next, however large it is.
/// Without effect where the C library has no such choice.
void kernel_reuse_planes(void);

#endif
