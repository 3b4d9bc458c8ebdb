#ifndef NIGHTJAR_KERNEL_CLONES_H
#define NIGHTJAR_KERNEL_CLONES_H

// A kernel marked so is compiled for several widths of vectors, and the widest that the machine has is chosen when the
// program is loaded. Products are never fused with sums (-ffp-contract=off): results are the same bits everywhere.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__has_feature)
#if !__has_feature(thread_sanitizer)
#define KERNEL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef KERNEL_CLONES
#define KERNEL_CLONES
#endif

#endif
