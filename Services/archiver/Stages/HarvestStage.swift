internal import Events
internal import Foundation
internal import Hashing
internal import Pipeline
internal import PostgresStore

/// Puts photometry of others into the same light curves, with its source and provenance. A point that is there already,
/// from whatever file or format, makes no new row.
///
/// In the record such a point has no frame, field, flux or airmass; its instrument is whoever observed it, so that
/// rules compare points of one observer with each other; its source says where it stands: `aavso: rs-oph.txt line 12`.
struct HarvestStage {
    let archive: Archive

    /// `photometry.harvested`
    func harvested(_ event: Event<PhotometryHarvested>) throws -> [Outgoing] {
        try archive.record(event) {
            for harvested in event.payload.points {
                let point = PhotometryMeasured(harvested, target: event.payload.target, source: event.payload.source)
                if try insertPoint(point, night: nil, in: archive.database) { try archive.announce(point) }
            }
        }
        return []
    }
}

extension PhotometryMeasured {
    init(_ point: HarvestedPoint, target: String, source: String) {
        self.init(
            measurementID: String(SHA256.hex(of: Data("\(target)|\(point.pointID)|1".utf8)).prefix(32)), target: target,
            frameID: point.pointID, version: 1, provisional: false, filter: point.filter,
            magnitudeSystem: point.magnitudeSystem, midpointMJDUTC: point.midpointMJDUTC, flags: 0,
            instrument: point.observer ?? point.instrument ?? source, field: "-",
            source: "\(source): \(point.provenance)")
        midpointBJDTDB = point.midpointBJDTDB
        magnitude = point.magnitude
        magnitudeError = point.magnitudeError
        levelError = point.magnitude == nil ? nil : point.levelError
        limitMagnitude = point.limitMagnitude
        limitSigma = point.limitMagnitude == nil ? nil : point.limitSigma
    }
}
