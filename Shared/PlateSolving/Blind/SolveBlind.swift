internal import Glibc
public import Sky

/// Finds where a frame lies on the sky, of which nothing is known but a range of scales.
///
/// Four stars of the frame that lie as four of the index do propose a place; further stars of the index must support
/// it; then the catalogue around that place decides by the same odds as in `PlateSolver`, with the whole sky, every
/// rotation and the range of scales as the volume that was searched.
/// - Parameters:
///   - image: the frame's detections.
///   - scaleRange: [arcsec/px]; scales at which half the frame's diagonal would be more than 30 degrees are left out.
///   - index: of a catalogue of the whole sky; frames of a degree and more have enough of its stars.
///   - catalogue: gives the stars within a radius [deg] of a position, at the frame's epoch, the brightest first.
/// - Returns: the solution, or why there is none; the steps are those of `BlindStep`.
/// - Throws: what `catalogue` throws.
public func solveBlind(
    image: [ImageStar], size: FrameSize, scaleRange: ClosedRange<Double>, parity: Parity = .unknown,
    index: BlindIndex, catalogue: (_ centre: SkyPosition, _ radiusDegrees: Double) throws -> [GuideStar]
) rethrows -> PlateSolvingResult {
    let field: BlindField
    do {
        field = try BlindField(image, size: size, scaleRange: scaleRange, parity: parity)
    } catch {
        return PlateSolvingResult(outcome: .failure(error), rungs: [])
    }
    return try index.withLayers { layers in
        var search = BlindSearch(field: field, layers: layers)
        return try search.solve { try catalogue($0, $1) }
    }
}

/// A frame as blind solving sees it.
struct BlindField {
    let image: [ImageStar]
    let size: FrameSize
    let geometry: FrameGeometry
    let stars: FrameStars
    let parity: Parity
    /// Asked for, cut where a frame would be wider than a tangent plane [arcsec/px].
    let scaleRange: ClosedRange<Double>
    let bands: [ScaleBand]
    /// Error of one star, as large as most [px].
    let starError: Double

    /// From the frame's centre to its corner [rad].
    static let greatestReach = 30 * Double.pi / 180

    init(
        _ image: [ImageStar], size: FrameSize, scaleRange: ClosedRange<Double>, parity: Parity
    ) throws(NotSolved) {
        guard size.width > 0, size.height > 0, size.width <= 1 << 24, size.height <= 1 << 24 else {
            throw .unusableHint("a frame of \(size.width) x \(size.height) pixels")
        }
        guard scaleRange.lowerBound > 1e-4, scaleRange.upperBound < 36_000 else {
            throw .unusableHint("a scale of \(scaleRange) arcsec/px")
        }
        let halfDiagonal = 0.5 * hypot(Double(size.width), Double(size.height))
        let widest = tan(Self.greatestReach) / halfDiagonal / FrameGeometry.radiansPerArcsec
        guard scaleRange.lowerBound <= widest else {
            throw .unusableHint("a frame wider than 60 degrees is no tangent plane")
        }
        self.scaleRange = scaleRange.lowerBound...min(scaleRange.upperBound, widest)
        let usable = FrameStars.usable(image, in: size)
        guard usable.count >= 4 else { throw .tooFewImageStars(usable.count) }
        geometry = FrameGeometry(size, scaleRange: self.scaleRange, expectedStars: Double(usable.count))
        stars = FrameStars(image, usable: usable, geometry: geometry)
        (self.image, self.size, self.parity) = (image, size, parity)
        starError = stars.typicalError(first: 50)
        bands = ScaleBand.bands(geometry.scales, halfDiagonal: halfDiagonal)
    }

    /// The maps that the search could find.
    func volume(scale: Double) -> SearchVolume {
        SearchVolume(
            area: 4 * .pi / (scale * scale), rotation: 2 * .pi,
            scale: max(0.01, log(scaleRange.upperBound / scaleRange.lowerBound)),
            parities: parity == .unknown ? 2 : 1)
    }
}

/// A range of scales within which the frame can be taken for one piece of the sphere.
///
/// A tangent plane stretches what is far from its centre: by `1 / cos` of the distance across, by its square along. A
/// frame wider than a few degrees is therefore laid on the sphere before its quads are compared, which needs its scale,
/// to a tenth or so.
struct ScaleBand {
    /// [rad/px]
    let scales: ClosedRange<Double>
    /// Whether the frame is so wide that its stars must be laid on the sphere.
    let isWide: Bool
    /// What stays of the stretch in a code.
    let bend: Double

    /// Up to here a plane is good enough [rad].
    private static let flatReach = 3 * Double.pi / 180

    var scale: Double { (scales.lowerBound * scales.upperBound).squareRoot() }

    static func bands(_ scales: ClosedRange<Double>, halfDiagonal: Double) -> [ScaleBand] {
        let flat = tan(flatReach) / halfDiagonal
        var bands: [ScaleBand] = []
        var low = scales.lowerBound
        if low < flat {
            let reach = atan(min(flat, scales.upperBound) * halfDiagonal)
            bands.append(
                ScaleBand(
                    scales: low...min(flat, scales.upperBound), isWide: false, bend: 0.7 * (1 / cos(reach) - 1)))
            low = flat
        }
        while low < scales.upperBound {
            let reach = low * halfDiagonal
            let high = min(scales.upperBound, low * (reach < 0.17 ? 1.2 : 1.12))
            // The stretch grows as the square of the scale; quads lie at half the reach, mostly.
            let wrong = (high / low).squareRoot() - 1
            bands.append(ScaleBand(scales: low...high, isWide: true, bend: 0.25 * reach * reach * wrong))
            low = high > low ? high : .infinity
        }
        return bands
    }
}
