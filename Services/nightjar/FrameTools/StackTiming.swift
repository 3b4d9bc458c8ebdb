internal import Calibration
internal import FITS
internal import Imaging
internal import Instruments

/// What it costs to combine frames that are in memory, with the error of every pixel.
struct StackTiming: Encodable {
    let frames: Int
    /// Of this process, one thread, for each run [s].
    let cpuSeconds: [Double]

    /// - Throws: `FITSError`, or `StackError` where the frames have different shapes.
    init(files: [String], document: InstrumentDocument, method: CombineMethod, runs: Int) throws {
        reusePlaneStorage()
        let images = try files.map { path in
            var file = try FrameFile(path, document)
            return try file.firstImage().pixels
        }
        frames = images.count
        cpuSeconds = try (0..<runs).map { _ in
            var times = StepTimes()
            _ = try times.time("stack") { try StackedFrames(images, method: method) }
            return times.steps[0].cpuSeconds
        }
    }
}
