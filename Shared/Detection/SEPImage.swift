package import CSEP

/// Lends pixel arrays to libsep as one of its images for the length of a call.
///
/// - Parameters:
///   - variance: per pixel, or nil for no noise.
///   - segments: number of the source that owns each pixel, 0 for none, or nil.
package func withSEPImage<Result>(
    _ pixels: [Float], variance: [Float]? = nil, excluded: [UInt8]? = nil, segments: [Int32]? = nil, width: Int,
    height: Int, _ body: (inout sep_image) -> Result
) -> Result {
    pixels.withUnsafeBytes { data in
        (variance ?? []).withUnsafeBytes { noise in
            (excluded ?? []).withUnsafeBytes { mask in
                (segments ?? []).withUnsafeBytes { map in
                    var image = sep_image()
                    image.data = data.baseAddress
                    image.noise = variance == nil ? nil : noise.baseAddress
                    image.mask = excluded == nil ? nil : mask.baseAddress
                    image.segmap = segments == nil ? nil : map.baseAddress
                    (image.dtype, image.ndtype) = (SEP_TFLOAT, SEP_TFLOAT)
                    (image.mdtype, image.sdtype) = (SEP_TBYTE, SEP_TINT)
                    (image.w, image.h) = (Int32(width), Int32(height))
                    image.noise_type = Int16(variance == nil ? SEP_NOISE_NONE : SEP_NOISE_VAR)
                    return body(&image)
                }
            }
        }
    }
}
