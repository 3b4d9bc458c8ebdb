internal import FITS
internal import Foundation
internal import Imaging
internal import Simulation

extension SimulatedTestField {
    struct Summary: Encodable {
        let out: String
        let scenario: String
        let seed: UInt64
        let frames: Int
        let truthRows: Int
        let backgroundVarianceElectrons: Double
        /// Of a colour camera.
        let bayer: String?

        var text: String {
            let known = bayer == nil ? "places, fluxes and least errors" : "places and fluxes in TR, TG and TB"
            return """
                \(frames) frames are in \(out)/frames, their exact bias, dark and flat in \(out)/masters,
                \(truthRows) stars with their true \(known) in \(out)/truth.csv
                """
        }
    }

    /// Writes `frames/test-light-NNNN.fits`, `masters/`, `truth.csv` and, where there are any, `cosmic_rays.csv` into a
    /// folder, which is made.
    func write(to folder: URL, progress: (Int, Int) -> Void) throws -> Summary {
        let frames = folder.appending(path: "frames")
        try FileManager.default.createDirectory(at: frames, withIntermediateDirectories: true)
        let renderer = TestFieldRenderer(field)
        try writeMasters(of: renderer.detector, to: folder.appending(path: "masters"))
        var truth = field.colours == nil ? Self.truthColumns : Self.colourColumns
        var rays = "frame,track,x,y,electrons\n"
        var rows = 0
        for index in 0..<frameCount {
            let frame = renderer.render(frame: index)
            let name = "test-light-" + String(format: "%04d", index + 1) + ".fits"
            try FITSWriter.write(
                counts: frame.image.pixels.map { UInt16($0) }, width: frame.image.width, height: frame.image.height,
                header: header(kind: "Light Frame", seconds: field.exposureSeconds),
                to: frames.appending(path: name).path)
            for star in frame.stars {
                truth += field.colours == nil ? line(star, frame: name) : colourLine(star, frame: name)
            }
            for ray in frame.cosmicRays { rays += "\(name),\(ray.track),\(ray.x),\(ray.y),\(ray.electrons)\n" }
            rows += frame.stars.count
            progress(index + 1, frameCount)
        }
        try Data(truth.utf8).write(to: folder.appending(path: "truth.csv"), options: .atomic)
        if field.cosmicRayCount > 0 {
            try Data(rays.utf8).write(to: folder.appending(path: "cosmic_rays.csv"), options: .atomic)
        }
        return Summary(
            out: folder.path, scenario: name, seed: field.seed, frames: frameCount, truthRows: rows,
            backgroundVarianceElectrons: field.backgroundVariance, bayer: field.colours?.pattern.rawValue)
    }

    private static let truthColumns =
        "frame,star,x,y,flux_electrons,matched_snr,flux_err_place_known,flux_err,x_err,y_err,fwhm_px,ellipticity,"
        + "theta_deg\n"

    private static let colourColumns = "frame,star,x,y,flux_tr,flux_tg,flux_tb,fwhm_px,ellipticity,theta_deg\n"

    /// Places and sizes are the mosaic's.
    private func colourLine(_ star: TestStar, frame: String) -> String {
        let numbers =
            [star.x, star.y] + BayerChannel.allCases.map { field.flux(of: star, in: $0) }
            + [star.image.fwhmPixels, star.image.ellipticity, star.image.thetaDegrees]
        return "\(frame),\(star.id)," + numbers.map { "\($0)" }.joined(separator: ",") + "\n"
    }

    private func line(_ star: TestStar, frame: String) -> String {
        let bounds = star.bounds
        let numbers = [
            star.x, star.y, star.fluxElectrons, bounds.matchedFilterSignalToNoise, bounds.fluxErrorPlaceKnown,
            bounds.fluxError, bounds.xError, bounds.yError, star.image.fwhmPixels, star.image.ellipticity,
            star.image.thetaDegrees,
        ]
        return "\(frame),\(star.id)," + numbers.map { "\($0)" }.joined(separator: ",") + "\n"
    }

    /// The fixed pattern itself, as if from endlessly many frames: bias [ADU], dark without bias [ADU], flat.
    private func writeMasters(of detector: SimulatedDetector, to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let instrument = field.instrument
        let scale = Float(field.exposureSeconds / instrument.gain)
        let dark = Image<ADU>(
            width: instrument.width, height: instrument.height, pixels: detector.darkCurrent.pixels.map { $0 * scale })
        var darkHeader = header(kind: "Dark Frame", seconds: field.exposureSeconds)
        darkHeader.append("CALSTAT", .string("B"), comment: "free of bias")
        try FITSWriter.write(
            image: detector.bias, header: header(kind: "Bias Frame", seconds: 0),
            to: folder.appending(path: "bias.fits").path)
        try FITSWriter.write(image: dark, header: darkHeader, to: folder.appending(path: "dark.fits").path)
        try FITSWriter.write(
            image: field.lampLight(on: detector.flat), header: header(kind: "Flat Field", seconds: 1),
            to: folder.appending(path: "flat.fits").path)
    }

    private func header(kind: String, seconds: Double) -> Header {
        var header = Header()
        header.append("DATE-OBS", .string("2026-03-20T22:00:00.000"), comment: "UTC, start of exposure")
        header.append("EXPTIME", .real(seconds), comment: "[s]")
        header.append("IMAGETYP", .string(kind))
        header.append("INSTRUME", .string(field.instrument.name))
        if let colours = field.colours {
            header.append("BAYERPAT", .string(colours.pattern.rawValue))
            header.append("SATURATE", .real(field.instrument.saturationADU), comment: "[adu]")
        } else {
            header.append("FILTER", .string(field.instrument.filter))
        }
        header.append("EGAIN", .real(field.instrument.gain), comment: "[e-/ADU]")
        header.append("RDNOISE", .real(field.instrument.readNoiseElectrons), comment: "[e-]")
        return header
    }
}
