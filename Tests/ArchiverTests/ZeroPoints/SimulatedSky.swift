import CatalogueTiles
import Events
import FITS
import Foundation
import FrameStore
import Imaging
import PhotometricCalibration
import PortableNumbers
import PostgresStore
import ReferenceCatalogue
import Sky
import StoredCatalogues
import TestKit

@testable import archiver

/// Stars in fields a degree apart, as a catalogue has them and as frames show them.
///
///     m_V = -2.5 log10(flux / t) + ZP - k (X - 1) - cloud + c (B-V - 0.65) + scatter of the star
struct SimulatedSky {
    struct Star {
        let position: SkyPosition
        let trueV: Double
        let trueColour: Double
        /// What the detector sees of it otherwise than the catalogue's band does [mag].
        let oddity: Double
        let catalogueV: Double
        let catalogueB: Double
    }

    static let zeroPoint = 23.4
    static let colourTerm = 0.09
    static let extinction = 0.15
    static let catalogueError = 0.008
    static let oddity = 0.012
    static let exposureSeconds = 30.0
    static let scaleArcsec = 2.0
    static let size = 600

    let fields: [[Star]]

    init(seed: UInt64, fields: Int, starsPerField: Int) throws {
        var noise = SplitMix64(seed: seed)
        self.fields = try (0..<fields).map { field in
            try (0..<starsPerField).map { _ in
                let (x, y) = ((noise.uniform() - 0.5) * 0.3, (noise.uniform() - 0.5) * 0.3)
                let centre = try Self.centre(field)
                let position = centre.displaced(
                    separationDegrees: (x * x + y * y).squareRoot(), positionAngleDegrees: atan2(x, y) * 180 / .pi)
                let brightness = 11 + 3.5 * noise.uniform()
                let colour = 0.2 + 1.2 * noise.uniform()
                return Star(
                    position: position, trueV: brightness, trueColour: colour, oddity: Self.oddity * noise.gaussian(),
                    catalogueV: brightness + Self.catalogueError * noise.gaussian(),
                    catalogueB: brightness + colour + Self.catalogueError * noise.gaussian())
            }
        }
    }

    static func centre(_ field: Int) throws -> SkyPosition {
        try SkyPosition(raDegrees: 120 + Double(field), decDegrees: 20)
    }

    /// - Parameter brighter: what is wrong with all of the catalogue's magnitudes [mag].
    func build(_ path: String, id: String = "test", brighter: Double = 0) throws {
        let builder = try CatalogueBuilder(
            path: path, id: id, title: "Test", source: "simulated",
            bands: [
                CatalogueBand(name: "V", system: .vega, title: "Johnson V"),
                CatalogueBand(name: "B", system: .vega, title: "Johnson B"),
            ])
        for (number, star) in fields.joined().enumerated() {
            try builder.add(
                CatalogueStar(
                    identifier: Int64(number), position: star.position, epoch: 2016, positionErrorMas: 10,
                    magnitudes: [Float(star.catalogueV - brighter), Float(star.catalogueB - brighter)],
                    magnitudeErrors: [Float(Self.catalogueError), Float(Self.catalogueError)]))
        }
        _ = try builder.finish()
    }

    /// World coordinates of a frame.
    static func header(_ field: Int, drift: Double) throws -> Header {
        var header = Header()
        header.append("CTYPE1", .string("RA---TAN"))
        header.append("CTYPE2", .string("DEC--TAN"))
        header.append("CRPIX1", .real(Double(size) / 2 + drift + 1))
        header.append("CRPIX2", .real(Double(size) / 2 + 1))
        header.append("CRVAL1", .real(try centre(field).raDegrees))
        header.append("CRVAL2", .real(try centre(field).decDegrees))
        header.append("CD1_1", .real(-scaleArcsec / 3600))
        header.append("CD1_2", .real(0))
        header.append("CD2_1", .real(0))
        header.append("CD2_2", .real(scaleArcsec / 3600))
        return header
    }

    /// One detection of each star of a field, in order of the stars.
    ///
    /// - Parameter drift: where the field lies on the frame [px].
    func detections(
        _ field: Int, airmass: Double, cloud: Double, drift: Double = 0, seed: UInt64
    ) throws -> [SkyRow] {
        var noise = SplitMix64(seed: seed)
        let centre = try Self.centre(field)
        return fields[field].map { star in
            let offset = centre.offset(to: star.position)
            let angle = offset.positionAngleDegrees * .pi / 180
            let pixels = offset.separationDegrees * 3600 / Self.scaleArcsec
            let middle = Double(Self.size) / 2
            let zeroPoint = Self.zeroPoint - Self.extinction * (airmass - 1) - cloud
            let magnitude =
                star.trueV - zeroPoint - Self.colourTerm * (star.trueColour - 0.65) + star.oddity
            let flux = Self.exposureSeconds * pow(10, -0.4 * magnitude)
            let error = (flux + 40_000).squareRoot()
            let place = star.position.displaced(
                separationDegrees: 0.1 * abs(noise.gaussian()) / 3600, positionAngleDegrees: 360 * noise.uniform())
            return (
                middle + drift - pixels * sin(angle) + 0.05 * noise.gaussian(),
                middle + pixels * cos(angle) + 0.05 * noise.gaussian(), place.raDegrees, place.decDegrees,
                flux + error * noise.gaussian(), error
            )
        }
    }
}

/// A detection as a table has it.
typealias SkyRow = (x: Double, y: Double, ra: Double, dec: Double, flux: Double, error: Double)

/// One frame of a simulated night.
struct SkyFrame {
    let number: Int
    let field: Int
    var filter: String? = "V"
    var cloud = 0.0
    var drift = 0.0
    /// Whether its detections have places on the sky.
    var hasSky = true
    /// Whether its header has world coordinates, and its stars become objects.
    var isSolved = false
    /// Whether a star image was fitted: its fluxes hold a tenth more light.
    var hasStarImage = false
    /// Whether the detections are not the catalogue's stars: places are right, fluxes are not.
    var isElsewhere = false
}

extension Bench {
    /// Hands in frames as received and measured, in the order given; their airmass is that of field and time.
    func observe(_ frames: [SkyFrame], of sky: SimulatedSky, recipe: String = "c1") throws {
        for frame in frames {
            let event = try received(frame)
            try hear(event)
            let airmass = try airmass(event, field: frame.field)
            var rows = try sky.detections(
                frame.field, airmass: airmass, cloud: frame.cloud, drift: frame.drift, seed: UInt64(frame.number + 1))
            if frame.isElsewhere {
                let fluxes = rows.map(\.flux)
                for index in rows.indices { rows[index].flux = fluxes[(7 * index + 3) % rows.count] }
            }
            let table = try skyTable(
                rows, hasSky: frame.hasSky, hasStarImage: frame.hasStarImage,
                header: frame.isSolved ? try SimulatedSky.header(frame.field, drift: frame.drift) : Header(),
                as: "detections/\(frame.number)-\(recipe).fits")
            let file = StoredFile(url: "frames:calibrated/00/\(frame.number).fits", sha256: "0", bytes: 1)
            var measured = FrameMeasured(
                frame: FrameCalibrated(
                    received: event, recipe: recipe, masterRank: 0, calibrated: file, masters: [], flags: []),
                recipe: "m-\(recipe)", field: "cam/field\(frame.field)", detections: table, detectionCount: rows.count,
                apertureRadiusPixels: 4, hasWorldCoordinates: frame.isSolved, flags: [])
            measured.fwhmPixels = 3
            try hear(measured)
        }
    }

    private func received(_ frame: SkyFrame) throws -> FrameReceived {
        var event = received(frame.number)
        event.exposure.midpointMJDUTC = 60735.85 + Double(frame.number) * 0.003
        event.exposure.width = SimulatedSky.size
        event.exposure.height = SimulatedSky.size
        event.exposure.filter = frame.filter
        event.instrument.site = SiteFacts(latitudeDegrees: 30, longitudeDegrees: 0, elevationMeters: 500)
        return event
    }

    private func airmass(_ event: FrameReceived, field: Int) throws -> Double {
        let site = try Site(latitudeDegrees: 30, longitudeDegrees: 0, elevationMeters: 500)
        let instant = try UTCInstant(mjd: event.exposure.midpointMJDUTC)
        return try SimulatedSky.centre(field).horizontal(at: instant, from: site).airmass ?? 1
    }

    func skyTable(
        _ rows: [SkyRow], hasSky: Bool, hasStarImage: Bool = false, header: Header = Header(), as name: String
    ) throws -> StoredFile {
        let ordered = rows.sorted { $0.flux > $1.flux }
        func column(_ name: String, _ values: [Double]) -> FITSColumn {
            FITSColumn(name: name, values: .double(values))
        }
        let starImage = [
            column("flux_psf", ordered.map { 1.1 * $0.flux }), column("flux_psf_err", ordered.map(\.error)),
        ]
        let table = FITSTable(
            name: "DETECTIONS",
            columns: [
                column("x", ordered.map(\.x)), column("y", ordered.map(\.y)),
                column("x_err", ordered.map { _ in 0.05 }), column("y_err", ordered.map { _ in 0.05 }),
                column("ra_deg", ordered.map { hasSky ? $0.ra : .nan }),
                column("dec_deg", ordered.map { hasSky ? $0.dec : .nan }),
                column("flux_aperture", ordered.map(\.flux)), column("flux_aperture_err", ordered.map(\.error)),
                column("fwhm_px", ordered.map { _ in 3 }), column("peak", ordered.map { $0.flux / 20 }),
                FITSColumn(name: "flags", values: .int32(ordered.map { _ in 0 })),
            ] + (hasStarImage ? starImage : []), header: header)
        return try store.write(name) { try table.write(to: $0) }
    }

    func closeNight(_ numbers: [Int], revision: Int = 1) throws {
        try closeNight(
            Dictionary(numbers.map { ($0, "c1") }, uniquingKeysWith: { first, _ in first }), revision: revision)
    }

    /// Current rows, in order of mid-exposure.
    func zeroPoints(_ kind: String = "aperture") throws -> [Row] {
        let rows = try database.execute(
            "select * from archive.current_zero_point where flux_kind = $1 order by midpoint_mjd_utc, frame_id",
            [.text(kind)])
        return rows.map { $0 }
    }
}

/// A bench with a catalogue of `sky` in a folder beside its store.
func withSky(
    _ sky: SimulatedSky, _ body: (_ bench: Bench, _ folder: String) throws -> Void
) throws {
    try withFolder { root in
        let store = root.appending(path: "store").path
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let bench = try Bench(store)
        let folder = root.appending(path: "catalogue").path
        try sky.build(folder)
        bench.reference = ReferenceStars(.folder(folder), store: bench.store, log: bench.lines.log)
        try body(bench, folder)
    }
}
