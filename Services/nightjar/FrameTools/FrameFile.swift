internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments

/// A file as one step sees it: its image, or the channel of a mosaic that the document asks for.
struct FrameFile: ~Copyable {
    private var file: FITSFile
    private let path: String
    private let document: InstrumentDocument
    private var found: (shape: FITSImageShape, header: Header)?
    private var colour: ColourMosaic?

    /// What the user should know of its colours.
    var notes: [String] { colour?.doubts.map(\.description) ?? [] }

    /// A file `light.fits` that is not there may be `light.TG.fits`, one of three that a step before has written.
    init(_ path: String, _ document: InstrumentDocument) throws {
        self.path = path
        self.document = document
        file = try FITSFile(reading: Self.place(path, of: document.channel))
    }

    static func place(_ path: String, of channel: BayerChannel?) -> String {
        guard let channel, !FileManager.default.fileExists(atPath: path) else { return path }
        let own = OutputPlace.path(path, of: channel)
        return FileManager.default.fileExists(atPath: own) ? own : path
    }

    /// - Returns: the shape of the channel, where it is one.
    /// - Throws: `FITSError`; `FrameError` where the file is another channel than the one asked for, none, or all.
    mutating func moveToFirstImage() throws -> FITSImageShape {
        let shape = try file.moveToFirstImage()
        let header = try file.readHeader(of: shape)
        colour = try Self.mosaic(header, shape, path, document)
        if let colour, document.channel == nil {
            throw FrameError(
                path,
                "a \(colour.mosaic.pattern.rawValue) mosaic of three colours: choose one by --channel TR, TG or TB")
        }
        if colour == nil { try requireChannel(header) }
        found = (shape, header)
        return colour.map { shape.channel(of: $0.mosaic) } ?? shape
    }

    private func requireChannel(_ header: Header) throws {
        let own = BayerMosaic.channel(in: header)?.channel.rawValue ?? header.text("READOUT")
        let isOurs = own != nil || header.text("MASTERID") != nil
        switch (document.channel?.rawValue, own) {
        case (let wanted?, let own?) where wanted != own: throw FrameError(path, "this is \(own), not \(wanted)")
        case (let wanted?, nil):
            throw FrameError(
                path,
                isOurs
                    ? "a master of frames that are no mosaic, not of \(wanted)"
                    : "it is no mosaic (no BAYERPAT, and no bayer in the instrument document), so it has no \(wanted)")
        case (nil, let own?) where isOurs && header.text("MASTERID") != nil:
            throw FrameError(path, "a master of \(own), for frames that are no mosaic")
        default: return
        }
    }

    mutating func readHeader(of shape: FITSImageShape) throws -> Header {
        let header = try file.readHeader(of: found?.shape ?? shape)
        guard let colour, let channel = document.channel else { return header }
        return colour.mosaic.header(of: channel, from: header, filter: colour.filter(of: channel)).header
    }

    mutating func readPixels(of shape: FITSImageShape, threads: Int = 1) throws -> Image<ADU> {
        let pixels = try file.readPixels(of: found?.shape ?? shape, threads: threads)
        guard let colour, let channel = document.channel else { return pixels }
        return colour.mosaic.split(pixels, channel, saturation: colour.saturationADU)
    }

    mutating func firstImage() throws -> (shape: FITSImageShape, header: Header, pixels: Image<ADU>) {
        let shape = try moveToFirstImage()
        return (shape, try readHeader(of: shape), try readPixels(of: shape))
    }

    /// Size and header of the image in the file, of the whole mosaic where it is one; after `moveToFirstImage`.
    var whole: (shape: FITSImageShape, header: Header)? { found }

    /// Where in the file a pixel of the channel is; the same place where there is none.
    func placeInFile(x: Double, y: Double) -> (x: Double, y: Double) {
        guard let colour, let channel = document.channel else { return (x, y) }
        let centre = colour.mosaic.centre(of: channel)
        return (2 * x + centre.x, 2 * y + centre.y)
    }

    /// Writes a copy of the whole file with other cards of its image; after `moveToFirstImage`.
    mutating func writeCopy(to place: String, changing change: (Header) -> Header) throws {
        guard let found else { return }
        try file.writeCopy(to: place, of: found.shape, changing: change)
    }

    static func firstImage(
        _ path: String, _ document: InstrumentDocument
    ) throws -> (shape: FITSImageShape, header: Header, pixels: Image<ADU>, notes: [String]) {
        var file = try FrameFile(path, document)
        let image = try file.firstImage()
        return (image.shape, image.header, image.pixels, file.notes)
    }

    mutating func readCalibratedFrame() throws -> (frame: CalibratedFrame, header: Header) {
        try file.readCalibratedFrame()
    }

    mutating func readMaster<Unit: PixelUnit>(
        of unit: Unit.Type
    ) throws -> (image: Image<Unit>, error: Image<Unit>, mask: Mask, header: Header) {
        try file.readMaster(of: unit)
    }

    /// The pixels that have been read, by rows; nil where they cannot be had so, as of one channel of a mosaic.
    mutating func rows(of shape: FITSImageShape) throws -> FITSRows? {
        colour == nil ? try file.rows(of: found?.shape ?? shape) : nil
    }

    /// The planes of a master of ours, by rows; nil where they cannot be had so.
    mutating func masterRows<Unit: PixelUnit>(of unit: Unit.Type) throws -> FITSMasterRows? {
        try file.masterRows(of: unit)
    }

    private static func mosaic(
        _ header: Header, _ shape: FITSImageShape, _ path: String, _ document: InstrumentDocument
    ) throws -> ColourMosaic? {
        // Our own products say nothing of a pattern; the document may.
        guard header.text("MASTERID") == nil, !LoadedFrame.isCalibrated(header) else { return nil }
        do {
            return try ColourMosaic(of: header, width: shape.width, height: shape.height, instrument: document)
        } catch {
            throw FrameError(path, error.text)
        }
    }

    // MARK: One file, three views

    static let option = Option(
        "channel", "TR|TG|TB", "one channel of a colour camera's frames (default: each by itself)")

    /// The document, with the channel that the command asks for.
    static func document(_ arguments: Arguments) throws -> InstrumentDocument {
        var document = try InstrumentOption.read(arguments)
        guard let name = arguments.text("channel") else { return document }
        guard let channel = BayerChannel(rawValue: name.uppercased()) else {
            throw UsageError("--channel \(name): give TR, TG or TB")
        }
        document.channel = channel
        return document
    }

    /// The documents by which a file is read: one, or one for each channel of a mosaic when none was asked for.
    static func views(of path: String, _ document: InstrumentDocument) throws -> [InstrumentDocument] {
        guard document.channel == nil else { return [document] }
        var file = try FITSFile(reading: path)
        let shape = try file.moveToFirstImage()
        let header = try file.readHeader(of: shape)
        guard try mosaic(header, shape, path, document) != nil else { return [document] }
        return BayerChannel.allCases.map { channel in
            var view = document
            view.channel = channel
            return view
        }
    }

    /// The documents by which files of one camera are read: as the first that can be read tells.
    ///
    /// - Throws: what is wrong with the last file, where none can be read.
    static func views(ofAny paths: [String], _ document: InstrumentDocument) throws -> [InstrumentDocument] {
        for path in paths.dropLast() {
            do { return try views(of: path, document) } catch { continue }
        }
        return try paths.last.map { try views(of: $0, document) } ?? [document]
    }
}
