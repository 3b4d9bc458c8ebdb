internal import CKernels

/// What one byte per pixel says of it, so that loops over clean sky read one byte instead of mask, owners and more.
package enum PixelMarks {
    /// It carries no measurement.
    package static let excluded = UInt8(MARK_EXCLUDED)
    /// Some bit of the mask is set.
    package static let masked = UInt8(MARK_MASKED)
    /// A source owns it; `Detections.owners` says which.
    package static let owned = UInt8(MARK_OWNED)
}
