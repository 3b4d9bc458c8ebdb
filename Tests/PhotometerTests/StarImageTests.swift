import DetectionCatalogue
import Events
import FITS
import Foundation
import FrameStore
import Imaging
import PSF
import Pipeline
import Testing

@testable import photometer

/// Twelve stars, none near another.
private let grid = (0..<12).map { index -> (x: Double, y: Double, flux: Double) in
    let column = 15.3 + 29.6 * Double(index % 4)
    let row = 16.7 + 32.4 * Double(index / 4)
    return (column + 0.13 * Double(index), row, 9_000 + 4_000 * Double(index))
}

@Suite("Photometry by the star image in the photometer")
struct StarImageTests {
    @Test("asked for, the table has fluxes by the star image, and the event names the stored model")
    func fitted() throws {
        try withBench { bench in
            let frame = try bench.frame(stars: grid)
            let measured = try #require(try bench.fit(frame))
            let psf = try #require(measured.psf)
            #expect(psf.starCount >= 10 && abs(psf.fwhmPixels - 3.1) < 0.2)
            #expect(measured.flags.filter { $0.hasPrefix("psf") }.isEmpty)
            #expect(psf.file.url.hasSuffix(".psf") && psf.file.bytes > 10_000)
            let model = try PointSpreadFile.read(bench.store.path(of: psf.file.url))
            #expect(model.starCount == psf.starCount && model.frameWidth == bench.width)
            let rows = try table(measured, bench)
            for star in grid {
                let row = try #require(
                    rows.min { abs($0.x - star.x) + abs($0.y - star.y) < abs($1.x - star.x) + abs($1.y - star.y) })
                #expect(abs(row.flux - star.flux) < 5 * row.error && abs(row.flux / star.flux - 1) < 0.03)
                #expect((0.3...2).contains(row.chiSquared))
            }
        }
    }

    @Test("the setting is part of the recipe, and the instrument's document has the last word")
    func setting() throws {
        try withBench { bench in
            var frame = try bench.frame(stars: grid)
            let without = try #require(bench.measure(frame).payloads(FrameMeasured.self).first)
            let other = try #require(try bench.fit(frame))
            #expect(without.psf == nil && without.detections.url != other.detections.url)
            let plain = try table(without, bench)
            #expect(plain.allSatisfy { $0.flux.isNaN && $0.chiSquared.isNaN })
            frame.instrument.psfPhotometry = false
            #expect(try bench.fit(frame)?.psf == nil)
            #expect(try bench.fit(frame)?.recipe == without.recipe)
            frame.instrument.psfPhotometry = true
            let with = try #require(bench.measure(frame).payloads(FrameMeasured.self).first)
            #expect(with.psf != nil && with.recipe != without.recipe)
        }
    }

    @Test("announced again, a frame has the same event and the same bytes in the store")
    func again() throws {
        try withBench { bench in
            let frame = try bench.frame(stars: grid)
            let first = try #require(try bench.fit(frame))
            let stored = try #require(first.psf)
            #expect(try bench.fit(frame) == first)
            // As on another host, which does not know what was said before.
            let name = String(first.detections.url.dropFirst("frames:".count))
            try FileManager.default.removeItem(atPath: bench.store.root + "/" + StoreNames.event(of: name))
            #expect(try bench.fit(frame)?.psf?.file.sha256 == stored.file.sha256)
        }
    }

    @Test(
        "no stars, all saturated, all masked: measured all the same, with a flag that says why there is no star image")
    func noStarImage() throws {
        try withBench { bench in
            let frames = [
                try bench.frame(),
                try bench.frame(stars: grid) { _, _, signal, _, mask in
                    if signal > 200 { mask = PixelFlags.saturated.rawValue }
                },
                try bench.frame(stars: grid) { _, _, _, _, mask in mask = PixelFlags.noData.rawValue },
            ]
            for frame in frames {
                let measured = try #require(try bench.fit(frame))
                #expect(measured.psf == nil && measured.flags.contains("psfNoStars"))
                #expect(try table(measured, bench).allSatisfy { $0.flux.isNaN && $0.flags.contains(.psfFailed) })
            }
        }
    }

    @Test("five stars make a star image, with a flag that they are few")
    func fiveStars() throws {
        try withBench { bench in
            let measured = try #require(try bench.fit(bench.frame(stars: Array(grid.suffix(5)))))
            #expect(try #require(measured.psf).starCount <= 5)
            #expect(measured.flags.contains("psfFewStars"))
        }
    }

    private struct Row {
        let x: Double
        let y: Double
        let flux: Double
        let error: Double
        let chiSquared: Double
        let flags: SourceFlags
    }

    private func table(_ measured: FrameMeasured, _ bench: Bench) throws -> [Row] {
        var file = try FITSFile(reading: bench.store.path(of: measured.detections.url))
        let table = try file.readTable()
        func values(_ name: String) throws -> [Double] {
            guard case .double(let values) = try #require(table[name]).values else { return [] }
            return values
        }
        let columns = try ["x", "y", "flux_psf", "flux_psf_err", "psf_chi2"].map(values)
        guard case .int32(let flags) = try #require(table["flags"]).values else { return [] }
        return flags.indices.map {
            Row(
                x: columns[0][$0], y: columns[1][$0], flux: columns[2][$0], error: columns[3][$0],
                chiSquared: columns[4][$0], flags: SourceFlags(rawValue: UInt32(bitPattern: flags[$0])))
        }
    }
}
