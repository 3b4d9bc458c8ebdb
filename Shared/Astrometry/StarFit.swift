internal import Glibc

/// The map between two frames by all stars they share, no freer than the stars support.
///
/// From a registration on, all stars are matched, a map is fitted, and stars farther than 3.5 times the scatter of the
/// nearer half of them are left out, until the matches stay the same. Of the models
///
///     shift (2 numbers), rigid (3: shift and turn), similarity (4), affine (6), quadratic (12)
///
/// the one with the least BIC = 2 n ln(S / 2 n) + p ln(2 n) is taken (S the sum of squares over both axes of n stars):
/// each further number must earn its keep. A map that is free to bend where there are no stars does so.
/// - Source: Schwarz 1978, Ann. Stat. 6, 461 (BIC).
public struct StarFit: Sendable {
    public enum Model: String, Sendable, CaseIterable {
        case shift, rigid, similarity, affine, quadratic

        var numbers: Int {
            switch self {
            case .shift: 2
            case .rigid: 3
            case .similarity: 4
            case .affine: 6
            case .quadratic: 12
            }
        }
    }

    public let model: Model
    /// From pixels of the frame to pixels of the reference, and back.
    public let toReference: PolynomialTransform
    public let toFrame: PolynomialTransform
    /// Root mean square distance of the matched stars [px of the reference].
    public let rmsPixels: Double
    /// Largest standard error of a place among the corners of the reference [px].
    public let cornerErrorPixels: Double
    /// Indices into the lists that were given.
    public let pairs: [Registration.Pair]

    /// - Parameters:
    ///   - registration: of the same two lists.
    ///   - width, height: of the reference [px].
    /// - Returns: nil when fewer than four stars can be matched, or they lie in one place.
    public init?(
        _ registration: Registration, detections: [StarPosition], reference: [StarPosition], width: Int, height: Int
    ) {
        var map = PolynomialTransform(registration.transform)
        var tolerance = max(1, 3 * registration.rmsPixels)
        var best: Candidate?
        var matched: [Registration.Pair] = []
        for _ in 0..<12 {
            let found = Self.pairs(detections, reference, map, within: tolerance)
            let points = found.map { Self.point($0, detections, reference) }
            let candidates = Model.allCases.compactMap {
                Candidate($0, points, isMirrored: registration.transform.isMirrored)
            }
            guard let chosen = candidates.min(by: { $0.criterion < $1.criterion }) else { return nil }
            (map, best) = (chosen.map, chosen)
            if found == matched { break }
            matched = found
            let distances = points.map { chosen.distance($0) }.sorted()
            // A quarter of Rayleigh's distribution is below 0.7585 sigma; more may be wrong pairs in a crowd. Not below
            // a few tenths: faint stars scatter more.
            tolerance = max(0.3, min(tolerance, 3.5 * distances[distances.count / 4] / 0.7585))
        }
        guard let best, let inverse = best.inverse() else { return nil }
        (model, toReference, toFrame, pairs) = (best.model, best.map, inverse, matched)
        rmsPixels = (best.sumOfSquares / Double(max(matched.count, 1))).squareRoot()
        let corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
        cornerErrorPixels = corners.map { best.error(atReference: Double($0.0), Double($0.1), inverse) }.max() ?? 0
    }

    private static func pairs(
        _ detections: [StarPosition], _ reference: [StarPosition], _ map: PolynomialTransform, within radius: Double
    ) -> [Registration.Pair] {
        let places = detections.map { map(x: $0.x, y: $0.y) }
        return match(places, to: reference.map { ($0.x, $0.y) }, radius: radius).enumerated().compactMap {
            index, entry in entry.map { Registration.Pair(detection: index, reference: $0) }
        }
    }

    private static func point(
        _ pair: Registration.Pair, _ detections: [StarPosition], _ reference: [StarPosition]
    ) -> PointPair {
        let (a, b) = (detections[pair.detection], reference[pair.reference])
        return PointPair(from: (a.x, a.y), to: (b.x, b.y))
    }
}

/// One model fitted to pairs.
private struct Candidate {
    let model: StarFit.Model
    let map: PolynomialTransform
    /// Over both axes [px^2].
    let sumOfSquares: Double
    private let pairs: [PointPair]
    private let fit: PolynomialFit?

    init?(_ model: StarFit.Model, _ pairs: [PointPair], isMirrored: Bool) {
        // Half as many numbers again as the model has, at least; a quadratic one needs a filled frame.
        guard pairs.count >= max(4, model == .quadratic ? 24 : 3 * model.numbers / 4 + 2) else { return nil }
        (self.model, self.pairs) = (model, pairs)
        switch model {
        case .shift, .rigid, .similarity:
            guard let linear = PixelTransform.similar(pairs, mirrored: isMirrored, model) else { return nil }
            (map, fit) = (PolynomialTransform(linear), nil)
        case .affine, .quadratic:
            guard let fit = PolynomialFit(pairs, degree: model == .affine ? 1 : 2) else { return nil }
            (map, self.fit) = (fit.transform, fit)
        }
        let map = map
        sumOfSquares = pairs.reduce(0) { sum, pair in
            let distance = Self.distance(pair, map)
            return sum + distance * distance
        }
    }

    func distance(_ pair: PointPair) -> Double { Self.distance(pair, map) }

    private static func distance(_ pair: PointPair, _ map: PolynomialTransform) -> Double {
        let place = map(x: pair.from.x, y: pair.from.y)
        return hypot(place.x - pair.to.x, place.y - pair.to.y)
    }

    /// Schwarz's; differences below a thousandth of a pixel mean nothing.
    var criterion: Double {
        let values = Double(2 * pairs.count)
        return values * log(sumOfSquares / values + 1e-6) + Double(model.numbers) * log(values)
    }

    func inverse() -> PolynomialTransform? {
        if map.isLinear { return map.linear.inverse().map { PolynomialTransform($0) } }
        return PolynomialFit(pairs.map { PointPair(from: $0.to, to: $0.from) }, degree: 2)?.transform
    }

    /// Standard error of a place, over both axes [px of the reference].
    func error(atReference x: Double, _ y: Double, _ inverse: PolynomialTransform) -> Double {
        let place = inverse(x: x, y: y)
        let freedom = Double(max(1, 2 * pairs.count - model.numbers))
        let variance = sumOfSquares / freedom
        let count = Double(pairs.count)
        var leverage = 1 / count
        if let fit {
            leverage = fit.leverage(x: place.x, y: place.y)
        } else if model != .shift {
            let middle = pairs.reduce(SIMD2<Double>.zero) { $0 + SIMD2($1.from.x, $1.from.y) } / count
            let norm = pairs.reduce(0) { sum, pair in
                let arm = SIMD2(pair.from.x, pair.from.y) - middle
                return sum + (arm * arm).sum()
            }
            let arm = SIMD2(place.x, place.y) - middle
            // A turn moves a place across its arm only, a scale along it as well.
            leverage += (model == .rigid ? 0.5 : 1) * (arm * arm).sum() / max(norm, 1e-12)
        }
        return (2 * variance * leverage).squareRoot()
    }
}

extension PixelTransform {
    /// The similarity, or with its scale left at 1, or with its turn left at 0 as well.
    fileprivate static func similar(_ pairs: [PointPair], mirrored: Bool, _ model: StarFit.Model) -> PixelTransform? {
        guard let free = similarity(pairs, mirrored: mirrored), free.scale > 0 else { return nil }
        if model == .similarity { return free }
        var map = PixelTransform(xx: 1, xy: 0, x0: 0, yx: 0, yy: mirrored ? -1 : 1, y0: 0)
        if model == .rigid {
            let scale = free.scale
            map = PixelTransform(
                xx: free.xx / scale, xy: free.xy / scale, x0: 0, yx: free.yx / scale, yy: free.yy / scale, y0: 0)
        }
        let offset = pairs.reduce(SIMD2<Double>.zero) { sum, pair in
            let place = map(x: pair.from.x, y: pair.from.y)
            return sum + SIMD2(pair.to.x - place.x, pair.to.y - place.y)
        }
        (map.x0, map.y0) = (offset.x / Double(pairs.count), offset.y / Double(pairs.count))
        return map
    }
}
