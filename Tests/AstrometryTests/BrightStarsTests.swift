internal import Astrometry
internal import Foundation
internal import Imaging
internal import PortableNumbers
internal import Testing

/// Gaussian stars of FWHM 3.2 px on a noisy sky of 200 +- 15 e-.
private struct Field {
    var stars: [StarPosition] = []
    var frame: CalibratedFrame

    init(_ stars: [StarPosition], seed: UInt64, width: Int = 400, height: Int = 380) {
        self.stars = stars
        var random = SplitMix64(seed: seed)
        var pixels = (0..<(width * height)).map { _ in Float(200 + 15 * random.gaussian()) }
        let sigma = 3.2 / 2.3548
        for star in stars {
            let (left, bottom) = (Int(star.x) - 9, Int(star.y) - 9)
            for y in bottom..<(bottom + 19) where (0..<height).contains(y) {
                for x in left..<(left + 19) where (0..<width).contains(x) {
                    let square = pow(Double(x) - star.x, 2) + pow(Double(y) - star.y, 2)
                    let light = star.flux / (2 * .pi * sigma * sigma) * exp(-square / (2 * sigma * sigma))
                    pixels[y * width + x] += Float(light)
                }
            }
        }
        frame = CalibratedFrame(
            signal: Image(width: width, height: height, pixels: pixels),
            variance: Image(width: width, height: height, filledWith: 225), mask: Mask(width: width, height: height))
    }

    static func lattice() -> [StarPosition] {
        (0..<36).map { index in
            StarPosition(
                x: 35.2 + Double(index % 6) * 60.37, y: 30.6 + Double(index / 6) * 60.81,
                flux: 30000 - 500 * Double(index))
        }
    }
}

@Suite struct BrightStarsTests {
    @Test("isolated stars are found where they are, brightest first")
    func places() throws {
        let field = Field(Field.lattice(), seed: 1)
        let found = brightStars(of: field.frame)
        #expect(found.count == 36)
        for star in field.stars {
            let error = try #require(found.map { hypot($0.x - star.x, $0.y - star.y) }.min())
            #expect(error < 0.06)
        }
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.flux >= $1.flux })
        #expect(brightStars(of: field.frame, count: 10) == Array(found.prefix(10)))
    }

    @Test("hot pixels, masked and saturated stars, stars at the edge and doubles are left out")
    func leftOut() {
        var stars = Field.lattice()
        stars.append(StarPosition(x: 2, y: 200, flux: 1e5))
        stars.append(StarPosition(x: 38.5, y: 30.6, flux: 29000))
        var field = Field(stars, seed: 2)
        field.frame.signal[200, 63] = 9000
        field.frame.mask[156, 31] = .saturated
        let found = brightStars(of: field.frame)
        #expect(!found.contains { hypot($0.x - 200, $0.y - 63) < 3 })
        #expect(!found.contains { hypot($0.x - 155.9, $0.y - 30.6) < 3 })
        #expect(!found.contains { $0.x < 6 })
        #expect(found.count { hypot($0.x - 36.8, $0.y - 30.6) < 6 } <= 1)
    }

    @Test("two frames of one sky register by their pixels")
    func registers() throws {
        var random = SplitMix64(seed: 9)
        let map = TwoFrames.map(rotation: 184, shift: (6.3, -4.8), size: 390)
        let sky = (0..<400).map { _ in
            StarPosition(
                x: .random(in: -100..<500, using: &random), y: .random(in: -100..<500, using: &random),
                flux: 2000 * pow(.random(in: 0.003..<1, using: &random), -1))
        }
        let first = Field(sky, seed: 10)
        let second = Field(
            sky.map {
                let place = map(x: $0.x, y: $0.y)
                return StarPosition(x: place.x, y: place.y, flux: $0.flux)
            }, seed: 11)
        let registration = try #require(register(brightStars(of: first.frame), to: brightStars(of: second.frame)))
        let (a, b) = (registration.transform(x: 200, y: 190), map(x: 200, y: 190))
        #expect(hypot(a.x - b.x, a.y - b.y) < 0.05)
        #expect(registration.rmsPixels < 0.25 && registration.matched >= 30)
    }

    @Test("frames of noise, of nothing, of NaN, of infinities and of few pixels give few stars and no crash")
    func hostile() {
        #expect(brightStars(of: Field([], seed: 3).frame).isEmpty)
        for value in [Float(0), 7, .nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            for side in [1, 8, 9, 20, 129] {
                let frame = CalibratedFrame(
                    signal: Image(width: side, height: side, filledWith: value),
                    variance: Image(width: side, height: side, filledWith: 1), mask: Mask(width: side, height: side))
                #expect(brightStars(of: frame).isEmpty)
            }
        }
        var masked = Field(Field.lattice(), seed: 4).frame
        masked.mask = Mask(width: 400, height: 380, bits: [UInt16](repeating: 4, count: 400 * 380))
        #expect(brightStars(of: masked).isEmpty)
    }
}
