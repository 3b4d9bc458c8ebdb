import Calibration
import FITS
import Foundation
import Imaging

/// Real frames beside the checkout; they are not part of the project.
enum RealFrames {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The folder of a set: in `NIGHTJAR_SHARED`, else `../shared` beside the checkout; nil, with one line that says
    /// so, where it is not at hand.
    static func folder(_ set: String) -> URL? {
        let candidates = [
            ProcessInfo.processInfo.environment["NIGHTJAR_SHARED"].map { URL(filePath: $0) },
            root.deletingLastPathComponent().appending(path: "shared"),
        ]
        let folders = candidates.compactMap { $0?.appending(path: "data").appending(path: set) }
        let found = folders.first { FileManager.default.fileExists(atPath: $0.path) }
        if found == nil {
            print("skipped: the real frames '\(set)' are not beside the checkout (../shared/data/\(set))")
        }
        return found
    }

    static func read(_ folder: URL, _ name: String) throws -> FITSImage {
        var file = try FITSFile(reading: folder.appending(path: name).path)
        return try file.firstImage()
    }

    static func mode(_ image: Image<ADU>) -> DetectorMode {
        DetectorMode(instrument: "real", width: image.width, height: image.height)
    }

    /// Facts of a frame, or of a master of others, that these tests need; times and nights do not matter here.
    static func facts(_ id: String, _ kind: FrameKind, _ image: FITSImage) -> CalibrationFrameFacts {
        CalibrationFrameFacts(
            id: id, kind: kind, mode: mode(image.pixels), exposureSeconds: image.header.number("EXPTIME") ?? 0,
            temperatureCelsius: nil, midpointMJD: 0, night: "real")
    }

    static func external<Unit: PixelUnit>(
        _ id: String, _ kind: FrameKind, _ image: FITSImage, unit: Unit.Type
    ) -> Master<Unit> {
        let facts = facts(id, kind, image)
        let master = MasterFacts(
            id: id, kind: kind, mode: facts.mode, exposureSeconds: facts.exposureSeconds, temperatureCelsius: nil,
            midpointMJD: 0, night: "real", count: 1, inputIDs: [id], frameNoise: 0)
        return Master(
            external: master,
            image: Image(width: image.pixels.width, height: image.pixels.height, pixels: image.pixels.pixels))
    }

    /// One kind of frames of one exposure time, and their rows for stacking.
    static func group(_ kind: FrameKind, _ images: [FITSImage]) -> (group: MasterGroup, rows: RowCache) {
        let frames = images.indices.map { facts("\(kind.rawValue) \($0)", kind, images[$0]) }
        let group = MasterGroup(kind: kind, mode: frames[0].mode, night: "real", filter: nil, frames: frames)
        return (group, RowCache(pixelCount: 0) { images[$0].pixels })
    }
}

/// Percentile of numbers, linear between neighbours.
func percentile(_ values: [Double], _ percent: Double) -> Double {
    let sorted = values.sorted()
    let place = percent / 100 * Double(sorted.count - 1)
    let low = Int(place)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
}
