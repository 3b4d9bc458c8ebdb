import CKernels
import Foundation
import Imaging
import PortableNumbers
import TestKit
import Testing

@testable import Detection
@testable import Photometry

/// Sums within ellipses agree bit for bit with a walk along rows and rims, pixel by pixel.
@Suite("Kernels of ellipses")
struct EllipseKernelTests {
    /// A crowded field with blends, bad columns and cosmic rays, whose last row ends within eight pixels.
    static let found: Detections = {
        let field = GaussianStars.random(
            count: 220, width: 203, height: 161, fluxes: 2000...900_000, fwhm: 3.1, sky: 150, readNoise: 7, seed: 31)
        var frame = field.frame(seed: 32)
        for y in 0..<160 { frame.mask[77, y] = .bad }
        for x in 30..<50 { frame.mask[x, x] = .cosmicRay }
        for x in 120..<150 { frame.mask[x, 60] = .saturated }
        return detect(frame)
    }()

    static let shapes: [EllipseOverlap] = {
        var random = SplitMix64(seed: 33)
        let ellipses = (0..<600).map { index -> EllipseOverlap in
            let largest = index % 20 == 0 ? 120.0 : 14
            let a = 0.1 + largest * random.uniform()
            let angle = 2 * Double.pi * random.uniform()
            return EllipseOverlap(
                x: -8 + 220 * random.uniform(), y: -8 + 180 * random.uniform(), a: a,
                b: a * max(0.02, random.uniform()), cosine: cos(angle), sine: sin(angle))
        }
        let (x, y) = ([100, 101.5, 202, 0, 60.25, -9], [80, 80.5, 160, 0, 70.75, 5])
        let circles = zip(zip(x, y), [5.0, 8, 6, 3.5, 95, 3])
        return ellipses + circles.map { EllipseOverlap(x: $0.0, y: $0.1, radius: $1) }
    }()

    @Test("whole apertures, over edges and beyond them")
    func apertures() {
        FramePlanes.open(Self.found) { planes in
            for shape in Self.shapes {
                var sums = PixelSums()
                shape.forEachPart(
                    width: planes.width, height: planes.height,
                    rim: { column, row, weight in
                        let pixel = row * planes.width + column
                        let (square, missing) = (weight * weight, planes.isExcluded(pixel) ? 1.0 : 0)
                        sums.light += weight * Double(planes.residual[pixel])
                        sums.ownVariance += square * Double(planes.residual[pixel])
                        sums.variance += square * Double(planes.variance[pixel])
                        sums.area += weight * (1 - missing)
                        sums.squaredArea += square * (1 - missing)
                        sums.missingArea += weight * missing
                    }, span: { columns, row in sums.addSpan(planes, columns, row: row) })
                #expect(planes.sum(shape) == sums)
            }
        }
    }

    @Test("apertures of one source among others, whose pixels are replaced by those opposite")
    func own() {
        #expect(Self.found.sources.count > 60)
        var random = SplitMix64(seed: 34)
        FramePlanes.open(Self.found) { planes in
            for (index, shape) in Self.shapes.enumerated() {
                let isOwn = index % 2 == 0
                let owner = isOwn ? Int32(Double(Self.found.sources.count) * random.uniform()) : planes.owner(at: shape)
                var (sums, frame) = (kernel_pixel_sums(), planes.apertureFrame)
                shape.withKernelAperture(height: planes.height) { kernel_ellipse_sum_own(&sums, $0, &frame, owner) }
                #expect(PixelSums(sums) == Self.walked(shape, planes, owner: owner))
            }
        }
    }

    private static func walked(_ shape: EllipseOverlap, _ planes: FramePlanes, owner: Int32) -> PixelSums {
        var sums = PixelSums()
        func take(_ column: Int, _ row: Int, _ weight: Double) {
            guard let (pixel, count) = planes.standIn(column, row, shape, owner: owner) else {
                sums.missingArea += weight
                return
            }
            let square = weight * weight * count
            sums.light += weight * Double(planes.residual[pixel])
            sums.ownVariance += square * Double(planes.residual[pixel])
            sums.variance += square * Double(planes.variance[pixel])
            sums.area += weight
            sums.squaredArea += square
        }
        var (light, noise) = ([Double](repeating: 0, count: 8), [Double](repeating: 0, count: 8))
        var whole = 0
        shape.forEachPart(width: planes.width, height: planes.height, rim: take) { columns, row in
            guard columns.allSatisfy({ planes.isClean($0, row, owner: owner) }) else {
                for column in columns { take(column, row, 1) }
                return
            }
            whole += columns.count
            // Eight sums side by side, in a row's own order before they go to those of all rows.
            var (part, partNoise) = ([Double](repeating: 0, count: 8), [Double](repeating: 0, count: 8))
            for (index, column) in columns.enumerated() {
                part[index % 8] += Double(planes.residual[row * planes.width + column])
                partNoise[index % 8] += Double(planes.variance[row * planes.width + column])
            }
            for lane in 0..<8 { (light[lane], noise[lane]) = (light[lane] + part[lane], noise[lane] + partNoise[lane]) }
        }
        func total(_ p: [Double]) -> Double { ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7])) }
        sums.light += total(light)
        sums.ownVariance += total(light)
        sums.variance += total(noise)
        sums.area += Double(whole)
        sums.squaredArea += Double(whole)
        return sums
    }
}

extension FramePlanes {
    /// The pixel that counts for another, and how often its variance does.
    fileprivate func standIn(
        _ column: Int, _ row: Int, _ shape: EllipseOverlap, owner: Int32
    ) -> (pixel: Int, count: Double)? {
        if isClean(column, row, owner: owner) { return (row * width + column, 1) }
        guard let other = opposite(column: column, row: row, x: shape.x, y: shape.y),
            isClean(other.column, other.row, owner: owner)
        else { return nil }
        return (other.row * width + other.column, 3)
    }

    /// The source that owns the pixel in an ellipse's middle; 0 for none.
    fileprivate func owner(at shape: EllipseOverlap) -> Int32 {
        let (column, row) = (Int(shape.x.rounded()), Int(shape.y.rounded()))
        guard contains(column: column, row: row), marks[row * width + column] & PixelMarks.owned != 0 else { return 0 }
        return owner(column, row)
    }
}
