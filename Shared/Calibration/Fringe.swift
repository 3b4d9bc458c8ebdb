public import Imaging

/// How strong a master fringe is in one frame.
public struct FringeScale: Sendable, Equatable {
    /// [e-] for a fringe relative to the sky.
    public var scale: Double
    public var error: Double
    /// Pairs of a bright and a dark place it was measured from.
    public var pairs: Int
}

/// A master fringe, relative to the sky, with the places its strength is measured at.
///
/// - Source: Snodgrass & Carry 2013, The Messenger 152, 14: the strength is the median over pairs of a bright and a
///   dark place of (light_bright - light_dark) / (fringe_bright - fringe_dark). Here the pairs choose themselves: of
///   each box of 48 px the highest and the lowest place of 5 x 5 px, where they differ by more than eight times their
///   error. The 13 pixels of one colour of the places' chessboard choose, the 12 of the other are measured: measured by
///   what chose them, extremes of a noisy master are too far apart, and the strength 5 % too small.
public struct FringeMaster: Sendable, Equatable {
    public var master: Master<Relative>
    private let pairs: [Pair]

    private struct Pair: Sendable, Equatable {
        var bright: Int
        var dark: Int
        var difference: Double
    }

    private static let half = 2

    public init(_ master: Master<Relative>) {
        self.master = master
        pairs = Self.pairs(of: master)
    }

    /// Places at which the strength is measured.
    public var pairCount: Int { pairs.count }

    /// With fewer usable places there is no strength.
    public static let fewestPairs = 5

    private static func pairs(of master: Master<Relative>) -> [Pair] {
        let image = master.image
        let box = 48
        guard let error = Robust.median(master.error.pixels) else { return [] }
        let sideError = Double(error) * (2.0 / 12).squareRoot()
        var found: [Pair] = []
        for y0 in stride(from: 0, to: max(image.height - box / 2, 1), by: box) {
            for x0 in stride(from: 0, to: max(image.width - box / 2, 1), by: box) {
                if let pair = pair(in: master, x0: x0, y0: y0, box: box, sideError: sideError) { found.append(pair) }
            }
        }
        // Ratios over small differences are mostly noise.
        let typical = Double(Robust.median(found.map { Float($0.difference) }) ?? 0)
        return found.filter { $0.difference >= 0.5 * typical }
    }

    private static func pair(
        in master: Master<Relative>, x0: Int, y0: Int, box: Int, sideError: Double
    ) -> Pair? {
        let image = master.image
        var (high, low): ((Double, Int)?, (Double, Int)?)
        for y in stride(from: max(y0, half), to: min(y0 + box, image.height - half), by: 2) {
            for x in stride(from: max(x0, half), to: min(x0 + box, image.width - half), by: 2) {
                guard let mean = mean(of: image, mask: master.mask, x: x, y: y, parity: 0) else { continue }
                let place = y * image.width + x
                if high.map({ mean > $0.0 }) ?? true { high = (mean, place) }
                if low.map({ mean < $0.0 }) ?? true { low = (mean, place) }
            }
        }
        guard let high, let low,
            let bright = Self.measured(image, master.mask, at: high.1),
            let dark = Self.measured(image, master.mask, at: low.1)
        else { return nil }
        return bright - dark > 8 * sideError ? Pair(bright: high.1, dark: low.1, difference: bright - dark) : nil
    }

    private static func measured<Unit>(_ image: Image<Unit>, _ mask: Mask, at place: Int) -> Double? {
        mean(of: image, mask: mask, x: place % image.width, y: place / image.width, parity: 1)
    }

    /// Mean of those of 5 x 5 px that lie an even (parity 0: 13 px) or odd (1: 12 px) number of steps from the middle;
    /// nil where one of the 25 is masked or no number.
    private static func mean<Unit>(of image: Image<Unit>, mask: Mask, x: Int, y: Int, parity: Int) -> Double? {
        var sum = 0.0
        for j in (y - half)...(y + half) {
            for i in (x - half)...(x + half) {
                let value = image[i, j]
                guard value.isFinite, mask[i, j].isEmpty else { return nil }
                if (i - x + j - y) & 1 == parity { sum += Double(value) }
            }
        }
        return sum / (parity == 0 ? 13 : 12)
    }

    /// Strength of the fringe in a calibrated frame; nil with fewer than five usable pairs.
    ///
    /// The error is 1.2533 times the clipped scatter of the ratios over the root of their number. Stars on a place make
    /// outliers, which the median does not see.
    public func scale(in frame: CalibratedFrame) -> FringeScale? { scale(in: frame.signal, mask: frame.mask) }

    private func scale(in signal: Image<Electron>, mask: Mask) -> FringeScale? {
        let ratios = pairs.compactMap { pair -> Float? in
            guard let bright = Self.measured(signal, mask, at: pair.bright),
                let dark = Self.measured(signal, mask, at: pair.dark)
            else { return nil }
            return Float((bright - dark) / pair.difference)
        }
        guard ratios.count >= Self.fewestPairs, let median = Robust.median(ratios),
            let scatter = Robust.clippedMoments(ratios)?.sigma
        else { return nil }
        return FringeScale(
            scale: Double(median), error: 1.2533 * scatter / Double(ratios.count).squareRoot(), pairs: ratios.count)
    }

    /// Subtracts the fringe, scaled to the frame: signal -= k F.
    ///
    /// A strength below three times its error is left alone, and nil: there is nothing to subtract, or nothing to
    /// measure it by. Pixels that the master does not know are marked `bad`.
    func subtract(from signal: inout Image<Electron>, mask: inout Mask) -> FringeScale? {
        guard let found = scale(in: signal, mask: mask), found.scale > 3 * found.error else { return nil }
        let scale = Float(found.scale)
        for i in master.image.pixels.indices {
            let fringe = master.image.pixels[i]
            if fringe.isFinite, master.error.pixels[i].isFinite {
                signal.pixels[i] -= scale * fringe
            } else {
                mask.bits[i] |= PixelFlags.bad.rawValue
            }
        }
        return found
    }

    /// Adds what subtracting left: variance += (k sigma_F)^2 + (F sigma_k)^2.
    func addVariance(of found: FringeScale, to variance: inout Image<ElectronSquared>) {
        let (scale, error) = (Float(found.scale), Float(found.error))
        for i in master.image.pixels.indices {
            let (fringe, fringeError) = (master.image.pixels[i], master.error.pixels[i])
            guard fringe.isFinite, fringeError.isFinite else { continue }
            variance.pixels[i] += scale * scale * fringeError * fringeError + fringe * fringe * error * error
        }
    }
}
