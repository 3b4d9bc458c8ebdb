internal import CSEP
internal import Foundation
internal import Synchronization

/// Groups of pixels above a threshold, as libsep finds, separates and cleans them.
struct Extraction {
    struct Group {
        /// Barycentre, weighted by signal-to-noise [px].
        var (x, y): (Double, Double)
        /// Second-moment half axes [px] and position angle [radians] of the signal-to-noise image.
        var (a, b, theta): (Double, Double, Double)
        /// Indices of its pixels.
        var pixels: [Int]
        var isBlended: Bool
        var touchesEdge: Bool
    }

    var groups: [Group] = []
    /// The limit of sub-objects was reached at its largest setting and overlapping sources were left together.
    var deblendingIncomplete = false

    /// libsep keeps its limits in variables of the process.
    private static let library = Mutex(())
    private static let subObjectLimits: [Int32] = [4096, 65_536]

    /// - Parameters:
    ///   - image: signal-to-noise ratio per pixel.
    ///   - threshold: smallest ratio of a source's pixels.
    static func run(
        _ image: [Float], width: Int, height: Int, threshold: Double, parameters: DetectionParameters
    ) -> Extraction {
        library.withLock { _ in
            for limit in subObjectLimits {
                let contrast = parameters.deblendContrast
                if let found = attempt(image, width, height, threshold, parameters, contrast, limit) { return found }
            }
            var found = attempt(image, width, height, threshold, parameters, 1, subObjectLimits[0]) ?? Extraction()
            found.deblendingIncomplete = true
            return found
        }
    }

    /// nil when the deblending limit was reached. A pixel stack that is too small grows up to the whole frame.
    private static func attempt(
        _ image: [Float], _ width: Int, _ height: Int, _ threshold: Double, _ parameters: DetectionParameters,
        _ contrast: Double, _ subObjectLimit: Int32
    ) -> Extraction? {
        sep_set_sub_object_limit(subObjectLimit)
        var stack = min(width * height + 16, 300_000)
        while true {
            sep_set_extract_pixstack(stack)
            var catalog: UnsafeMutablePointer<sep_catalog>?
            let status = withSEPImage(image, width: width, height: height) { sepImage in
                sep_extract(
                    &sepImage, Float(threshold), SEP_THRESH_ABS, Int32(parameters.minimumArea), nil, 0, 0,
                    SEP_FILTER_CONV, 32, contrast, 1, 1, &catalog)
            }
            defer { if let catalog { sep_catalog_free(catalog) } }
            if status == 0, let catalog { return Extraction(groups: groups(catalog.pointee)) }
            if status == Int32(NIGHTJAR_SEP_PIXEL_STACK_FULL), stack < 2 * width * height {
                stack = min(stack * 4, 2 * width * height + 16)
                continue
            }
            return status == Int32(NIGHTJAR_SEP_DEBLEND_OVERFLOW) ? nil : Extraction()
        }
    }

    private static func groups(_ catalog: sep_catalog) -> [Group] {
        (0..<Int(catalog.nobj)).compactMap { index in
            let count = Int(catalog.npix[index])
            guard count > 0, let first = catalog.pix[index], catalog.x[index].isFinite, catalog.y[index].isFinite
            else { return nil }
            let flag = Int32(catalog.flag[index])
            return Group(
                x: catalog.x[index], y: catalog.y[index], a: Double(catalog.a[index]), b: Double(catalog.b[index]),
                theta: Double(catalog.theta[index]),
                pixels: UnsafeBufferPointer(start: first, count: count).map { Int($0) },
                isBlended: flag & SEP_OBJ_MERGED != 0, touchesEdge: flag & SEP_OBJ_TRUNC != 0)
        }
    }
}
