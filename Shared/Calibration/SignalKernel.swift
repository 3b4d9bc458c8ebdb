internal import CKernels
internal import Imaging

/// signal = gain * (raw - bias - k * dark) / flat, row by row, and the mask that goes with it.
///
/// Computed in double precision and rounded once, so that hot pixels lose nothing to cancellation: the signal is the
/// nearest Float but for one in 10^8 cases. That costs no time: memory is slower. A missing master is a row of
/// constants that every row shares.
struct SignalKernel {
    let pedestal: LightPedestal
    let flat: MasterPlanes<Relative>?
    let gain: Double
    let saturation: Float
    let lowestFlat: Float
    var threads = 1

    /// What is read and written for each pixel [bytes].
    var bytesPerPixel: Int {
        let masters = [pedestal.bias != nil, pedestal.dark != nil, flat != nil].count { $0 }
        return 4 + masters * (4 + 2) + 4 + 2
    }

    /// - Throws: `masterNotReadable`.
    func apply(to raw: Image<ADU>) throws(CalibrationError) -> (signal: Image<Electron>, mask: Mask) {
        let (width, height) = (raw.width, raw.height)
        let fault = FirstFault()
        var bits: [UInt16] = []
        let pixels = [Float](plane: width * height, threads: threads) { signal in
            bits = [UInt16](plane: width * height, threads: threads) { bits in
                let target = SignalTarget(signal: signal.baseAddress!, bits: bits.baseAddress!, width: width)
                withMasters(of: raw) { raw, masters in
                    parallelRows(height, threads: threads) { range in
                        masters.fill(range, of: target, from: raw, rule, fault)
                    }
                }
            }
        }
        try fault.rethrow()
        return (
            Image(width: width, height: height, pixels: pixels), Mask(width: width, height: height, bits: bits)
        )
    }

    private var rule: kernel_signal_rule {
        kernel_signal_rule(
            gain: gain, dark_scale: pedestal.darkScale, saturation: saturation, lowest_flat: lowestFlat,
            saturated: PixelFlags.saturated.rawValue, low_flat: PixelFlags.lowFlat.rawValue,
            no_data: PixelFlags.noData.rawValue)
    }

    private func withMasters(of raw: Image<ADU>, _ body: (UnsafePointer<Float>, SignalMasters) -> Void) {
        raw.pixels.withUnsafeBufferPointer { pixels in
            PinnedMaster.with(pedestal.bias, width: raw.width, absent: 0) { bias in
                PinnedMaster.with(pedestal.dark, width: raw.width, absent: 0) { dark in
                    PinnedMaster.with(flat, width: raw.width, absent: 1) { flat in
                        body(pixels.baseAddress!, SignalMasters(bias: bias, dark: dark, flat: flat))
                    }
                }
            }
        }
    }
}

/// Where signal and mask go.
private struct SignalTarget {
    let signal: UnsafeMutablePointer<Float>
    let bits: UnsafeMutablePointer<UInt16>
    let width: Int
}

/// The masters that the signal is made with.
private struct SignalMasters {
    let bias: PinnedMaster
    let dark: PinnedMaster
    let flat: PinnedMaster

    func fill(
        _ range: Range<Int>, of target: SignalTarget, from raw: UnsafePointer<Float>, _ rule: kernel_signal_rule,
        _ fault: FirstFault
    ) {
        var rule = rule
        let width = target.width
        var (bias, dark) = (MasterCursor(bias, [.image, .bits]), MasterCursor(dark, [.image, .bits]))
        var flat = MasterCursor(flat, [.image, .bits])
        for rows in MasterCursor.bands(of: range, width: width) {
            do throws(CalibrationError) {
                try bias.move(to: rows)
                try dark.move(to: rows)
                try flat.move(to: rows)
            } catch {
                return fault.note(error, row: rows.lowerBound)
            }
            for y in rows {
                var row = kernel_signal_row(
                    raw: raw + y * width, bias: bias.image(y), dark: dark.image(y), flat: flat.image(y),
                    bias_bits: bias.bits(y), dark_bits: dark.bits(y), flat_bits: flat.bits(y))
                kernel_signal(&row, &rule, target.signal + y * width, target.bits + y * width, width)
            }
        }
    }
}
