internal import Astrometry
internal import Glibc
internal import Imaging
internal import PortableNumbers
internal import Resampling
internal import Testing

@Suite struct NoiseTests {
    static func whiteNoise(_ side: Int, sigma: Double) -> CalibratedFrame {
        var random = SplitMix64(seed: 77)
        let pixels = (0..<(side * side)).map { _ in Float(sigma * random.gaussian()) }
        return CalibratedFrame(
            signal: Image(width: side, height: side, pixels: pixels),
            variance: Image(width: side, height: side, filledWith: Float(sigma * sigma)),
            mask: Mask(width: side, height: side))
    }

    static let wide = whiteNoise(400, sigma: 5)

    static let cases: [(ResamplingKernel, PixelTransform)] = [
        (.lanczos3, rotation(11, about: 200)), (.lanczos3, rotation(0, shift: (0.5, 0.5))),
        (.lanczos3, rotation(3, scale: 0.8, about: 200)), (.bilinear, rotation(11, about: 200)),
        (.bilinear, rotation(0, shift: (0.25, 0.5))),
    ]

    /// 100,000 pixels: the scatter of a variance is 0.5 % for single pixels, 8 % for boxes of 16 px.
    @Test("the variance plane is the scatter of each pixel, and the factor that of wide sums", arguments: 0..<5)
    func scatter(index: Int) {
        let (kernel, map) = Self.cases[index]
        let made = resample(
            Self.wide, width: 400, height: 400, by: .affine(map),
            settings: ResamplingSettings(kernel: kernel))
        var (count, pulls) = (0.0, 0.0)
        var (boxes, boxPulls) = (0.0, 0.0)
        for y in stride(from: 40, to: 360, by: 16) {
            for x in stride(from: 40, to: 360, by: 16) {
                var (sum, variance) = (0.0, 0.0)
                for row in y..<(y + 16) {
                    for column in x..<(x + 16) {
                        let (s, v) = (made.frame.signal[column, row], made.frame.variance[column, row])
                        guard s.isFinite else { continue }
                        sum += Double(s)
                        variance += Double(v)
                        pulls += Double(s * s / v)
                        count += 1
                    }
                }
                guard variance > 0 else { continue }
                boxPulls += sum * sum / variance
                boxes += 1
            }
        }
        #expect(abs(pulls / count - 1) < 0.02, "\(pulls / count)")
        let factor = (boxPulls / boxes).squareRoot()
        #expect(abs(factor / made.noise.correlationFactor - 1) < 0.12, "\(factor) \(made.noise)")
    }

    @Test("half-pixel shifts have the correlation of their weights")
    func halfPixel() {
        // Bilinear at half a pixel in both axes: four weights of a quarter.
        let frame = Self.whiteNoise(64, sigma: 1)
        let map = PixelMap.affine(rotation(0, shift: (0.5, 0.5)))
        let linear = resample(frame, width: 64, height: 64, by: map, settings: ResamplingSettings(kernel: .bilinear))
        #expect(abs(linear.noise.varianceRatio - 0.25) < 1e-6)
        #expect(abs(linear.noise.correlationFactor - 2) < 1e-6)
        #expect(linear.frame.variance[30, 30] == 0.25)
        let nearest = resample(frame, width: 64, height: 64, by: map, settings: ResamplingSettings(kernel: .nearest))
        #expect(nearest.noise.varianceRatio == 1 && nearest.noise.correlationFactor == 1)
    }
}
