internal import CKernels
internal import PortableNumbers
internal import Testing

/// `kernel_resample_row` in plain Swift: the same sums in the same order.
private struct PlainRow {
    let frame: kernel_resample_frame
    let phases: [Float]

    func weights(_ fraction: Double) -> [Float] {
        let scaled = Float(fraction) * Float(KERNEL_RESAMPLE_PHASES)
        let phase = min(Int(scaled), Int(KERNEL_RESAMPLE_PHASES) - 1)
        return (0..<8).map { tap in
            let (low, high) = (phases[phase * 8 + tap], phases[phase * 8 + 8 + tap])
            return low + (high - low) * (scaled - Float(phase))
        }
    }

    private func sum(_ columns: [Float], _ pixel: (Int, Int) -> Float, _ weight: (Int) -> Float) -> Float {
        let terms = (0..<8).map { column in
            var total = pixel(0, column) * weight(0)
            for row in 1..<6 { total += pixel(row, column) * weight(row) }
            return total * columns[column]
        }
        return ((terms[0] + terms[4]) + (terms[2] + terms[6])) + ((terms[1] + terms[5]) + (terms[3] + terms[7]))
    }

    func at(_ x: Double, _ y: Double, factor: Float, minimum: Float) -> (Float, Float, UInt16) {
        let nothing = (Float.nan, Float.infinity, UInt16(1))
        let (right, top) = (Double(frame.width) - 0.5, Double(frame.height) - 0.5)
        guard x >= -0.5, x < right, y >= -0.5, y < top else { return nothing }
        let (across, up) = (x + 8, y + 8)
        let (column, row) = (Int(across), Int(up))
        let (fx, fy) = (across - Double(column), up - Double(row))
        let (columns, rows) = (weights(fx), weights(fy))
        let start = (row - 2) * frame.stride + column - 2
        var (weight, flags) = (Float(1), UInt16(0))
        if frame.touched[row * frame.stride + column] != 0 {
            weight = sum(columns, { Float(frame.counts[start + $0 * frame.stride + $1]) }, { rows[$0] })
            for j in (fx > 0.99 ? 1 : 0)...(fx > 0.01 ? 1 : 0) {
                for k in (fy > 0.99 ? 1 : 0)...(fy > 0.01 ? 1 : 0) {
                    flags |= frame.flags[(row + k) * frame.stride + column + j]
                }
            }
        }
        guard weight >= minimum else { return (.nan, .infinity, flags | 1) }
        let signal = sum(columns, { frame.signal[start + $0 * frame.stride + $1] }, { rows[$0] })
        let variance = sum(
            columns.map { $0 * $0 }, { frame.variance[start + $0 * frame.stride + $1] }, { rows[$0] * rows[$0] })
        let scale = factor / weight
        return (signal * scale, variance * (scale * scale), flags)
    }
}

@Suite struct KernelTwinTests {
    @Test("the kernel agrees with the plain sums bit for bit, beside holes and edges and outside")
    func twin() {
        let (width, height, stride) = (40, 30, 56)
        var random = SplitMix64(seed: 5)
        var (signal, variance) = ([Float](), [Float]())
        var (counts, flags, touched) = ([UInt8](), [UInt16](), [UInt8]())
        for _ in 0..<(stride * (height + 16)) {
            let isGood = Double.random(in: 0..<1, using: &random) < 0.9
            signal.append(isGood ? .random(in: -100..<1000, using: &random) : 0)
            variance.append(isGood ? .random(in: 0..<9, using: &random) : 0)
            counts.append(isGood ? 1 : 0)
            flags.append(UInt16.random(in: 0..<16, using: &random))
            touched.append(.random(in: 0...1, using: &random))
        }
        let phases = (0..<(1025 * 8)).map { $0 % 8 < 6 ? Float.random(in: -0.2..<1, using: &random) : 0 }
        let count = 4000
        var x = (0..<count).map { _ in Double.random(in: -2..<42, using: &random) }
        let y = (0..<count).map { $0 % 5 == 0 ? Double($0 % 30) : Double.random(in: -2..<32, using: &random) }
        let factor = (0..<count).map { _ in Float.random(in: 0.5..<2, using: &random) }
        (x[0], x[1], x[2], x[3]) = (.nan, .infinity, -0.5, 39.4999999999)
        let frame = kernel_resample_frame(
            signal: kept(signal), variance: kept(variance), counts: kept(counts), flags: kept(flags),
            touched: kept(touched), stride: stride, width: Int64(width), height: Int64(height))
        defer { free(frame) }
        let empty = [Float](repeating: 0, count: count)
        let places = kernel_resample_places(
            x: kept(x), y: kept(y), factor: kept(factor), signal: kept(empty), variance: kept(empty),
            flags: kept([UInt16](repeating: 0, count: count)))
        defer { free(places) }
        let filled = withUnsafePointer(to: frame) { frame in
            withUnsafePointer(to: places) { kernel_resample_row(frame, phases, $0, count, 0.5, 1) }
        }
        let plain = PlainRow(frame: frame, phases: phases)
        var expected = 0
        for i in 0..<count {
            let (s, v, f) = plain.at(x[i], y[i], factor: factor[i], minimum: 0.5)
            #expect(same(s, places.signal[i]) && same(v, places.variance[i]) && f == places.flags[i], "place \(i)")
            expected += s.isNaN ? 0 : 1
        }
        #expect(filled == expected && filled > 1000 && filled < count)
    }

    private func kept<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: values.count)
        copy.initialize(from: values, count: values.count)
        return copy
    }

    private func free(_ frame: kernel_resample_frame) {
        frame.signal.deallocate()
        frame.variance.deallocate()
        frame.counts.deallocate()
        frame.flags.deallocate()
        frame.touched.deallocate()
    }

    private func free(_ places: kernel_resample_places) {
        places.x.deallocate()
        places.y.deallocate()
        places.factor.deallocate()
        places.signal.deallocate()
        places.variance.deallocate()
        places.flags.deallocate()
    }

    /// Bits, or no number on both sides.
    private func same(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) }
}
