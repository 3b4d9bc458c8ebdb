internal import CKernels
internal import Imaging

/// signal = gain * (raw - bias - k * dark) / flat, row by row, and the mask that goes with it.
///
/// Computed in double precision and rounded once, so that hot pixels lose nothing to cancellation: the signal is the
/// nearest Float but for one in 10^8 cases. That costs no time: memory is slower. A missing master is a row of
/// constants that every row shares.
struct SignalKernel {
    let pedestal: Pedestal
    let flat: Master<Relative>?
    let gain: Double
    let saturation: Float
    let lowestFlat: Float
    var threads = 1

    /// What is read and written for each pixel [bytes].
    var bytesPerPixel: Int {
        let masters = [pedestal.bias != nil, pedestal.dark != nil, flat != nil].count { $0 }
        return 4 + masters * (4 + 2) + 4 + 2
    }

    func apply(to raw: Image<ADU>) -> (signal: Image<Electron>, mask: Mask) {
        let (width, height) = (raw.width, raw.height)
        let rows = SignalRows(pedestal: pedestal, flat: flat, raw: raw)
        var rule = kernel_signal_rule(
            gain: gain, dark_scale: pedestal.darkScale, saturation: saturation, lowest_flat: lowestFlat,
            saturated: PixelFlags.saturated.rawValue, low_flat: PixelFlags.lowFlat.rawValue,
            no_data: PixelFlags.noData.rawValue)
        var bits: [UInt16] = []
        let pixels = [Float](plane: width * height, threads: threads) { signal in
            bits = [UInt16](plane: width * height, threads: threads) { bits in
                withUnsafePointer(to: &rule) { rule in
                    parallelRows(height, threads: threads) { range in
                        for y in range {
                            rows.row(y) { row in
                                kernel_signal(
                                    row, rule, signal.baseAddress! + y * width, bits.baseAddress! + y * width, width)
                            }
                        }
                    }
                }
            }
        }
        return (
            Image(width: width, height: height, pixels: pixels), Mask(width: width, height: height, bits: bits)
        )
    }
}

/// The rows that the signal is made of.
private struct SignalRows {
    private let raw: Plane<Float>
    private let bias: Plane<Float>
    private let dark: Plane<Float>
    private let flat: Plane<Float>
    private let biasBits: Plane<UInt16>
    private let darkBits: Plane<UInt16>
    private let flatBits: Plane<UInt16>

    init(pedestal: Pedestal, flat: Master<Relative>?, raw: Image<ADU>) {
        let width = raw.width
        self.raw = Plane(raw.pixels, width: width, absent: 0)
        bias = Plane(pedestal.bias?.image.pixels, width: width, absent: 0)
        dark = Plane(pedestal.dark?.image.pixels, width: width, absent: 0)
        self.flat = Plane(flat?.image.pixels, width: width, absent: 1)
        biasBits = Plane(pedestal.bias?.mask.bits, width: width, absent: 0)
        darkBits = Plane(pedestal.dark?.mask.bits, width: width, absent: 0)
        flatBits = Plane(flat?.mask.bits, width: width, absent: 0)
    }

    func row(_ y: Int, _ body: (UnsafePointer<kernel_signal_row>) -> Void) {
        raw.row(y) { raw in
            bias.row(y) { bias in
                dark.row(y) { dark in
                    flat.row(y) { flat in
                        biasBits.row(y) { biasBits in
                            darkBits.row(y) { darkBits in
                                flatBits.row(y) { flatBits in
                                    let row = kernel_signal_row(
                                        raw: raw, bias: bias, dark: dark, flat: flat, bias_bits: biasBits,
                                        dark_bits: darkBits, flat_bits: flatBits)
                                    withUnsafePointer(to: row, body)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The rows of a plane, or one row of constants for a plane that is not there.
struct Plane<Element: BitwiseCopyable> {
    private let elements: [Element]
    private let stride: Int

    init(_ elements: [Element]?, width: Int, absent: Element) {
        self.elements = elements ?? [Element](repeating: absent, count: width)
        stride = elements == nil ? 0 : width
    }

    @inline(__always)
    func row(_ y: Int, _ body: (UnsafePointer<Element>) -> Void) {
        elements.withUnsafeBufferPointer { body($0.baseAddress! + y * stride) }
    }
}
