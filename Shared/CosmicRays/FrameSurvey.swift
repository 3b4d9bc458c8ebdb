internal import Imaging

/// What every search for artefacts begins with.
struct FrameSurvey {
    /// 1 where a pixel carries no measurement.
    let excluded: [UInt8]
    let sky: SkyMesh

    init(_ frame: CalibratedFrame) {
        excluded = frame.withoutMeasurement()
        sky = SkyMesh(frame.signal, excluded: excluded)
    }
}

extension CalibratedFrame {
    /// 1 where a pixel carries no measurement.
    func withoutMeasurement() -> [UInt8] {
        let bad = PixelFlags.withoutMeasurement.rawValue
        let count = mask.bits.count
        return [UInt8](unsafeUninitializedCapacity: count) { excluded, used in
            used = count
            mask.bits.withUnsafeBufferPointer { bits in
                signal.pixels.withUnsafeBufferPointer { signal in
                    variance.pixels.withUnsafeBufferPointer { variance in
                        for index in 0..<count {
                            // Without short cuts, so that the loop runs on vectors.
                            var faults: UInt8 = bits[index] & bad == 0 ? 0 : 1
                            faults |= abs(signal[index]) < 1e12 ? 0 : 1
                            faults |= variance[index] > 0 ? 0 : 1
                            faults |= variance[index] < 1e24 ? 0 : 1
                            excluded[index] = faults
                        }
                    }
                }
            }
        }
    }
}
