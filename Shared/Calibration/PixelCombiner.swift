internal import CKernels

/// Combines the values of many pixels side by side; see `Stack` for the formulas.
///
/// Survivors: within `sigma` of the median, by the larger of 1.4826 MAD and floor (all, where that leaves none); then
/// up to three times within `sigma` of their mean, by the larger of standard deviation and floor. With one value left
/// the error is the floor; with none the value is NaN and its error infinite. Values beyond 1e19 have no squares in
/// single precision: the error is infinite and the value the median.
struct PixelCombiner {
    private let network: SortingNetwork
    let rule: kernel_stack_rule
    private let count: Int

    /// - Parameters:
    ///   - count: images that are combined, > 0.
    ///   - noise: of one image's pixel at `level`; `poisson`: variance per unit above that.
    init(count: Int, method: CombineMethod, noise: Double, level: Double, poisson: Double) {
        self.count = count
        network = SortingNetwork(count: count)
        // A median's error is that of the values within 4 sigma.
        var (isMedian, sigma): (Int32, Float) = (1, 4)
        if case .clippedMean(let reach) = method { (isMedian, sigma) = (0, reach) }
        rule = kernel_stack_rule(
            is_median: isMedian, sigma: sigma, noise: Float(noise), level: Float(level), poisson: Float(poisson))
    }

    /// - Parameters:
    ///   - images: `count` pointers; pixels `first..<first + pixels` of each are combined.
    ///   - values, errors: take `pixels` numbers each.
    func combine(
        _ images: [UnsafePointer<Float>], from first: Int, count pixels: Int, into values: UnsafeMutablePointer<Float>,
        errors: UnsafeMutablePointer<Float>
    ) {
        let bytes = 2 * count * Int(KERNEL_STACK_LANES) * MemoryLayout<Float>.stride
        withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { scratch in
            let numbers = scratch.bindMemory(to: Float.self)
            let starts = images.map { Optional($0 + first) }
            starts.withUnsafeBufferPointer { images in
                network.comparators.withUnsafeBufferPointer { network in
                    kernel_stack(
                        images.baseAddress!, count, pixels, network.baseAddress, network.count, rule,
                        numbers.baseAddress!, values, errors)
                }
            }
        }
    }
}
