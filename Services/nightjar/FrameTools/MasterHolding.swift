internal import Calibration
internal import FITS
internal import Foundation
internal import Imaging
internal import Synchronization

/// Which masters of a command are kept in memory, with value, error and mask; the rows of the others are read for each
/// frame. The results are the same.
struct MasterHolding {
    /// The largest that are kept [bytes].
    let mostBytes: Int
    /// Of the rows that are read.
    let clock = RowClock()

    /// All of them.
    static var all: MasterHolding { MasterHolding(mostBytes: .max) }

    /// - Parameter frames: how often the masters are needed. For one frame 64 MiB (a 2.5k camera) are read whole
    ///   sooner than by rows; for several of up to 26 million pixels reading them again costs more than their memory.
    static func forFrames(_ frames: Int) -> MasterHolding {
        MasterHolding(mostBytes: frames > 1 ? 256 << 20 : 64 << 20)
    }

    private static let bytesPerPixel = 10

    func keeps(_ pixelCount: Int) -> Bool { pixelCount <= mostBytes / Self.bytesPerPixel }
}

/// How long reading the rows of masters took.
final class RowClock: Sendable {
    private let spent = Mutex<(wallSeconds: Double, cpuSeconds: Double)>((0, 0))

    /// What all threads together have spent since this was asked last [s].
    func take() -> (wallSeconds: Double, cpuSeconds: Double) {
        spent.withLock { spent in
            defer { spent = (0, 0) }
            return spent
        }
    }

    /// The same master, the time of reading its rows taken.
    func timing<Unit>(_ master: MasterPlanes<Unit>) -> MasterPlanes<Unit> { master.read { try self.time($0) } }

    private func time(_ body: () throws -> Void) rethrows {
        let (wall, cpu) = (StepTimes.seconds(CLOCK_MONOTONIC), StepTimes.seconds(CLOCK_THREAD_CPUTIME_ID))
        defer {
            let (wallNow, cpuNow) = (
                StepTimes.seconds(CLOCK_MONOTONIC), StepTimes.seconds(CLOCK_THREAD_CPUTIME_ID)
            )
            spent.withLock { $0 = ($0.wallSeconds + wallNow - wall, $0.cpuSeconds + cpuNow - cpu) }
        }
        try body()
    }
}

extension FITSMasterRows {
    var reader: MasterReader {
        { [self] band in
            if let image = band.image { try self.image.read(band.rows, into: image) }
            if let error = band.error { try self.error.read(band.rows, into: error) }
            if let bits = band.bits { try mask.readBits(band.rows, into: bits) }
        }
    }
}
