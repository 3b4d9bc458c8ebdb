internal import CFITSIO
public import Imaging

/// Writes frames. Every file is written under a temporary name and renamed; the same input gives the same bytes.
public enum FITSWriter {
    static let signalName = "SIGNAL"
    static let varianceName = "VARIANCE"
    static let maskName = "MASK"

    /// Writes three images: SIGNAL [electron] and VARIANCE [electron**2] as 32-bit floats, MASK as unsigned 16-bit
    /// flags.
    ///
    /// - Parameter header: cards for SIGNAL's (the primary) header; what describes the file's structure is left out.
    public static func write(
        frame: CalibratedFrame, header: Header, to path: String
    ) throws(FITSError) {
        let (width, height) = (frame.signal.width, frame.signal.height)
        var output = try FITSOutput(writing: path)
        let signalHeader = Header(unit("electron") + header.cards.filter { $0.keyword.uppercased() != "BUNIT" })
        try output.beginImage(type: FLOAT_IMG, width: width, height: height, name: signalName, header: signalHeader)
        try output.write(pixels: frame.signal.pixels, type: TFLOAT)
        try output.beginImage(
            type: FLOAT_IMG, width: width, height: height, name: varianceName, header: Header(unit("electron**2")))
        try output.write(pixels: frame.variance.pixels, type: TFLOAT)
        try output.beginImage(type: USHORT_IMG, width: width, height: height, name: maskName, header: maskHeader)
        try output.write(pixels: frame.mask.bits, type: TUSHORT)
        try output.finish()
    }

    /// Writes one image as 32-bit floats. BUNIT follows from the image's type.
    public static func write<Unit: PixelUnit>(
        image: Image<Unit>, header: Header, to path: String
    ) throws(FITSError) {
        var output = try FITSOutput(writing: path)
        let cards = unit(unitText(Unit.self)) + header.cards.filter { $0.keyword.uppercased() != "BUNIT" }
        try output.beginImage(
            type: FLOAT_IMG, width: image.width, height: image.height, name: nil, header: Header(cards))
        try output.write(pixels: image.pixels, type: TFLOAT)
        try output.finish()
    }

    /// Writes an exposure as cameras do: unsigned 16-bit integers (BITPIX 16, BZERO 32768), row-major, x fastest.
    public static func write(
        counts: [UInt16], width: Int, height: Int, header: Header, to path: String
    ) throws(FITSError) {
        precondition(width > 0 && height > 0 && counts.count == width * height, "an image needs width * height pixels")
        var output = try FITSOutput(writing: path)
        try output.beginImage(type: USHORT_IMG, width: width, height: height, name: nil, header: header)
        try output.write(pixels: counts, type: TUSHORT)
        try output.finish()
    }

    static func unit(_ text: String) -> [HeaderCard] {
        text.isEmpty ? [] : [HeaderCard(keyword: "BUNIT", value: .string(text), comment: "unit of the pixels")]
    }

    static func unitText<Unit: PixelUnit>(_ type: Unit.Type) -> String {
        switch ObjectIdentifier(type) {
        case ObjectIdentifier(ADU.self): "adu"
        case ObjectIdentifier(Electron.self): "electron"
        case ObjectIdentifier(ElectronSquared.self): "electron**2"
        default: ""
        }
    }

    /// The mask says itself what its bits mean.
    static var maskHeader: Header {
        Header(
            PixelFlags.registry.map { entry in
                HeaderCard(
                    keyword: "MASKBIT\(entry.flag.rawValue.trailingZeroBitCount)", value: .string(entry.name),
                    comment: entry.text)
            })
    }
}

extension FITSFile {
    /// Reads back what `FITSWriter.write(frame:header:to:)` wrote, bit for bit.
    ///
    /// - Throws: `missing` when SIGNAL, VARIANCE or MASK is not there or their shapes differ.
    public mutating func readCalibratedFrame() throws(FITSError) -> (frame: CalibratedFrame, header: Header) {
        let shape = try moveToFirstImage()
        let header = try readHeader(of: shape)
        try move(to: FITSWriter.signalName, shape: shape)
        let signal = try readFloats(shape.width * shape.height, blank: nil, isWorkedOn: true)
        try move(to: FITSWriter.varianceName, shape: shape)
        let variance = try readFloats(shape.width * shape.height, blank: nil, isWorkedOn: true)
        try move(to: FITSWriter.maskName, shape: shape)
        let bits = try readBits(shape.width * shape.height)
        let frame = CalibratedFrame(
            signal: Image(width: shape.width, height: shape.height, pixels: signal),
            variance: Image(width: shape.width, height: shape.height, pixels: variance),
            mask: Mask(width: shape.width, height: shape.height, bits: bits))
        return (frame, header)
    }

    /// Reads back an image that `FITSWriter.write(image:header:to:)` wrote, bit for bit.
    ///
    /// - Throws: `missing` when BUNIT is not the unit asked for.
    public mutating func readImage<Unit: PixelUnit>(
        of unit: Unit.Type
    ) throws(FITSError) -> (image: Image<Unit>, header: Header) {
        let shape = try moveToFirstImage()
        let header = try readHeader(of: shape)
        try requireUnit(unit, in: header)
        let pixels = try readFloats(shape.width * shape.height, blank: shape.bitsPerPixel < 0 ? nil : .nan)
        return (Image(width: shape.width, height: shape.height, pixels: pixels), header)
    }

    func requireUnit<Unit: PixelUnit>(_ unit: Unit.Type, in header: Header) throws(FITSError) {
        let (found, wanted) = (header.text("BUNIT") ?? "", FITSWriter.unitText(unit))
        guard found == wanted else {
            throw FITSError(
                file: path, action: "read an image", reason: .missing,
                detail: "BUNIT is '\(found)' where '\(wanted)' is wanted")
        }
    }

    func move(to name: String, shape: FITSImageShape) throws(FITSError) {
        var status: Int32 = 0
        var text = Array(name.utf8CString)
        ffmnhd(handle, IMAGE_HDU, &text, 0, &status)
        if status != 0 {
            throw FITSError(
                file: path, action: "find image \(name)", status: status, reason: .missing,
                detail: "not a calibrated frame: it has no \(name)")
        }
        var unit: Int32 = 0
        ffghdn(handle, &unit)
        try requireAllBytes(unit: Int(unit))
        guard try readAxes() == [shape.width, shape.height] else {
            throw FITSError(
                file: path, action: "read image \(name)", reason: .missing,
                detail: "its shape differs from the signal's")
        }
    }

    func readBits(_ count: Int) throws(FITSError) -> [UInt16] {
        var hasBlanks: Int32 = 0
        return try readPlane(count, of: UInt16.self, action: "read the mask") { first, piece, target, status in
            ffgpv(handle, TUSHORT, first, piece, nil, target, &hasBlanks, &status)
        }
    }

    /// Elements `start` to `start + count - 1`, counted from 0.
    func readBits(_ count: Int, from start: Int, into target: UnsafeMutablePointer<UInt16>) throws(FITSError) {
        var hasBlanks: Int32 = 0
        var status: Int32 = 0
        ffgpv(handle, TUSHORT, LONGLONG(start + 1), LONGLONG(count), nil, target, &hasBlanks, &status)
        try FITSError.check(status, file: path, action: "read the mask")
    }
}
