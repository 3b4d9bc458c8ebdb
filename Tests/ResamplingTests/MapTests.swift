internal import Astrometry
internal import Glibc
internal import Imaging
internal import Resampling
internal import Testing

@Suite struct MapTests {
    @Test("a map of planes sampled on a coarse grid gives what the map itself gives")
    func sampled() {
        let field = StarField(count: 16).frame(width: 200, height: 200)
        let plane = ProjectiveTransform(rotation(8, scale: 1.05, shift: (2.2, 1.1)), wx: 3e-5, wy: -2e-5)
        let exact = resample(field, width: 210, height: 190, by: .projective(plane))
        let map = SampledMap(width: 210, height: 190) { plane(x: $0, y: $1) }
        let coarse = resample(field, width: 210, height: 190, by: .sampled(map))
        #expect(abs(exact.coverage - coarse.coverage) < 1e-3)
        var worst = 0.0 as Float
        for index in exact.frame.signal.pixels.indices where exact.frame.mask.bits[index] == 0 {
            let (a, b) = (exact.frame.signal.pixels[index], coarse.frame.signal.pixels[index])
            if b.isFinite { worst = max(worst, abs(a - b)) }
        }
        // Of peaks of 8600 e-.
        #expect(worst < 0.1, "\(worst)")
    }

    @Test("a distorted field keeps the flux of its stars")
    func distortion() {
        let field = StarField(count: 16)
        // Barrel distortion of 4 px at the corner.
        let place = { (x: Double, y: Double) -> (x: Double, y: Double) in
            let (u, v) = (x - 100, y - 100)
            let stretch = 1 + 2e-6 * (u * u + v * v)
            return (100 + u * stretch, 100 + v * stretch)
        }
        let map = SampledMap(width: 200, height: 200) { place($0, $1) }
        let made = resample(field.frame(width: 200, height: 200), width: 200, height: 200, by: .sampled(map))
        let sky = resample(
            StarField(count: 0).frame(width: 200, height: 200), width: 200, height: 200, by: .sampled(map))
        let sum = (40..<130).reduce(0.0) { sum, y in
            sum + (40..<130).reduce(0.0) { $0 + Double(made.frame.signal[$1, y] - sky.frame.signal[$1, y]) }
        }
        let inside = field.stars.filter { star in
            let middle = 45.0...120.0
            return middle.contains(star.x) && middle.contains(star.y)
        }
        #expect(abs(sum / (Double(inside.count) * 1e5) - 1) < 0.002, "\(sum) \(inside.count)")
    }

    @Test("places that a map does not know have no data")
    func unknown() {
        let field = StarField(count: 4).frame(width: 100, height: 100)
        let map = SampledMap(width: 100, height: 100, spacing: 8) { x, y in x > 60 ? nil : (x + 0.5, y) }
        let made = resample(field, width: 120, height: 110, by: .sampled(map))
        #expect(made.frame.mask[40, 50] == [])
        #expect(made.frame.mask[70, 50] == .noData && made.frame.mask[110, 50] == .noData)
        #expect(made.frame.mask[20, 105] == .noData)
        let nowhere = SampledMap(width: 30, height: 30) { _, _ in nil }
        #expect(resample(field, width: 30, height: 30, by: .sampled(nowhere)).coverage == 0)
    }

    @Test("frames of NaN, infinities, negative variances and masks everywhere give no value and no crash")
    func hostile() {
        let hostile: [(Float, Float, PixelFlags)] = [
            (.nan, 1, []), (.infinity, 1, []), (1, -1, []), (1, .nan, []), (1, .infinity, []), (1, 1, .bad),
        ]
        let maps = [
            rotation(10, about: 4), rotation(0, scale: 1e-9), rotation(0, scale: 1e9), rotation(0, shift: (.nan, 0)),
            rotation(0, shift: (1e300, -1e300)), rotation(0, shift: (0.5, 0)),
        ]
        for (value, variance, flags) in hostile {
            let frame = CalibratedFrame(
                signal: Image(width: 9, height: 7, filledWith: value),
                variance: Image(width: 9, height: 7, filledWith: variance),
                mask: Mask(width: 9, height: 7, bits: [UInt16](repeating: flags.rawValue, count: 63)))
            for map in maps {
                let made = resample(frame, width: 8, height: 8, by: .affine(map))
                #expect(made.coverage == 0)
                #expect(made.frame.mask.bits.allSatisfy { $0 & PixelFlags.noData.rawValue != 0 })
            }
        }
        let one = StarField(count: 0).frame(width: 1, height: 1)
        #expect(resample(one, width: 1, height: 1, by: .affine(rotation(45, about: 0))).frame.signal[0, 0] > 99.99)
        #expect(PixelMap(inverseOf: PixelTransform(xx: 1, xy: 1, x0: 0, yx: 1, yy: 1, y0: 0)) == nil)
    }

    @Test("one bad pixel leaves its place flagged and its neighbours whole")
    func onePixel() {
        var field = StarField(count: 4).frame(width: 100, height: 100)
        let map = PixelMap.affine(rotation(0, shift: (0.4, 0.3)))
        let clean = resample(field, width: 100, height: 100, by: map)
        field.signal[60, 61] = 1e6
        field.mask[60, 61] = .bad
        field.mask[20, 80] = .saturated
        let made = resample(field, width: 100, height: 100, by: map)
        for y in 55..<67 {
            for x in 54..<66 {
                let isCore = (59...60).contains(x) && (60...61).contains(y)
                #expect(made.frame.mask[x, y].contains(.bad) == isCore)
                guard !made.frame.mask[x, y].contains(.noData) else { continue }
                #expect(abs(made.frame.signal[x, y] - clean.frame.signal[x, y]) < 0.01)
            }
        }
        #expect(made.frame.mask[20, 80] == .saturated && made.frame.mask[19, 79] == .saturated)
        #expect(made.frame.signal[20, 80] == clean.frame.signal[20, 80])
    }
}
