import CatalogueTiles
import Events
import Foundation
import Pipeline
import PortableNumbers
import ReferenceCatalogue
import Sky
import StoredCatalogues
import TestKit
import Testing

@testable import photometer

/// Stars around a place on the sky, in a catalogue and on frames of 120 x 100 px.
struct SmallSky {
    static let centre = SkyPosition.test(ra: 120.3, dec: 30.2)

    var arcsecPerPixel = 10.0
    /// Pixel position, flux.
    var stars: [(x: Double, y: Double, flux: Double)] = []

    /// Stars as dense as on the frame, 500 px around it; none within 8 px of another.
    init(seed: UInt64, arcsecPerPixel: Double = 10) {
        self.arcsecPerPixel = arcsecPerPixel
        var words = SplitMix64(seed: seed)
        while stars.count < 1500 {
            let place = (x: 1000 * Deviates.uniform(&words) - 440, y: 1000 * Deviates.uniform(&words) - 450)
            guard stars.allSatisfy({ hypot($0.x - place.x, $0.y - place.y) > 8 }) else { continue }
            stars.append((place.x, place.y, 2000 * pow(10, 1.2 * Deviates.uniform(&words))))
        }
    }

    /// East to the left, north up, the frame's middle at `centre`.
    func position(x: Double, y: Double) throws -> SkyPosition {
        let (east, north) = ((59.5 - x) * arcsecPerPixel, (y - 49.5) * arcsecPerPixel)
        let separation = atan(hypot(east, north) / 206_264.806) * 180 / .pi
        return Self.centre.displaced(
            separationDegrees: separation, positionAngleDegrees: atan2(east, north) * 180 / .pi)
    }

    var onFrame: [(x: Double, y: Double, flux: Double)] {
        stars.filter { (0..<120).contains($0.x) && (0..<100).contains($0.y) }
    }

    func build(_ path: String, withIndex: Bool = false) throws {
        let builder = try CatalogueBuilder(
            path: path, id: "small", title: "Test", source: "made up",
            bands: [CatalogueBand(name: "V", system: .vega, title: "Johnson V")])
        for (number, star) in stars.enumerated() {
            try builder.add(
                CatalogueStar(
                    identifier: Int64(number), position: try position(x: star.x, y: star.y), epoch: 2025,
                    positionErrorMas: 20, magnitudes: [Float(20 - 2.5 * log10(star.flux))],
                    magnitudeErrors: [0.01]))
        }
        let order = try builder.finish().order
        if withIndex { _ = try TileFolder(path).writeBlindIndex() }
        #expect(FileManager.default.fileExists(atPath: path + "/" + Self.tile(order: order)))
    }

    /// The file of the tile that every frame needs.
    static func tile(order: Int = 3) -> String {
        TileFolder.name(of: SkyCell(containing: centre, order: order))
    }

    /// A frame of this sky whose pointing is off by a quarter of a degree.
    func frame(_ bench: Bench, pointing: Bool = true) throws -> FrameCalibrated {
        var frame = try bench.frame(stars: onFrame)
        frame.instrument.pixelScaleArcsec = 1.03 * arcsecPerPixel
        if pointing {
            frame.exposure.raDegrees = Self.centre.raDegrees + 0.2
            frame.exposure.decDegrees = Self.centre.decDegrees - 0.15
        }
        return frame
    }
}

extension SkyPosition {
    static func test(ra: Double, dec: Double) -> SkyPosition {
        do { return try SkyPosition(raDegrees: ra, decDegrees: dec) } catch { preconditionFailure("\(error)") }
    }
}

extension MeasureStage {
    /// What the stage says of a frame.
    func measured(_ frame: FrameCalibrated) throws -> FrameMeasured {
        let messages = try calibrated(event(frame)).map {
            try $0.message(source: "photometer", trace: Trace(), time: "")
        }
        return try #require(try messages.payloads(FrameMeasured.self).first)
    }
}

/// A photometer's frame store, a catalogue in a folder, and stages that know nothing of each other.
struct SkyBench {
    let bench: Bench
    let folder: String
    let lines = LogLines()

    var stage: MeasureStage { stage(.folder(folder)) }

    func stage(_ place: CatalogueInUse.Place) -> MeasureStage {
        MeasureStage(
            store: bench.store, threshold: 4,
            sky: SkySolver(CatalogueInUse(place, store: bench.store, log: lines.log)))
    }

    var tile: URL { URL(fileURLWithPath: folder + "/" + SmallSky.tile()) }
    var index: URL { URL(fileURLWithPath: folder + "/" + TileFolder.blindIndexName) }

    /// One bit of a file flipped, in the middle: its head is as it was.
    static func damage(_ file: URL) throws {
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 0x40
        try bytes.write(to: file)
    }

    static func with(_ sky: SmallSky, index: Bool = false, _ body: (SkyBench) throws -> Void) throws {
        try withFolder { root in
            let store = root.appending(path: "store").path
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
            let folder = root.appending(path: "catalogue").path
            try sky.build(folder, withIndex: index)
            try body(SkyBench(bench: try Bench(store), folder: folder))
        }
    }
}
