internal import Astrometry
internal import Glibc
internal import Imaging
internal import Resampling
internal import Testing

@Suite struct ResampleTests {
    /// Largest error of a resampled pixel over the star's peak, and of a star's sum over its flux.
    static func errors(_ map: PixelTransform, _ kernel: ResamplingKernel, fwhm: Double = 3.2) -> (Double, Double) {
        let field = StarField(count: 16, fwhm: fwhm)
        let made = resample(
            field.frame(width: 200, height: 200), width: 200, height: 200, by: .affine(map),
            settings: ResamplingSettings(kernel: kernel))
        let truth = field.image(width: 200, height: 200) { map(x: $0, y: $1) }
        let area = abs(map.xx * map.yy - map.xy * map.yx)
        let peak = 1e5 / (2 * .pi * field.sigma * field.sigma)
        var worst = 0.0
        for index in truth.pixels.indices where made.frame.mask.bits[index] == 0 {
            let difference = Double(made.frame.signal.pixels[index]) / area - Double(truth.pixels[index])
            worst = max(worst, abs(difference) / peak)
        }
        var fluxError = 0.0
        for star in field.stars {
            let place = map.inverse()!(x: star.x, y: star.y)
            let (left, bottom) = (Int(place.x) - 12, Int(place.y) - 12)
            guard left >= 6, bottom >= 6, left + 25 < 194, bottom + 25 < 194 else { continue }
            var sum = 0.0
            for y in bottom..<(bottom + 25) {
                for x in left..<(left + 25) { sum += Double(made.frame.signal[x, y]) - field.sky * area }
            }
            fluxError = max(fluxError, abs(sum / star.flux - 1))
        }
        return (worst, fluxError)
    }

    /// Lanczos-3 passes 0.993 to 1.008 of what a well-sampled star holds; a bilinear kernel smooths. Sums over a star
    /// are exact for shifts. On a grid of another scale or direction what the kernel leaves of the sampling's images
    /// beats with the new pixels.
    @Test("a moved, turned or scaled star field is the one rendered there")
    func stars() {
        let maps = [
            (rotation(0, shift: (0.3, -0.45)), 1e-6, 1e-6), (rotation(0, shift: (0.5, 0.5)), 1e-6, 1e-6),
            (rotation(180, shift: (0.2, 0.6)), 1e-6, 1e-6), (rotation(17, shift: (3.3, 1.7)), 6e-4, 5e-3),
            (rotation(4, scale: 0.9), 1e-2, 3e-2),
        ]
        for (map, fluxLimit, linearFluxLimit) in maps {
            let (peak, flux) = Self.errors(map, .lanczos3)
            #expect(peak < 0.009 && flux < fluxLimit, "peak \(peak), flux \(flux)")
            let (linearPeak, linearFlux) = Self.errors(map, .bilinear)
            #expect(linearPeak > 0.05 && linearPeak < 0.15 && linearFlux < linearFluxLimit)
        }
    }

    @Test("better sampled stars come out better", arguments: [(2.5, 0.014), (4.0, 0.0075), (6.0, 0.003)])
    func sampling(fwhm: Double, limit: Double) {
        let (peak, flux) = Self.errors(rotation(0, shift: (0.5, 0.5)), .lanczos3, fwhm: fwhm)
        #expect(peak < limit && flux < 1e-5, "peak \(peak), flux \(flux)")
    }

    @Test("the identity, and any whole shift, gives the input bit for bit")
    func identity() {
        var frame = StarField(count: 4).frame(width: 90, height: 80)
        frame.mask[40, 40] = .bad
        frame.mask[10, 70] = .saturated
        frame.variance[3, 3] = .infinity
        let same = resample(frame, width: 90, height: 80, by: .identity)
        #expect(same.frame == frame)
        #expect(same.coverage == 1 && same.noise.correlationFactor == 1)
        let moved = resample(frame, width: 60, height: 100, by: .affine(rotation(0, shift: (20, -15))))
        #expect(moved.frame.signal[0, 15] == frame.signal[20, 0])
        #expect(moved.frame.mask[20, 55] == .bad)
        #expect(moved.frame.signal[0, 14].isNaN && moved.frame.mask[0, 14] == .noData)
        #expect(moved.coverage == 0.8)
        let away = resample(frame, width: 5, height: 5, by: .affine(rotation(0, shift: (500, 0))))
        #expect(away.coverage == 0 && away.noise.varianceRatio.isNaN)
    }

    @Test("whole places under the kernel give the input too, edges and flags included")
    func wholePlaces() {
        var frame = StarField(count: 4).frame(width: 90, height: 80)
        frame.mask[40, 40] = .bad
        frame.mask[10, 70] = .saturated
        let map = SampledMap(width: 90, height: 80) { ($0, $1) }
        for kernel in ResamplingKernel.allCases {
            let made = resample(
                frame, width: 90, height: 80, by: .sampled(map), settings: ResamplingSettings(kernel: kernel))
            #expect(made.frame.mask[40, 40] == [.bad, .noData])
            #expect(made.frame.signal[40, 40].isNaN && made.frame.variance[40, 40] == .infinity)
            var mended = made.frame
            mended.mask[40, 40] = .bad
            mended.signal[40, 40] = frame.signal[40, 40]
            mended.variance[40, 40] = frame.variance[40, 40]
            #expect(mended == frame)
        }
    }

    @Test("a constant stays constant to 1e-6 wherever the kernel lies, beside edges and holes too")
    func constant() {
        var frame = CalibratedFrame(
            signal: Image(width: 120, height: 110, filledWith: 1234.5),
            variance: Image(width: 120, height: 110, filledWith: 4), mask: Mask(width: 120, height: 110))
        for place in [(30, 30), (31, 30), (60, 90), (0, 0)] { frame.mask[place.0, place.1] = .bad }
        for kernel in ResamplingKernel.allCases {
            for map in [rotation(31, shift: (0.1, 0.7)), rotation(0, shift: (0.37, 0.81)), rotation(90.01)] {
                let settings = ResamplingSettings(kernel: kernel, conservesFlux: false)
                let made = resample(frame, width: 120, height: 110, by: .affine(map), settings: settings)
                let values = made.frame.signal.pixels.filter { !$0.isNaN }
                #expect(values.count > 2500)
                #expect(values.allSatisfy { abs($0 / 1234.5 - 1) < 1e-6 })
            }
        }
    }

    @Test("the area of a pixel multiplies signal and its square variance, when flux is conserved")
    func area() {
        let frame = CalibratedFrame(
            signal: Image(width: 80, height: 80, filledWith: 10), variance: Image(width: 80, height: 80, filledWith: 4),
            mask: Mask(width: 80, height: 80))
        let map = PixelMap.affine(rotation(20, scale: 0.7, about: 40))
        let settings = ResamplingSettings(kernel: .nearest)
        let made = resample(frame, width: 80, height: 80, by: map, settings: settings)
        #expect(abs(made.frame.signal[40, 40] - 4.9) < 1e-5)
        #expect(abs(made.frame.variance[40, 40] - 4 * 0.49 * 0.49) < 1e-5)
    }
}
