public import FITS
public import Imaging
public import PSF

/// The model of a frame's star images as a file in PSFEx's layout, which SourceExtractor reads as well.
///
/// One binary table PSF_DATA with one row and one column PSF_MASK, a cube whose meaning its header says:
/// `PointSpreadPlanes`.
public enum PointSpreadFile {
    static let table = "PSF_DATA"
    static let column = "PSF_MASK"
    /// Cards of the frame that the file takes over: what it was of, and how it was taken.
    private static let kept = [
        "OBJECT", "FILTER", "FILTER1", "FILTER2", "FILTER3", "FILTNAM", "FILT-1", "DATE-OBS", "EXPTIME", "INSTRUME",
        "CAMERA", "DETECTOR", "TELESCOP", "NJRECIPE", "XBINNING", "YBINNING", "CCDXBIN", "CCDYBIN", "XBIN", "YBIN",
        "BINX", "BINY", "BINNING", "CCDSUM",
    ]

    /// - Parameter header: the frame's; what it was of is copied.
    public static func write(_ model: PointSpreadModel, frame header: Header, to path: String) throws(FITSError) {
        let planes = model.planes
        let about = kept.compactMap { keyword in header.cards.first { $0.keyword.uppercased() == keyword } }
        let cell = FITSCell(
            table: table, column: column, axes: [planes.side, planes.side, planes.planeCount], values: planes.values,
            header: Header(about + planes.header.cards))
        try cell.write(to: path)
    }

    /// Reads back what `write` wrote.
    ///
    /// - Throws: `FITSError` when the file cannot be read, `ForeignPointSpread` when its model is not one of ours.
    public static func read(_ path: String) throws -> PointSpreadModel { try readWithHeader(path).model }

    /// The model, and the header of its table with the cards of the frame that it was made from.
    ///
    /// - Throws: as `read`.
    public static func readWithHeader(_ path: String) throws -> (model: PointSpreadModel, header: Header) {
        var file = try FITSFile(reading: path)
        let cell = try file.readCell(ofTable: table)
        guard cell.axes.count == 3, cell.axes[0] == cell.axes[1],
            let model = PointSpreadModel(
                PointSpreadPlanes(
                    side: cell.axes[0], planeCount: cell.axes[2], values: cell.values, header: cell.header))
        else { throw ForeignPointSpread(path: path) }
        return (model, cell.header)
    }
}

/// A file whose PSF_DATA is not as `PointSpreadFile.write` writes it.
public struct ForeignPointSpread: Error, Equatable, CustomStringConvertible {
    public let path: String
    public var description: String { "\(path): PSF_DATA is not as nightjar measure --psf-out writes it" }
}
