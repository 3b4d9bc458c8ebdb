internal import Association
internal import Events
internal import Foundation
internal import PortableNumbers
internal import Sky

/// Stars anywhere in a square of the sky across the end of right ascension, and frames of a square degree of it.
struct SimulatedSky {
    /// [deg]
    private static let side = 10.0
    /// Of a centroid [arcsec].
    private static let error = 0.2
    private static let newShare = 0.02
    private static let year = 2026.0
    private var words = SplitMix64(seed: 1)
    private var stars: [SkyPosition] = []

    /// All stars as objects.
    mutating func fill(_ total: Int) throws -> [NewObject] {
        var taken: Set<Int64> = []
        return try (0..<total).map { _ in
            let place = try SkyPosition(
                raDegrees: (360 + Self.side * (words.uniform() - 0.5)).truncatingRemainder(dividingBy: 360),
                decDegrees: Self.side * (words.uniform() - 0.5))
            let identifier = ObjectIdentifier.identifier(at: place) { taken.contains($0) }
            taken.insert(identifier)
            stars.append(place)
            return NewObject(
                object: SkyObject(
                    identifier: identifier, position: place, covariance: PositionCovariance(errorArcsec: 0.1),
                    epoch: Self.year))
        }
    }

    /// The stars of one of ten fields, with errors; two in a hundred are seen where no object is.
    mutating func observe(field: Int, _ version: FrameVersion) throws -> FrameDetections {
        let (ra, dec) = (Double(field % 5) - 2.5, Double(field / 5) - 1)
        var placed: [PlacedDetection] = []
        for star in stars {
            let east = star.raDegrees > 180 ? star.raDegrees - 360 : star.raDegrees
            guard east >= ra, east < ra + 1, star.decDegrees >= dec, star.decDegrees < dec + 1 else { continue }
            let offset = words.uniform() < Self.newShare ? 0.003 : Self.error / 3600 * words.gaussian()
            let seen = (star.raDegrees + offset).truncatingRemainder(dividingBy: 360)
            placed.append(
                PlacedDetection(
                    position: try SkyPosition(
                        raDegrees: seen < 0 ? seen + 360 : seen,
                        decDegrees: star.decDegrees + Self.error / 3600 * words.gaussian()),
                    covariance: PositionCovariance(errorArcsec: Self.error)))
        }
        let rows = placed.indices.map { number in
            FrameDetections.Row(
                number: number, flux: 1000, fluxError: 30, magnitude: 15 + 0.03 * words.gaussian(),
                magnitudeError: 0.03, flags: [])
        }
        return FrameDetections(rows: rows, placed: placed, resolutionArcsec: 0.7, zeroPoint: nil, year: Self.year)
    }

    func version(_ number: Int) -> FrameVersion {
        let frameID = String(format: "%032x", number)
        let file = StoredFile(url: "frames:none/\(frameID).fits", sha256: "0", bytes: 1)
        let exposure = ExposureFacts(
            kind: .light, exposureSeconds: 30, midpointMJDUTC: 61_041 + Double(number) / 1440, binningX: 1, binningY: 1,
            width: 3600, height: 3600)
        let received = FrameReceived(
            frameID: frameID, raw: file, originalName: "\(number).fits", contentSHA256: frameID, night: "2026-01-01",
            instrument: InstrumentFacts(id: "camera", revision: 1, gainSource: "document"), exposure: exposure,
            notes: [])
        let calibrated = FrameCalibrated(
            received: received, recipe: "c", masterRank: 0, calibrated: file, masters: [], flags: [])
        return FrameVersion(
            FrameMeasured(
                frame: calibrated, recipe: "m", field: "field", detections: file, detectionCount: 1,
                apertureRadiusPixels: 4, hasWorldCoordinates: true, flags: []))
    }
}

/// What a frame was associated with.
struct FrameLists {
    var detections: [SkyPosition] = []
    var objects: [SkyPosition] = []
    var matches: [Int] = []

    func write(to folder: URL, _ number: Int) throws {
        func write(_ values: [UInt64], _ name: String) throws {
            let bytes = values.map(\.littleEndian).withUnsafeBytes { Data($0) }
            try bytes.write(to: folder.appending(path: "\(number).\(name)"))
        }
        func places(_ positions: [SkyPosition]) -> [UInt64] {
            positions.flatMap { [$0.raDegrees.bitPattern, $0.decDegrees.bitPattern] }
        }
        try write(places(detections), "detections")
        try write(places(objects), "objects")
        try write(matches.map { UInt64(bitPattern: Int64($0)) }, "matches")
    }
}
