internal import CFITSIO
public import Imaging

extension FITSWriter {
    static let masterName = "MASTER"
    static let errorName = "ERROR"

    /// Writes a master: MASTER and ERROR (one standard deviation) as 32-bit floats in the same unit, MASK as flags.
    public static func write<Unit: PixelUnit>(
        image: Image<Unit>, error: Image<Unit>, mask: Mask, header: Header, to path: String
    ) throws(FITSError) {
        precondition(image.hasShape(of: error) && image.width == mask.width && image.height == mask.height)
        var output = try FITSOutput(writing: path)
        let unitCards = unit(unitText(Unit.self))
        let cards = unitCards + header.cards.filter { $0.keyword.uppercased() != "BUNIT" }
        let (width, height) = (image.width, image.height)
        try output.beginImage(type: FLOAT_IMG, width: width, height: height, name: masterName, header: Header(cards))
        try output.write(pixels: image.pixels, type: TFLOAT)
        try output.beginImage(type: FLOAT_IMG, width: width, height: height, name: errorName, header: Header(unitCards))
        try output.write(pixels: error.pixels, type: TFLOAT)
        try output.beginImage(type: USHORT_IMG, width: width, height: height, name: maskName, header: maskHeader)
        try output.write(pixels: mask.bits, type: TUSHORT)
        try output.finish()
    }
}

extension FITSFile {
    /// Reads back a master, bit for bit.
    ///
    /// - Throws: `missing` when a plane is not there, the shapes differ or BUNIT is not the unit asked for.
    public mutating func readMaster<Unit: PixelUnit>(
        of unit: Unit.Type
    ) throws(FITSError) -> (image: Image<Unit>, error: Image<Unit>, mask: Mask, header: Header) {
        let (image, header) = try readImage(of: unit)
        let shape = try moveToFirstImage()
        try move(to: FITSWriter.errorName, shape: shape)
        let error = try readFloats(shape.width * shape.height, blank: nil)
        try move(to: FITSWriter.maskName, shape: shape)
        let bits = try readBits(shape.width * shape.height)
        return (
            image, Image(width: shape.width, height: shape.height, pixels: error),
            Mask(width: shape.width, height: shape.height, bits: bits), header
        )
    }
}
