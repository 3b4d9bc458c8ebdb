internal import CKernels
internal import Glibc

/// How the value between pixels is found.
public enum ResamplingKernel: String, Sendable, CaseIterable {
    /// sinc(t) sinc(t / 3) for |t| < 3: keeps the sharpness of well-sampled stars; rings around undersampled ones.
    case lanczos3
    /// 1 - |t| for |t| < 1: never rings, smooths by up to half of the variance in each axis.
    case bilinear
    /// The nearest pixel: keeps values, moves them by up to half a pixel.
    case nearest

    /// Weights of the six taps -2 ... +3 at a place `phase` after tap 0; their sum is 1.
    ///
    /// Lanczos' own sum differs from 1 by up to 1 %, which would put a ripple on the sky: it is divided out.
    /// - Parameter phase: 0 ... 1.
    func weights(phase: Double) -> [Double] {
        let taps = (-2...3).map { value(at: Double($0) - phase) }
        let sum = taps.reduce(0, +)
        return taps.map { $0 / sum }
    }

    private func value(at distance: Double) -> Double {
        switch self {
        case .lanczos3: return abs(distance) < 3 ? Self.sinc(distance) * Self.sinc(distance / 3) : 0
        case .bilinear: return max(0, 1 - abs(distance))
        case .nearest: return distance > -0.5 && distance <= 0.5 ? 1 : 0
        }
    }

    /// sin(pi t) / (pi t), exactly 0 and 1 at whole numbers.
    private static func sinc(_ t: Double) -> Double {
        if t == 0 { return 1 }
        return t == t.rounded() ? 0 : sin(.pi * t) / (.pi * t)
    }

    /// Weights of all phases, laid out for `kernel_resample_row`.
    func phaseTable() -> [Float] {
        let (phases, taps) = (Int(KERNEL_RESAMPLE_PHASES), Int(KERNEL_RESAMPLE_TAPS))
        var table = [Float](repeating: 0, count: (phases + 1) * taps)
        for phase in 0...phases {
            for (tap, weight) in weights(phase: Double(phase) / Double(phases)).enumerated() {
                table[phase * taps + tap] = Float(weight)
            }
        }
        return table
    }
}
