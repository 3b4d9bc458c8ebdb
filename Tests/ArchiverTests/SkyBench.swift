import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Instruments
import PostgresStore
import Sky

@testable import archiver

/// A star as it is seen on one frame.
struct SeenStar {
    var raDegrees: Double
    var decDegrees: Double
    var flux = 10_000.0
    var flags: Int32 = 0
}

extension Bench {
    /// A version of a frame in the record, without detections.
    func skyFrame(_ number: Int, recipe: String = "c1", rank: Int = 0, day: Double? = nil) throws -> FrameVersion {
        let empty = StoredFile(url: "frames:detections/none.fits", sha256: "0", bytes: 1)
        let version = FrameVersion(skyEvent(number, recipe: recipe, rank: rank, day: day, table: empty))
        try measure.frames.add(version)
        return version
    }

    func skyEvent(
        _ number: Int, recipe: String, rank: Int, day: Double?, table: StoredFile, instrument: String? = nil
    ) -> FrameMeasured {
        var event = measured(number, recipe: recipe, rank: rank, table: table)
        if let instrument { event.frame.instrument.id = instrument }
        event.hasWorldCoordinates = true
        event.frame.instrument.pixelScaleArcsec = 1
        if let day { event.frame.exposure.midpointMJDUTC = day }
        return event
    }

    /// A frame on which these stars were measured, the brightest first, with centroids good to 0.1 px.
    func see(
        _ stars: [SeenStar], frame number: Int, recipe: String = "c1", rank: Int = 0, day: Double? = nil,
        instrument: String? = nil, with stage: ObjectStage? = nil
    ) throws {
        let ordered = stars.sorted { $0.flux > $1.flux }
        func column(_ name: String, _ value: (SeenStar) -> Double) -> FITSColumn {
            FITSColumn(name: name, values: .double(ordered.map(value)))
        }
        let table = FITSTable(
            name: "DETECTIONS",
            columns: [
                column("x") { _ in 0 }, column("y") { _ in 0 }, column("x_err") { _ in 0.1 },
                column("y_err") { _ in 0.1 }, column("ra_deg", \.raDegrees), column("dec_deg", \.decDegrees),
                column("flux_aperture", \.flux), column("flux_aperture_err") { max($0.flux, 1).squareRoot() },
                column("fwhm_px") { _ in 2 }, column("peak") { $0.flux / 20 },
                FITSColumn(name: "flags", values: .int32(ordered.map(\.flags))),
            ])
        let file = try store.write("detections/\(number)-\(recipe).fits") { try table.write(to: $0) }
        if try fate(number) == nil { try hear(received(number)) }
        let event = skyEvent(number, recipe: recipe, rank: rank, day: day, table: file, instrument: instrument)
        guard let stage else { return try hear(event) }
        let version = FrameVersion(event)
        try measure.frames.add(version)
        try database.transaction { try stage.add(version, DetectionTable(file, in: store)) }
    }
}
