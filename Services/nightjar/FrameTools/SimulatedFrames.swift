internal import FITS
internal import Foundation
internal import Imaging
internal import Simulation
internal import Sky

/// Writes the frames of a simulated night as cameras would, and the truth behind them.
struct SimulatedFrames {
    let night: SimulatedNight

    /// One frame that was written.
    struct Written {
        let file: URL
        let exposure: SimulatedExposure
        let truth: [TruthRow]
    }

    /// Renders all exposures, camera by camera, into a folder, which is made.
    ///
    /// - Parameter progress: called after each frame with the number done and the number of all.
    /// - Returns: the frames in the order in which they are exposed by each camera.
    func write(to folder: URL, progress: (Int, Int) -> Void = { _, _ in }) throws -> [Written] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let exposures = try night.exposures()
        var written: [Written] = []
        for camera in night.cameras.indices {
            let renderer = FrameRenderer(night, camera: camera)
            for exposure in exposures where exposure.camera == camera {
                let frame = try renderer.render(exposure)
                let place = folder.appending(path: frame.fileName)
                try FITSWriter.write(
                    counts: frame.image.pixels.map { UInt16($0) }, width: frame.image.width,
                    height: frame.image.height, header: frame.header, to: place.path)
                written.append(Written(file: place, exposure: exposure, truth: frame.truth))
                progress(written.count, exposures.count)
            }
        }
        return written
    }

    /// The truth table: one line per star and light, in the order of the frames and of the field's stars.
    static func truthCSV(_ frames: [Written]) -> String {
        var text = "frame,star,x,y,flux_electrons,magnitude,ra_deg,dec_deg,mid_mjd_utc\n"
        for frame in frames {
            let name = frame.file.lastPathComponent
            for row in frame.truth {
                let numbers: [Double] = [
                    row.x, row.y, row.fluxElectrons, row.magnitude, row.position.raDegrees, row.position.decDegrees,
                    frame.exposure.midpointMJD,
                ]
                text += "\(name),\(row.starID)," + numbers.map { "\($0)" }.joined(separator: ",") + "\n"
            }
        }
        return text
    }
}
