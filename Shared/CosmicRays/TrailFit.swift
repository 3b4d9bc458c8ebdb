internal import Foundation
internal import Imaging
internal import Statistics

/// What a candidate line turns out to be: where it ends, how wide it is, and whether it is a trail.
///
/// A trail is as bright at its ends as in its middle and has a small width everywhere. What fades along the line is the
/// spike of a bright star or a galaxy; what is wide beside its length is a galaxy or a gradient; what follows a column
/// or row to within 1.5 px over its whole length belongs to the detector.
struct TrailFit {
    static let reach = 40
    /// Lines this short are not called trails, as a share of the frame's longer side.
    static let leastLength = 0.08
    private let profile: TrailProfile
    private let mask: Mask
    private let binSide: Int

    init(_ residual: PixelResidual, mask: Mask, binSide: Int) {
        profile = TrailProfile(residual: residual)
        self.mask = mask
        self.binSide = binSide
    }

    struct Width {
        let fwhm: Double
        let mask: Double
        let peak: Double
        let base: Double
    }

    /// - Returns: nil for what is no trail.
    func trail(_ candidate: LineCandidate) -> Trail? {
        let line = profile.straightened(candidate.line, reach: 3 * binSide + 6)
        guard let first = width(line), let whole = line.extended(width: mask.width, height: mask.height),
            let found = ends(whole, through: line, first)
        else { return nil }
        let straight = profile.straightened(found, reach: max(4, Int(first.fwhm.rounded(.up)) + 2))
        guard let width = width(straight), isTrail(straight, width) else { return nil }
        return Trail(
            startX: straight.startX, startY: straight.startY, endX: straight.endX, endY: straight.endY,
            fwhmPixels: width.fwhm, maskWidthPixels: width.mask, peakElectrons: width.peak,
            significance: candidate.significance)
    }

    /// Of the median profile across the line; nil where it has no peak that comes down on both sides.
    private func width(_ line: Line) -> Width? {
        let points = profile.across(line, from: 0, to: line.length, reach: Self.reach)
        let outer = points.indices.filter { abs($0 - Self.reach) * 10 >= Self.reach * 7 && points[$0].error.isFinite }
        guard outer.count >= 6, let base = RobustStatistics.upperMedian(outer.map { points[$0].median }) else {
            return nil
        }
        let light = points.map { $0.error.isFinite ? $0.median - base : 0 }
        guard let top = (Self.reach - 4...Self.reach + 4).max(by: { light[$0] < light[$1] }) else { return nil }
        let peak = light[top]
        guard points[top].error.isFinite, peak > 5 * points[top].error else { return nil }
        guard let left = Self.crossing(light, from: top, step: -1, level: peak / 2),
            let right = Self.crossing(light, from: top, step: 1, level: peak / 2)
        else { return nil }
        let faint = max(2 * points[top].error, 0.02 * peak)
        let far = [-1, 1].map { Self.crossing(light, from: top, step: $0, level: faint) ?? Double(Self.reach) }
        let fwhm = left + right
        return Width(fwhm: fwhm, mask: max(2 * max(far[0], far[1]) + 2, 2 * fwhm), peak: peak, base: base)
    }

    /// Whether along three quarters of the line the light falls below that of the outer pixels by nearly as much as a
    /// trail would rise above it: the sky about a step between amplifiers lies half a step too high on one side and too
    /// low on the other. Means of 5 px count, 4 of their errors down.
    private func isStep(_ line: Line, _ width: Width) -> Bool {
        (0..<4).count { quarter in
            let start = line.length * Double(quarter) / 4
            let points = profile.across(line, from: start, to: start + line.length / 4, reach: Self.reach)
            let outer = points.indices.filter {
                abs($0 - Self.reach) * 10 >= Self.reach * 7 && points[$0].error.isFinite
            }
            guard outer.count >= 6, let base = RobustStatistics.upperMedian(outer.map { points[$0].median }) else {
                return false
            }
            return (2..<points.count - 2).contains { middle in
                let near = points[(middle - 2)...(middle + 2)]
                guard near.allSatisfy(\.error.isFinite) else { return false }
                let light = near.reduce(0) { $0 + $1.median - base } / 5
                return light < min(-0.4 * width.peak, -2 * points[middle].error)
            }
        } >= 3
    }

    /// How far from a peak a profile comes down to a level [px]; nil where it does not.
    private static func crossing(_ light: [Double], from top: Int, step: Int, level: Double) -> Double? {
        var index = top
        while light.indices.contains(index + step) {
            let (here, there) = (light[index], light[index + step])
            if there < level { return Double(abs(index - top)) + (here - level) / max(here - there, 1e-12) }
            index += step
        }
        return nil
    }

    /// Brightness of pieces of the line above what lies on both sides of it, in order.
    private func pieces(_ line: Line, _ step: Double, _ width: Width) -> [(light: Double, error: Double)] {
        let half = max(0.5, width.fwhm / 3)
        let aside = width.mask / 2 + half + 3
        return (0..<max(1, Int((line.length / step).rounded()))).map { piece in
            let (start, end) = (Double(piece) * step, Double(piece + 1) * step)
            let middle = profile.middle(line, from: start, to: end, halfWidth: half)
            let left = profile.middle(line, from: start, to: end, halfWidth: half + 2, offset: aside)
            let right = profile.middle(line, from: start, to: end, halfWidth: half + 2, offset: -aside)
            return (middle.median - (Self.base(left, right) ?? width.base), middle.error)
        }
    }

    /// The level beside a piece: the mean of both sides; of sides that differ by more than 3 errors the brighter one,
    /// so that a step between amplifiers does not count as light.
    private static func base(
        _ left: (median: Double, error: Double), _ right: (median: Double, error: Double)
    ) -> Double? {
        guard left.error.isFinite, right.error.isFinite else {
            return left.error.isFinite ? left.median : right.error.isFinite ? right.median : nil
        }
        let isStep = abs(left.median - right.median) > 3 * hypot(left.error, right.error)
        return isStep ? max(left.median, right.median) : (left.median + right.median) / 2
    }

    /// The piece of the whole line around the candidate that is lit, over gaps of up to three pieces.
    private func ends(_ whole: Line, through line: Line, _ width: Width) -> Line? {
        let probe = profile.middle(line, from: 0, to: line.length, halfWidth: max(0.5, width.fwhm / 3))
        // So long that the trail stands 6 errors high in each piece.
        let perPixel = max(probe.median - width.base, 0.3 * width.peak) / (probe.error * line.length.squareRoot())
        let step = min(max(16, 36 / (perPixel * perPixel)), line.length / 4)
        let lit = pieces(whole, step, width).map { $0.error.isFinite ? $0.light > 3 * $0.error : nil }
        let centre = line.place(along: line.length / 2)
        var first = min(max(Int(whole.coordinates(centre.x, centre.y).along / step), 0), lit.count - 1)
        var last = first
        for (direction, stop) in [(-1, -1), (1, lit.count)] {
            var index = direction < 0 ? first : last
            var dark = 0
            while index != stop, dark <= 3 {
                if lit[index] == true {
                    (first, last, dark) = (min(first, index), max(last, index), 0)
                } else if lit[index] == false {
                    dark += 1
                }
                index += direction
            }
        }
        let start = first <= 1 ? 0 : Double(first) * step
        let end = last >= lit.count - 2 ? whole.length : Double(last + 1) * step
        let least = Self.leastLength * Double(max(mask.width, mask.height))
        guard end - start >= least else { return nil }
        let (a, b) = (whole.place(along: start), whole.place(along: end))
        return Line(a.x, a.y, b.x, b.y)
    }

    private func isTrail(_ line: Line, _ width: Width) -> Bool {
        guard min(abs(line.endX - line.startX), abs(line.endY - line.startY)) > 1.5 else { return false }
        guard width.fwhm <= min(line.length / 10, Double(Self.reach)) else { return false }
        let step = line.length / 16
        let light = pieces(line, step, width)
        let known = light.filter { $0.error.isFinite }
        guard known.count >= 8 else { return false }
        let sorted = known.map(\.light).sorted()
        let (faint, bright) = (sorted[sorted.count / 5], sorted[sorted.count * 4 / 5])
        guard faint > 0, bright < 4 * faint || bright - faint < 6 * known[known.count / 2].error else { return false }
        return !isStep(line, width) && !fadesFromStar(line, light)
    }

    /// Whether the half of the pieces that is near to a saturated star on the line is much brighter than the other.
    private func fadesFromStar(_ line: Line, _ light: [(light: Double, error: Double)]) -> Bool {
        var stars: [Double] = []
        for along in stride(from: 0, through: line.length, by: 1) {
            let isSaturated = stride(from: -3.0, through: 3, by: 1).contains { across in
                let place = line.place(along: along, across: across)
                let (x, y) = (Int(place.x.rounded()), Int(place.y.rounded()))
                guard x >= 0, y >= 0, x < mask.width, y < mask.height else { return false }
                return mask[x, y].contains(.saturated)
            }
            if isSaturated, along - (stars.last ?? -100) > 20 { stars.append(along) }
        }
        let step = line.length / Double(light.count)
        return stars.contains { star in
            let byDistance = light.enumerated().filter { $0.element.error.isFinite }
                .sorted { abs((Double($0.offset) + 0.5) * step - star) < abs((Double($1.offset) + 0.5) * step - star) }
                .map(\.element.light)
            let half = byDistance.count / 2
            let near = byDistance[..<half].sorted()[half / 2]
            let far = byDistance[half...].sorted()[(byDistance.count - half) / 2]
            return near > 1.7 * far
        }
    }
}
