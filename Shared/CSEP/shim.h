#pragma once
#include <stddef.h>
#include <sep.h>

/* Status codes of the library, which its header does not name (sepcore.h of libsep 1.2). */
enum {
    NIGHTJAR_SEP_PIXEL_STACK_FULL = 2,
    NIGHTJAR_SEP_DEBLEND_OVERFLOW = 7
};
