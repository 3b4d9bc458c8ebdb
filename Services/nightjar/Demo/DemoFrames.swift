internal import FITS
internal import Foundation
internal import Imaging
internal import Simulation
internal import Sky
internal import Synchronization

/// The frames of the simulated night as files, and what is true about the two targets on them.
struct DemoFrames {
    /// Calibration frames, then lights, each in order of exposure.
    let files: [URL]
    let truth: [Truth]

    /// What a target truly is on one light, in the band of its camera.
    struct Truth: Equatable {
        let file: String
        let instrument: String
        let filter: String
        let target: String
        let midpointMJDUTC: Double
        let magnitude: Double
    }

    /// Renders all frames of a night into a folder, on all cores.
    init(rendering night: SimulatedNight, targets: DemoTargets, to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let exposures = try night.exposures().sorted {
            ($0.kind == .light ? 1 : 0, $0.startMJD, $0.camera) < ($1.kind == .light ? 1 : 0, $1.startMJD, $1.camera)
        }
        let renderers = night.cameras.indices.map { FrameRenderer(night, camera: $0) }
        let outcomes = Mutex<[Int: Result<Written, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: exposures.count) { index in
            let renderer = renderers[exposures[index].camera]
            let outcome = Result { try Written(exposures[index], by: renderer, targets, to: folder) }
            outcomes.withLock { $0[index] = outcome }
        }
        let written = try outcomes.withLock { $0 }.sorted { $0.key < $1.key }.map { try $0.value.get() }
        files = written.map(\.file)
        truth = written.flatMap(\.truth)
    }

    private struct Written {
        let file: URL
        let truth: [Truth]

        init(
            _ exposure: SimulatedExposure, by renderer: FrameRenderer, _ targets: DemoTargets, to folder: URL
        ) throws {
            let frame = try renderer.render(exposure)
            let instrument = renderer.detector.instrument
            let path = folder.appending(path: frame.fileName)
            try FITSWriter.write(
                counts: frame.image.pixels.map { UInt16($0) }, width: instrument.width, height: instrument.height,
                header: frame.header, to: path.path)
            file = path
            let wanted = [targets.novaStarID: DemoDocuments.nova, targets.variableStarID: DemoDocuments.variable]
            truth = frame.truth.compactMap { row in
                guard let target = wanted[row.starID],
                    let star = renderer.night.field.stars.first(where: { $0.id == row.starID })
                else { return nil }
                let offset = row.magnitude - star.magnitude
                return Truth(
                    file: frame.fileName, instrument: instrument.name, filter: instrument.filter, target: target,
                    midpointMJDUTC: exposure.midpointMJD, magnitude: instrument.magnitude(of: star) + offset)
            }
        }
    }

    /// `truth.csv`
    var truthCSV: String {
        let rows = truth.map { row in
            [
                row.file, row.target, row.instrument, row.filter, String(format: "%.8f", row.midpointMJDUTC),
                String(format: "%.4f", row.magnitude),
            ].joined(separator: ",")
        }
        return (["file,target,instrument,filter,mid_mjd_utc,mag"] + rows).joined(separator: "\n") + "\n"
    }
}
