internal import CFITSIO
public import Imaging

/// What the file says about the image it holds, before any pixel is read.
public struct FITSImageShape: Sendable, Equatable {
    /// Number of the header-data unit, counted from 1.
    public let unit: Int
    public let width: Int
    public let height: Int
    /// As stored: 8, 16, 32, 64 (integers), -32, -64 (floating point).
    public let bitsPerPixel: Int
    /// Tile-compressed (`.fz`).
    public let isTileCompressed: Bool

    /// That of one channel of a mosaic.
    public func channel(of mosaic: BayerMosaic) -> FITSImageShape {
        FITSImageShape(
            unit: unit, width: mosaic.channelWidth, height: mosaic.channelHeight, bitsPerPixel: bitsPerPixel,
            isTileCompressed: isTileCompressed)
    }
}

/// The first image of a file, with its header.
public struct FITSImage: Sendable {
    public let shape: FITSImageShape
    /// The image's own header, followed by what only the primary header says.
    public let header: Header
    public let pixels: Image<ADU>

    /// One channel of a mosaic, as if the file held nothing else.
    ///
    /// - Parameters:
    ///   - mosaic: of this image's size.
    ///   - filter: what FILTER says in the result.
    ///   - saturationADU: level from which a pixel is saturated; nil where it is not known.
    public func channel(
        _ channel: BayerChannel, of mosaic: BayerMosaic, filter: String?, saturationADU: Double?
    ) -> (image: FITSImage, remarks: [String]) {
        let (header, remarks) = mosaic.header(of: channel, from: header, filter: filter)
        let pixels = mosaic.split(pixels, channel, saturation: saturationADU)
        return (FITSImage(shape: shape.channel(of: mosaic), header: header, pixels: pixels), remarks)
    }
}

extension FITSFile {
    /// Reads header and pixels of the first two-dimensional image. See `moveToFirstImage`, `readHeader`, `readPixels`.
    public mutating func firstImage() throws(FITSError) -> FITSImage {
        let shape = try moveToFirstImage()
        let header = try readHeader(of: shape)
        return FITSImage(shape: shape, header: header, pixels: try readPixels(of: shape))
    }

    /// Finds the first header-data unit with an image of at least two axes, and checks its size and completeness.
    ///
    /// Units without data, tables, one-dimensional arrays and images of zero size are passed over. Third and higher
    /// axes must have length 1.
    ///
    /// - Throws: `notTwoDimensional` for a cube, `emptyImage` or `noImage` when there is nothing to measure,
    ///   `tooLarge`,
    ///   `truncated` when any unit up to the image is shorter than its header promises.
    public mutating func moveToFirstImage() throws(FITSError) -> FITSImageShape {
        var sawEmpty: Int?
        for unit in 1...Self.maximumUnitCount {
            guard try move(toUnit: unit) else { break }
            try requireAllBytes(unit: unit)
            guard try isImage() else { continue }
            let axes = try readAxes()
            guard axes.count >= 2 else { continue }
            if axes.contains(0) {
                sawEmpty = sawEmpty ?? unit
                continue
            }
            return try shape(unit: unit, axes: axes)
        }
        if let sawEmpty {
            throw FITSError(
                file: path, action: "find an image", reason: .emptyImage,
                detail: "the image in unit \(sawEmpty) has an axis of length 0")
        }
        throw FITSError(
            file: path, action: "find an image", reason: .noImage, detail: "no unit holds a two-dimensional image")
    }

    /// Header of the image's unit, merged with the primary header: the image's own card outranks the primary's.
    public mutating func readHeader(of shape: FITSImageShape) throws(FITSError) -> Header {
        guard try move(toUnit: shape.unit) else { throw unitMissing(shape.unit) }
        let own = try readCards()
        guard shape.unit > 1, try move(toUnit: 1) else { return Header(own) }
        let primary = try readCards()
        guard try move(toUnit: shape.unit) else { throw unitMissing(shape.unit) }
        var known = Set(own.map(\.keyword))
        known.subtract(Self.commentary)
        return Header(own + primary.filter { !known.contains($0.keyword) && !Self.structural.contains($0.keyword) })
    }

    /// Pixels as the file means them, BSCALE * stored + BZERO; NaN where the file holds BLANK, NaN or an infinity, or a
    /// value beyond the range of `Float`. Integers above 2^24 are rounded to 24 bits.
    ///
    /// The same pixels come out of a plain file and of its losslessly compressed twins, so that their hashes agree.
    ///
    /// - Parameter threads: that share an uncompressed image of 16-bit integers; the pixels do not depend on it.
    public mutating func readPixels(of shape: FITSImageShape, threads: Int = 1) throws(FITSError) -> Image<ADU> {
        guard try move(toUnit: shape.unit) else { throw unitMissing(shape.unit) }
        if let pixels = try readPlainIntegers(of: shape, threads: threads) {
            return Image(width: shape.width, height: shape.height, pixels: pixels)
        }
        var pixels = try readFloats(shape.width * shape.height)
        if shape.bitsPerPixel < 0 {
            pixels.withUnsafeMutableBufferPointer { pixels in
                for index in pixels.indices { pixels[index] = pixels[index].isFinite ? pixels[index] : .nan }
            }
        }
        return Image(width: shape.width, height: shape.height, pixels: pixels)
    }

    /// - Parameters:
    ///   - blank: what stands for "no value"; nil leaves floating-point values as they are, infinities too.
    ///   - isWorkedOn: whether the plane is one of a frame about to be measured, and goes to large pages: read in a
    ///     third less time. With raw frame and masters in large pages too, what follows took longer (measured).
    mutating func readFloats(
        _ count: Int, blank: Float? = .nan, isWorkedOn: Bool = false
    ) throws(FITSError) -> [Float] {
        var overflowed = false
        let pixels = try readPlane(
            count, of: Float.self, inLargePages: isWorkedOn, action: "read pixels"
        ) { first, piece, target, status in
            readFloats(first, piece, target, blank, &overflowed, &status)
        }
        hasOverflows = overflowed
        return overflowed ? pixels.map { abs($0) == .greatestFiniteMagnitude ? .nan : $0 } : pixels
    }

    /// Elements `start` to `start + count - 1`, counted from 0, with overflows left as cfitsio gives them.
    func readFloats(
        _ count: Int, from start: Int, into target: UnsafeMutablePointer<Float>, blank: Float?
    ) throws(FITSError) -> Bool {
        var overflowed = false
        var status: Int32 = 0
        readFloats(LONGLONG(start + 1), LONGLONG(count), target, blank, &overflowed, &status)
        try FITSError.check(status, file: path, action: "read pixels")
        return overflowed
    }

    private func readFloats(
        _ first: LONGLONG, _ count: LONGLONG, _ target: UnsafeMutablePointer<Float>, _ blank: Float?,
        _ overflowed: inout Bool, _ status: inout Int32
    ) {
        // cfitsio writes through the last pointer without looking when a tile holds blanks: it must not be nil.
        var hasBlanks: Int32 = 0
        var value = blank ?? 0
        if blank != nil {
            ffgpv(handle, TFLOAT, first, count, &value, target, &hasBlanks, &status)
        } else {
            ffgpv(handle, TFLOAT, first, count, nil, target, &hasBlanks, &status)
        }
        if status == NUM_OVERFLOW {
            ffcmsg()
            (overflowed, status) = (true, 0)
        }
    }

    /// Elements 1 to `count` of the image, in pieces that stay in the processor's cache while cfitsio turns their bytes
    /// round; a compressed image at once, since its tiles would be unpacked again for each piece.
    ///
    /// - Parameter read: the number of the first element, how many, where to.
    func readPlane<Element: BitwiseCopyable>(
        _ count: Int, of element: Element.Type, inLargePages: Bool = true, action: String,
        _ read: (LONGLONG, LONGLONG, UnsafeMutablePointer<Element>, inout Int32) -> Void
    ) throws(FITSError) -> [Element] {
        var status: Int32 = 0
        let isCompressed = fits_is_compressed_image(handle, &status) != 0
        let most = isCompressed ? max(count, 1) : 1 << 16
        func fill(_ plane: UnsafeMutableBufferPointer<Element>) {
            for first in stride(from: 0, to: count, by: most) where status == 0 {
                guard let base = plane.baseAddress else { return }
                read(LONGLONG(first + 1), LONGLONG(min(most, count - first)), base + first, &status)
            }
        }
        let elements =
            inLargePages
            ? [Element](plane: count, fill: fill)
            : [Element](unsafeUninitializedCapacity: count) { buffer, initializedCount in
                fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                initializedCount = count
            }
        try FITSError.check(status, file: path, action: action)
        return elements
    }

    func isImage() throws(FITSError) -> Bool {
        var status: Int32 = 0
        var kind: Int32 = 0
        ffghdt(handle, &kind, &status)
        try FITSError.check(status, file: path, action: "read the kind of a unit")
        return kind == IMAGE_HDU
    }

    func readAxes() throws(FITSError) -> [Int] {
        var status: Int32 = 0
        var count: Int32 = 0
        ffgidm(handle, &count, &status)
        var axes = [LONGLONG](repeating: 0, count: max(0, min(Int(count), 99)))
        if !axes.isEmpty { ffgiszll(handle, Int32(axes.count), &axes, &status) }
        try FITSError.check(status, file: path, action: "read the image's axes")
        return axes.map(Int.init)
    }

    func readBitsPerPixel() throws(FITSError) -> Int {
        var status: Int32 = 0
        var type: Int32 = 0
        ffgidt(handle, &type, &status)
        try FITSError.check(status, file: path, action: "read BITPIX")
        return Int(type)
    }

    private func shape(unit: Int, axes: [Int]) throws(FITSError) -> FITSImageShape {
        guard axes.dropFirst(2).allSatisfy({ $0 == 1 }) else {
            let text = axes.map(String.init).joined(separator: " x ")
            throw FITSError(
                file: path, action: "find an image", reason: .notTwoDimensional,
                detail: "unit \(unit) holds a cube of \(text) pixels (NAXIS = \(axes.count))"
                    + (axes.last == 3 ? ", colours already separated or interpolated: hand in the raw mosaic" : ""))
        }
        let (count, overflow) = axes[0].multipliedReportingOverflow(by: axes[1])
        guard axes[0] > 0, axes[1] > 0, !overflow, count <= Self.maximumPixelCount else {
            throw FITSError(
                file: path, action: "find an image", reason: .tooLarge,
                detail: "unit \(unit) declares \(axes[0]) x \(axes[1]) pixels, the limit is \(Self.maximumPixelCount)")
        }
        var status: Int32 = 0
        let isCompressed = fits_is_compressed_image(handle, &status) != 0
        try FITSError.check(status, file: path, action: "read the compression")
        if isCompressed { try requirePlausible(pixelCount: count, unit: unit) }
        return FITSImageShape(
            unit: unit, width: axes[0], height: axes[1], bitsPerPixel: try readBitsPerPixel(),
            isTileCompressed: isCompressed)
    }

    /// Refuses a compressed image that declares far more pixels than its bytes can stand for, before memory is asked
    /// for: a run of PLIO_1 is at most 2048 pixels a byte, GZIP and RICE pack less.
    private func requirePlausible(pixelCount: Int, unit: Int) throws(FITSError) {
        guard let inner = handle.pointee.Fptr?.pointee else { return }
        let (rows, overflow) = inner.rowlength.multipliedReportingOverflow(by: inner.numrows)
        let (sum, tooMany) = max(0, rows).addingReportingOverflow(max(0, inner.heapsize))
        // A number beyond all bytes was made up, too.
        let byteCount = overflow || tooMany ? 0 : sum
        guard pixelCount / Self.maximumPixelsPerCompressedByte > byteCount else { return }
        throw FITSError(
            file: path, action: "find an image", reason: .corrupt,
            detail: "unit \(unit) declares \(pixelCount) pixels in \(byteCount) compressed bytes")
    }

    private static let maximumPixelsPerCompressedByte = 5000

    func unitMissing(_ unit: Int) -> FITSError {
        FITSError(file: path, action: "go back to unit \(unit)", reason: .missing, detail: "there is no such unit")
    }
}
