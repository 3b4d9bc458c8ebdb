internal import Imaging

/// signal = gain * (raw - bias - k * dark) / flat, row by row, and the mask that goes with it.
///
/// Computed in double precision and rounded once, so that hot pixels lose nothing to cancellation. A missing master
/// is a row of constants that every row shares.
struct SignalKernel {
    let pedestal: Pedestal
    let flat: Master<Relative>?
    let gain: Double
    let saturation: Float
    let lowestFlat: Float

    func apply(to raw: Image<ADU>) -> (signal: Image<Electron>, mask: Mask) {
        let width = raw.width
        let bias = Plane(pedestal.bias?.image.pixels, width: width, absent: 0)
        let dark = Plane(pedestal.dark?.image.pixels, width: width, absent: 0)
        let flat = Plane(self.flat?.image.pixels, width: width, absent: 1)
        let biasBits = BitPlane(pedestal.bias?.mask.bits, width: width)
        let darkBits = BitPlane(pedestal.dark?.mask.bits, width: width)
        let flatBits = BitPlane(self.flat?.mask.bits, width: width)
        let count = width * raw.height
        var bits = [UInt16](unsafeUninitializedCapacity: count) { $1 = count }
        let pixels = [Float](unsafeUninitializedCapacity: count) { signal, used in
            bits.withUnsafeMutableBufferPointer { bits in
                raw.pixels.withUnsafeBufferPointer { raw in
                    for y in 0..<(count / width) {
                        let rawRow = raw.baseAddress! + y * width
                        let signalRow = signal.baseAddress! + y * width
                        let bitRow = bits.baseAddress! + y * width
                        bias.row(y) { bias in
                            dark.row(y) { dark in
                                flat.row(y) { flat in
                                    signalOf(rawRow, bias, dark, flat, width, into: signalRow)
                                    flagsOf(rawRow, signalRow, flat, width, into: bitRow)
                                }
                            }
                        }
                        biasBits.merge(row: y, into: bitRow)
                        darkBits.merge(row: y, into: bitRow)
                        flatBits.merge(row: y, into: bitRow)
                    }
                }
            }
            used = count
        }
        return (
            Image(width: width, height: raw.height, pixels: pixels),
            Mask(width: width, height: raw.height, bits: bits)
        )
    }

    @inline(__always)
    private func signalOf(
        _ raw: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ dark: UnsafePointer<Float>,
        _ flat: UnsafePointer<Float>, _ width: Int, into signal: UnsafeMutablePointer<Float>
    ) {
        let scale = pedestal.darkScale
        for x in 0..<width {
            let above = Double(raw[x]) - Double(bias[x]) - scale * Double(dark[x])
            signal[x] = Float(gain * above / Double(flat[x]))
        }
    }

    @inline(__always)
    private func flagsOf(
        _ raw: UnsafePointer<Float>, _ signal: UnsafePointer<Float>, _ flat: UnsafePointer<Float>, _ width: Int,
        into bits: UnsafeMutablePointer<UInt16>
    ) {
        let saturated = PixelFlags.saturated.rawValue
        let low = PixelFlags.lowFlat.rawValue
        let missing = PixelFlags.noData.rawValue
        let largest = Float.greatestFiniteMagnitude
        for x in 0..<width {
            var flags: UInt16 = raw[x] >= saturation ? saturated : 0
            flags |= flat[x] >= lowestFlat ? 0 : low
            flags |= abs(signal[x]) <= largest ? 0 : missing
            bits[x] = flags
        }
    }
}

/// The rows of an image, or one row of constants for an image that is not there.
struct Plane {
    private let pixels: [Float]
    private let stride: Int

    init(_ pixels: [Float]?, width: Int, absent: Float) {
        self.pixels = pixels ?? [Float](repeating: absent, count: width)
        stride = pixels == nil ? 0 : width
    }

    @inline(__always)
    func row(_ y: Int, _ body: (UnsafePointer<Float>) -> Void) {
        pixels.withUnsafeBufferPointer { body($0.baseAddress! + y * stride) }
    }
}

/// The rows of a mask that may not be there.
struct BitPlane {
    private let bits: [UInt16]?
    private let width: Int

    init(_ bits: [UInt16]?, width: Int) {
        self.bits = bits
        self.width = width
    }

    @inline(__always)
    func merge(row y: Int, into row: UnsafeMutablePointer<UInt16>) {
        guard let bits else { return }
        bits.withUnsafeBufferPointer { all in
            let source = all.baseAddress! + y * width
            for x in 0..<width { row[x] |= source[x] }
        }
    }
}
