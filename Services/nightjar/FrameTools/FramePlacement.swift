internal import Astrometry
internal import Detection
internal import FITS
internal import Foundation
internal import Imaging
internal import Resampling

extension FrameAligner {
    /// How a frame lies on the reference.
    struct Placement {
        /// From the reference's grid to the frame.
        let map: PixelMap
        /// From the frame to the reference; for curved maps, at the middle of the reference.
        let transform: PixelTransform
        let by: String
        /// Bright stars of the frame.
        var stars: Int?
        var match: StarMatch?
        var model: StarFit.Model?
        var cornerErrorPixels: Double?
        var notes: [String] = []
    }

    /// Stars of both frames that the map brings together.
    struct StarMatch {
        let count: Int
        let rmsPixels: Double
    }

    /// Stars farther than this from where world coordinates put them speak against these [px].
    static let largestWorldOffset = 1.5

    func place(_ loaded: LoadedFrame, _ file: String) throws -> Placement {
        let isReference =
            URL(fileURLWithPath: file).resolvingSymlinksInPath() == URL(fileURLWithPath: path).resolvingSymlinksInPath()
        if isReference { return Placement(map: .identity, transform: .identity, by: "identity") }
        let view = StarView(of: loaded.frame, on: self)
        switch relation {
        case .stars: return try placeByStars(view, file)
        case .wcs:
            try requireWorld(loaded.header, file)
            return try placeByWorld(loaded, view, file)
        case .auto:
            let faults = [(header, path), (loaded.header, file)].compactMap { header, path in
                Self.fault(of: header).map { fault in (fault, "\(path): \(fault)") }
            }
            if faults.isEmpty { return try placeByWorld(loaded, view, file) }
            var placement = try placeByStars(view, file)
            // A frame that was never solved is usual; broken world coordinates are not.
            placement.notes += faults.filter { $0.0 != "\(WorldCoordinatesError.absent)" }.map(\.1)
            return placement
        }
    }

    private func placeByStars(_ view: StarView, _ file: String) throws -> Placement {
        guard let fit = view.fit ?? view.faintFit(self) else {
            throw FrameError(file, "its \(view.stars.count) stars do not match those of \(path) beyond chance")
        }
        // Twice the scatter of centroids in noise, which grows with the star images.
        let limit = 1.0 * Double(max(seen.blockPixels, view.blockPixels))
        guard fit.rmsPixels <= limit else {
            throw FrameError(
                file,
                String(
                    format: "after the fit its %d stars lie %.2f px (rms) from those of ", fit.pairs.count,
                    fit.rmsPixels) + path + String(format: "; at most %.1f px are accepted", limit))
        }
        return Placement(
            map: pixelMap(fit.toFrame), transform: fit.toReference.linear, by: "stars", stars: view.stars.count,
            match: StarMatch(count: fit.pairs.count, rmsPixels: fit.rmsPixels), model: fit.model,
            cornerErrorPixels: fit.cornerErrorPixels)
    }

    private func pixelMap(_ toFrame: PolynomialTransform) -> PixelMap {
        if toFrame.isLinear { return .affine(toFrame.linear) }
        return .sampled(SampledMap(width: width, height: height) { toFrame(x: $0, y: $1) })
    }

    /// By world coordinates, unless the stars say that these are wrong.
    private func placeByWorld(_ loaded: LoadedFrame, _ view: StarView, _ file: String) throws -> Placement {
        let own = try WorldCoordinates(header)
        let other = try WorldCoordinates(loaded.header)
        let place = { (x: Double, y: Double) -> (x: Double, y: Double)? in
            own.position(x: x, y: y).flatMap { other.pixel(of: $0) }
        }
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        guard let centre = place(x, y), let right = place(x + 1, y), let up = place(x, y + 1),
            let transform = PixelTransform(
                xx: right.x - centre.x, xy: up.x - centre.x, x0: 0, yx: right.y - centre.y, yy: up.y - centre.y, y0: 0
            ).through(x: x, y: y, to: centre).inverse()
        else { return try placeAgainstWorld(view, file, "its world coordinates do not reach the middle of \(path)") }
        let map = PixelMap.sampled(SampledMap(width: width, height: height, place))
        var placement = Placement(map: map, transform: transform, by: "wcs", stars: view.stars.count)
        guard let fit = view.fit else {
            placement.notes.append("too few stars match to check the world coordinates")
            return placement
        }
        let distances = fit.pairs.map { pair -> Double in
            let (star, reference) = (view.stars[pair.detection], seen.stars[pair.reference])
            guard let expected = place(reference.x, reference.y) else { return .infinity }
            return hypot(expected.x - star.x, expected.y - star.y)
        }.sorted()
        let typical = distances[distances.count / 2]
        let squares = distances.filter(\.isFinite).reduce(0) { $0 + $1 * $1 }
        placement.match = StarMatch(
            count: distances.count, rmsPixels: (squares / Double(distances.count)).squareRoot())
        guard typical > Self.largestWorldOffset else { return placement }
        let note = String(
            format: "%d stars lie %.1f px (median) from where the world coordinates put them", distances.count, typical)
        if relation == .wcs {
            placement.notes.append(note)
            return placement
        }
        var byStars = try placeByStars(view, file)
        byStars.notes.append(note + ": aligned by stars")
        return byStars
    }

    /// What to do about world coordinates that lead nowhere.
    static let starsHint = "; if they are wrong, align it with --by stars"

    /// By stars where these match although the world coordinates lie far away.
    ///
    /// - Throws: `FrameError` where they do not, or world coordinates were insisted on.
    private func placeAgainstWorld(_ view: StarView, _ file: String, _ fault: String) throws -> Placement {
        guard relation == .auto, view.fit != nil else { throw FrameError(file, fault + Self.starsHint) }
        var byStars = try placeByStars(view, file)
        byStars.notes.append(fault + ": aligned by stars")
        return byStars
    }

    func requireWorld(_ header: Header, _ path: String) throws {
        if let fault = Self.fault(of: header) { throw FrameError(path, fault) }
    }

    /// Why a header has no world coordinates that can be used.
    static func fault(of header: Header) -> String? {
        do {
            _ = try WorldCoordinates(header)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// The bright stars of a frame, and how they lie on those of the reference.
private struct StarView {
    let stars: [StarPosition]
    let blockPixels: Int
    /// Nil when they do not match beyond chance.
    let fit: StarFit?
    private let frame: CalibratedFrame

    init(of frame: CalibratedFrame, on aligner: FrameAligner) {
        let own = SeenStars(of: frame, count: FrameAligner.starCount)
        self.frame = frame
        (stars, blockPixels) = (own.stars, own.blockPixels)
        let reference = aligner.seen.stars
        // The wide range only when need be: with it, chance has more to offer.
        let registration =
            register(own.stars, to: reference)
            ?? register(own.stars, to: reference, settings: RegistrationSettings(scaleRange: 0.25...4))
        fit = registration.flatMap {
            StarFit($0, detections: own.stars, reference: reference, width: aligner.width, height: aligner.height)
        }
    }

    /// By the stars of a full detection, which sees fainter ones, at several times the cost.
    func faintFit(_ aligner: FrameAligner) -> StarFit? {
        let (own, reference) = (Self.faintStars(of: frame), Self.faintStars(of: aligner.reference))
        return register(own, to: reference).flatMap {
            StarFit($0, detections: own, reference: reference, width: aligner.width, height: aligner.height)
        }
    }

    private static func faintStars(of frame: CalibratedFrame) -> [StarPosition] {
        detect(frame, DetectionParameters(threshold: 4, gainKnown: false)).sources
            .map { StarPosition(x: $0.x, y: $0.y, flux: $0.isophotalFlux) }
    }
}

extension PixelTransform {
    /// The same turn and scale, moved so that (x, y) comes to `place`.
    fileprivate func through(x: Double, y: Double, to place: (x: Double, y: Double)) -> PixelTransform {
        PixelTransform(
            xx: xx, xy: xy, x0: place.x - xx * x - xy * y, yx: yx, yy: yy, y0: place.y - yx * x - yy * y)
    }
}
