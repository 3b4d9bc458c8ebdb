import CatalogueTiles
import Events
import Foundation
import FrameStore
import Pipeline
import PortableNumbers
import ReferenceCatalogue
import Sky
import StoredCatalogues
import TestKit
import Testing

@testable import photometer

/// Stars around a place on the sky, in a catalogue and on frames of 120 x 100 px at 10 arcsec/px.
private struct SmallSky {
    static let centre = SkyPosition.test(ra: 120.3, dec: 30.2)
    static let arcsecPerPixel = 10.0

    /// Pixel position, flux.
    var stars: [(x: Double, y: Double, flux: Double)] = []

    /// Stars as dense as on the frame, 500 px around it; none within 8 px of another.
    init(seed: UInt64) {
        var words = SplitMix64(seed: seed)
        while stars.count < 1500 {
            let place = (x: 1000 * Deviates.uniform(&words) - 440, y: 1000 * Deviates.uniform(&words) - 450)
            guard stars.allSatisfy({ hypot($0.x - place.x, $0.y - place.y) > 8 }) else { continue }
            stars.append((place.x, place.y, 2000 * pow(10, 1.2 * Deviates.uniform(&words))))
        }
    }

    /// East to the left, north up, the frame's middle at `centre`.
    static func position(x: Double, y: Double) throws -> SkyPosition {
        let (east, north) = ((59.5 - x) * arcsecPerPixel, (y - 49.5) * arcsecPerPixel)
        let separation = atan(hypot(east, north) / 206_264.806) * 180 / .pi
        return centre.displaced(
            separationDegrees: separation, positionAngleDegrees: atan2(east, north) * 180 / .pi)
    }

    var onFrame: [(x: Double, y: Double, flux: Double)] {
        stars.filter { (0..<120).contains($0.x) && (0..<100).contains($0.y) }
    }

    func build(_ path: String) throws {
        let builder = try CatalogueBuilder(
            path: path, id: "small", title: "Test", source: "made up",
            bands: [CatalogueBand(name: "V", system: .vega, title: "Johnson V")])
        for (number, star) in stars.enumerated() {
            try builder.add(
                CatalogueStar(
                    identifier: Int64(number), position: try Self.position(x: star.x, y: star.y), epoch: 2025,
                    positionErrorMas: 20, magnitudes: [Float(20 - 2.5 * log10(star.flux))],
                    magnitudeErrors: [0.01]))
        }
        _ = try builder.finish()
    }
}

extension SkyPosition {
    fileprivate static func test(ra: Double, dec: Double) -> SkyPosition {
        do { return try SkyPosition(raDegrees: ra, decDegrees: dec) } catch { preconditionFailure("\(error)") }
    }
}

@Suite struct SolvedFrameTests {
    private let sky = SmallSky(seed: 4)

    private func withCatalogue(_ body: (_ bench: Bench, _ stage: () -> MeasureStage, _ folder: String) throws -> Void)
        throws
    {
        try withFolder { root in
            let store = root.appending(path: "store").path
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
            let bench = try Bench(store)
            let folder = root.appending(path: "catalogue").path
            try sky.build(folder)
            let log = LogLines().log
            let stage = {
                MeasureStage(
                    store: bench.store, threshold: 4,
                    sky: SkySolver(CatalogueInUse(.folder(folder), store: bench.store, log: log)))
            }
            try body(bench, stage, folder)
        }
    }

    /// A frame whose pointing is off by a quarter of a degree.
    private func frame(_ bench: Bench, pointing: Bool = true) throws -> FrameCalibrated {
        var frame = try bench.frame(stars: sky.onFrame)
        frame.instrument.pixelScaleArcsec = 10.3
        if pointing {
            frame.exposure.raDegrees = SmallSky.centre.raDegrees + 0.2
            frame.exposure.decDegrees = SmallSky.centre.decDegrees - 0.15
        }
        return frame
    }

    private func measured(_ stage: MeasureStage, _ frame: FrameCalibrated) throws -> FrameMeasured {
        let messages = try stage.calibrated(event(frame)).map {
            try $0.message(source: "photometer", trace: Trace(), time: "")
        }
        return try #require(try messages.payloads(FrameMeasured.self).first)
    }

    @Test("a frame with a poor pointing and no coordinates gets those of the sky, and every source its place")
    func solved() throws {
        try withCatalogue { bench, stage, _ in
            let frame = try frame(bench)
            let event = try measured(stage(), frame)
            let solution = try #require(event.solution)
            #expect(event.hasWorldCoordinates && event.notSolved == nil && solution.rung == "hint")
            #expect(solution.stars >= 10 && abs(solution.arcsecPerPixel - 10) < 0.05 && !solution.isMirrored)
            let centre = SkyPosition.test(ra: solution.centreRADegrees, dec: solution.centreDecDegrees)
            #expect(centre.separationDegrees(from: SmallSky.centre) * 3600 < 3)
            let covariance = try #require(solution.centreCovarianceArcsec2)
            #expect(covariance.count == 3 && covariance[0] > 0 && covariance[0] < 4)
            #expect(solution.rmsArcsec < 3 * solution.expectedRMSArcsec && solution.catalogue == "small")
            // Announced to a worker that knows nothing of it, the frame has the same solution and the same recipe.
            var again = frame
            again.flags = ["asked again"]
            let other = try measured(stage(), again)
            #expect(other.solution == solution && other.recipe == event.recipe && other.detections == event.detections)
        }
    }

    @Test("a frame that is not found keeps what it has, says why, and has a flag")
    func notSolved() throws {
        try withCatalogue { bench, stage, folder in
            let event = try measured(stage(), try frame(bench, pointing: false))
            #expect(event.solution == nil && !event.hasWorldCoordinates && event.flags.contains("notSolved"))
            #expect(event.notSolved?.contains("no pointing is known") == true, "\(event.notSolved ?? "-")")
            let tiles = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            for name in tiles where name.hasSuffix(".tile") {
                try Data("broken".utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            let damaged = try measured(stage(), try frame(bench))
            #expect(damaged.notSolved?.contains("the catalogue gives no stars there") == true)
        }
    }

    @Test("while the catalogue cannot be opened nothing is measured, and the reason names it")
    func away() throws {
        try withCatalogue { bench, stage, folder in
            try FileManager.default.removeItem(atPath: folder)
            let frame = try frame(bench)
            let error = #expect(throws: Unavailable.self) { try stage().calibrated(event(frame)) }
            #expect("\(error as Any)".contains("catalogue"))
        }
    }
}
