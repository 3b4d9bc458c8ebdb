internal import Astrometry
internal import Events
internal import Foundation
internal import FrameStore
internal import Instruments
internal import PhotometricCalibration
internal import PostgresStore
internal import Sky

/// Where one star of a target's plan is on one frame.
struct StarPlace: Equatable {
    let star: String
    let x: Double
    let y: Double
}

/// A target as the record has it.
struct RecordedTarget {
    typealias PlannedStar = (id: String, sky: SkyPosition?, pixel: PixelPosition?)

    static let ownStar = "@target"
    let document: TargetDocument
    /// Gives comparison stars and a check star to a target whose document names none.
    var sequence: ComparisonSequence?
    var id: String { document.id }
    var revision: Int { document.revision }

    /// The target, its comparison stars and its check star: id, sky position and pixel position, whichever are given.
    var stars: [PlannedStar] {
        get throws {
            let own: [PlannedStar] = [(Self.ownStar, try document.position(), document.pixel)]
            let given: [PlannedStar] = try document.comparisonStars.map { ($0.id, try $0.position(), $0.pixel) }
            return try own + given + sequenceStars
        }
    }

    func wants(_ version: FrameVersion) -> Bool {
        (document.instruments.isEmpty || document.instruments.contains(version.instrument.id))
            && (document.filters.isEmpty || document.filters.contains(version.filter))
    }
}

/// Finds the stars of a target on a frame: by the frame's world coordinates, else by registration on the frame that the
/// target's pixels belong to.
struct StarPlaces {
    let frames: FrameRecord
    let store: FrameStore

    enum Answer {
        /// The frame does not show the target, or cannot be placed: nothing to be measured.
        case notHere(String)
        /// The frame that the pixels belong to is not here yet.
        case later
        case places([StarPlace])
    }

    /// - Parameter closing: whether all frames of the night are in: only then is "the first frame" known.
    func places(of target: RecordedTarget, on frame: FrameVersion, closing: Bool) throws -> Answer {
        guard target.wants(frame) else { return .notHere("another instrument or filter") }
        let stars = try target.stars
        if frame.measured.hasWorldCoordinates, stars.allSatisfy({ $0.sky != nil }) {
            let sky = stars.compactMap { star in star.sky.map { (star.id, $0) } }
            var places = try skyPlaces(sky, on: frame)
            if target.choosesStars, let anchor = try firstWithSky(frame.field),
                let map = try frames.transform(from: anchor, to: frame), let own = try skyPlaces(sky, on: anchor).first
            {
                places += try chosen(besides: own, on: anchor).map { moved($0, by: map) }
            }
            return inside(places, of: frame)
        }
        guard let anchorName = target.document.pixel?.frame ?? (target.document.pixel == nil ? nil : "first") else {
            return .notHere("no world coordinates on the frame and no pixel position in the target's document")
        }
        guard let anchor = try anchor(named: anchorName, field: frame.field, closing: closing) else { return .later }
        guard let map = try frames.transform(from: anchor, to: frame) else {
            return .notHere("its stars do not match those of \(anchor.measured.frame.originalName)")
        }
        let radius = target.document.matchRadiusPixels ?? max(3, 1.5 * (anchor.measured.fwhmPixels ?? 0))
        let pixels = stars.compactMap { star in star.pixel.map { StarPlace(star: star.id, x: $0.x, y: $0.y) } }
        var places = try centred(pixels, on: anchor, radius: radius)
        if target.document.comparisonStars.isEmpty, let own = places.first {
            places += try chosen(besides: own, on: anchor)
        }
        return inside(places.map { moved($0, by: map) }, of: frame)
    }

    private func moved(_ place: StarPlace, by map: PixelTransform) -> StarPlace {
        let moved = map(x: place.x, y: place.y)
        return StarPlace(star: place.star, x: moved.x, y: moved.y)
    }

    private func chosen(besides own: StarPlace, on anchor: FrameVersion) throws -> [StarPlace] {
        ChosenStars.choose(
            besides: own, among: try frames.detections(of: anchor), width: anchor.exposure.width,
            height: anchor.exposure.height, margin: 5 * (anchor.measured.fwhmPixels ?? 4), anchor: anchor.frameID)
    }

    /// The earliest frame of a field that has world coordinates.
    private func firstWithSky(_ field: String) throws -> FrameVersion? {
        try frames.current("field = $1 and (measured->>'hasWorldCoordinates')::boolean", [.text(field)], first: 1).first
    }

    /// The frame that pixel positions belong to, in the field of the frame at hand.
    private func anchor(named name: String, field: String, closing: Bool) throws -> FrameVersion? {
        if name == "first" {
            return closing ? try frames.current("field = $1", [.text(field)], first: 1).first : nil
        }
        return try frames.current(
            "field = $1 and (frame_id = $2 or measured->'frame'->>'originalName' = $2)", [.text(field), .text(name)],
            first: 1
        ).first
    }

    /// Pixels that people read off a picture are a pixel or two off: each is moved to the detection it means, on the
    /// frame it belongs to. One without a detection stays where it is.
    private func centred(_ places: [StarPlace], on anchor: FrameVersion, radius: Double) throws -> [StarPlace] {
        let detections = try frames.detections(of: anchor)
        let found = Astrometry.match(places.map { ($0.x, $0.y) }, to: detections.map { ($0.x, $0.y) }, radius: radius)
        return zip(places, found).map { place, index in
            index.map { StarPlace(star: place.star, x: detections[$0].x, y: detections[$0].y) } ?? place
        }
    }

    private func skyPlaces(_ stars: [(id: String, sky: SkyPosition)], on frame: FrameVersion) throws -> [StarPlace] {
        let world = try WorldCoordinates(DetectionTable(frame.measured.detections, in: store).header)
        return stars.compactMap { star in
            world.pixel(of: star.sky).map { StarPlace(star: star.id, x: $0.x, y: $0.y) }
        }
    }

    /// A frame that does not hold the target itself has nothing to say about it; other stars outside are left out.
    private func inside(_ places: [StarPlace], of frame: FrameVersion) -> Answer {
        let (width, height) = (Double(frame.exposure.width), Double(frame.exposure.height))
        let inside = places.filter { $0.x >= -0.5 && $0.y >= -0.5 && $0.x <= width - 0.5 && $0.y <= height - 0.5 }
        guard inside.contains(where: { $0.star == RecordedTarget.ownStar }) else {
            return .notHere("the target is outside the frame")
        }
        return .places(inside)
    }
}
