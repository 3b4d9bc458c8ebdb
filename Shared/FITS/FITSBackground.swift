internal import CFITSIO
public import Imaging

extension FITSWriter {
    /// Writes what was taken for the sky of a frame: BACKGROUND, its level, as the primary image, and RMS, the scatter
    /// of single pixels, both [electron] as 32-bit floats.
    ///
    /// - Parameters:
    ///   - level, rms: of one shape.
    ///   - header: cards for the primary header; what describes the file's structure is left out.
    public static func write(
        background level: Image<Electron>, rms: Image<Electron>, header: Header, to path: String
    ) throws(FITSError) {
        precondition(level.width == rms.width && level.height == rms.height, "level and rms of one frame")
        var output = try FITSOutput(writing: path)
        let cards = unit(unitText(Electron.self)) + header.cards.filter { $0.keyword.uppercased() != "BUNIT" }
        try output.beginImage(
            type: FLOAT_IMG, width: level.width, height: level.height, name: "BACKGROUND", header: Header(cards))
        try output.write(pixels: level.pixels, type: TFLOAT)
        try output.beginImage(
            type: FLOAT_IMG, width: rms.width, height: rms.height, name: "RMS",
            header: Header(unit(unitText(Electron.self))))
        try output.write(pixels: rms.pixels, type: TFLOAT)
        try output.finish()
    }
}
