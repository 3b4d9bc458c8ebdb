internal import Foundation

/// The image of a star, summed over pixels, and how sharp it can look beside itself convolved.
public struct SampledPointSpread: Sendable, Equatable {
    /// Pixels from the centre to the kernel's edge.
    public let reach: Int
    /// Light in each pixel of a star at the centre of the middle one: (2 reach + 1)^2 of them, row by row, sum 1.
    public let taps: [Float]
    /// Of a star beside its fine structure of 3 x 3 medians, and beside that of its convolved image.
    let besideMedians: StarContrast
    let besideConvolved: StarContrast
    /// Below about 1.7 px of FWHM stars themselves have no fine structure of medians.
    let isWellSampled: Bool

    /// The greatest ratios, over all places of a star within its pixel, to its fine structure at the same pixel.
    struct StarContrast: Sendable, Equatable {
        /// Of its sharpness: no star is sharper.
        var sharpness: Float = 0
        /// Of its light: no star has more.
        var light: Float = 0

        fileprivate mutating func take(sharpness: Double, light: Double, fineStructure: Double) {
            let fineStructure = max(fineStructure, 1e-9)
            self.sharpness = max(self.sharpness, Float(sharpness / fineStructure))
            self.light = max(self.light, Float(light / fineStructure))
        }
    }

    /// A round star image with the profile of a Moffat function, (1 + r^2 / alpha^2)^-beta.
    ///
    /// - Parameters:
    ///   - fwhmPixels: of the frame's stars [px]; taken as 1 to 12.
    ///   - beta: 2.5 to 4.5 for seeing; a large one is a Gaussian.
    public init(fwhmPixels: Double, beta: Double = 3.5) {
        let fwhm = fwhmPixels.isFinite ? min(max(fwhmPixels, 1), 12) : 3
        let beta = beta.isFinite ? min(max(beta, 1.5), 100) : 3.5
        isWellSampled = fwhm >= 1.7
        let alpha = fwhm / (2 * (pow(2, 1 / beta) - 1).squareRoot())
        let profile = { (square: Double) in pow(1 + square / (alpha * alpha), -beta) }
        reach = min(max(Int((0.9 * fwhm).rounded(.up)), 2), 8)
        let light = Self.image(side: 2 * reach + 1, shiftX: 0, shiftY: 0, profile)
        let sum = light.reduce(0, +)
        taps = light.map { Float($0 / sum) }
        (besideMedians, besideConvolved) = Self.contrasts(taps, reach, profile)
    }

    /// A star shifted from the centre of a square of pixels, by 5 x 5 points in each pixel.
    private static func image(
        side: Int, shiftX: Double, shiftY: Double, _ profile: (Double) -> Double
    ) -> [Double] {
        let points = [-0.4, -0.2, 0, 0.2, 0.4]
        let middle = Double(side / 2)
        return (0..<side * side).map { index in
            let x = Double(index % side) - middle - shiftX
            let y = Double(index / side) - middle - shiftY
            var sum = 0.0
            for v in points {
                for u in points { sum += profile((x + u) * (x + u) + (y + v) * (y + v)) }
            }
            return sum / 25
        }
    }

    /// Over a sixteenth of the places within a pixel, which stand for all by symmetry, and the pixels that have at
    /// least a quarter of the greatest sharpness.
    private static func contrasts(
        _ taps: [Float], _ reach: Int, _ profile: (Double) -> Double
    ) -> (medians: StarContrast, convolved: StarContrast) {
        let side = 2 * (reach + 6) + 1
        var greatest = (medians: StarContrast(), convolved: StarContrast())
        let core = (side / 2 - 2)...(side / 2 + 3)
        let pixels = core.flatMap { y in core.map { x in (x, y) } }
        for shiftY in [0.0, 0.125, 0.25, 0.375, 0.5] {
            for shiftX in [0.0, 0.125, 0.25, 0.375, 0.5] where shiftX >= shiftY {
                let star = image(side: side, shiftX: shiftX, shiftY: shiftY, profile)
                let sharpness = pixels.map { Self.sharpness(star, side, $0.0, $0.1) }
                let limit = 0.25 * (sharpness.max() ?? 0)
                let convolved = convolution(star, side, core.lowerBound - 3, taps, reach)
                let medians = medians(star, side, core.lowerBound - 3)
                for (pixel, sharp) in zip(pixels, sharpness) where sharp >= limit {
                    let place = (pixel.0 - core.lowerBound + 3, pixel.1 - core.lowerBound + 3)
                    let light = star[pixel.1 * side + pixel.0]
                    greatest.medians.take(
                        sharpness: sharp, light: light, fineStructure: fineStructure(medians, place))
                    greatest.convolved.take(
                        sharpness: sharp, light: light, fineStructure: fineStructure(convolved, place))
                }
            }
        }
        return greatest
    }

    /// What a pixel has above the median of 7 x 7 around it, in 12 x 12 pixels.
    private static func fineStructure(_ plane: [Double], _ place: (x: Int, y: Int)) -> Double {
        let around = (-3...3).flatMap { row in (-3...3).map { plane[(place.y + row) * 12 + place.x + $0] } }
        return plane[place.y * 12 + place.x] - around.sorted()[24]
    }

    /// Medians of 3 x 3 px, in 12 x 12 pixels from (first, first) on.
    private static func medians(_ star: [Double], _ side: Int, _ first: Int) -> [Double] {
        (0..<144).map { index in
            let (x, y) = (first + index % 12, first + index / 12)
            return (-1...1).flatMap { row in (-1...1).map { star[(y + row) * side + x + $0] } }.sorted()[4]
        }
    }

    private static func sharpness(_ star: [Double], _ side: Int, _ x: Int, _ y: Int) -> Double {
        let place = y * side + x
        var sum = 0.0
        for row in [place - side, place + side] {
            for column in [place - 1, place + 1] { sum += max(0, 2 * star[place] - star[row] - star[column]) }
        }
        return sum / 8
    }

    /// The star convolved with the taps, in 12 x 12 pixels from (first, first) on.
    private static func convolution(
        _ star: [Double], _ side: Int, _ first: Int, _ taps: [Float], _ reach: Int
    ) -> [Double] {
        (0..<144).map { index in
            let (x, y) = (first + index % 12, first + index / 12)
            var sum = 0.0
            for row in -reach...reach {
                for column in -reach...reach {
                    let (i, j) = (x + column, y + row)
                    guard i >= 0, j >= 0, i < side, j < side else { continue }
                    sum += star[j * side + i] * Double(taps[(row + reach) * (2 * reach + 1) + column + reach])
                }
            }
            return sum
        }
    }
}
