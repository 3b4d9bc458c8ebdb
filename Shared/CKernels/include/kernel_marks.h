#ifndef NIGHTJAR_KERNEL_MARKS_H
#define NIGHTJAR_KERNEL_MARKS_H

/// What one byte per pixel says, so that loops over clean sky read nothing else of it.
enum {
    /// It carries no measurement.
    MARK_EXCLUDED = 1,
    /// Some bit of the mask is set.
    MARK_MASKED = 2,
    /// A source owns it; the plane of labels says which.
    MARK_OWNED = 4
};

#endif
