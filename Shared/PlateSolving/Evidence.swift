internal import Glibc

/// How much better than chance a match of stars is, as Bayesian evidence.
///
/// Stars of the frame are taken in even order. Under the match each is a false one with a probability d, spread like
/// the background; or it is catalogue star j with probability `(1 - d) w_j / W`, at its place with a Gaussian error.
/// The weights `w_j = 1 / (1 + rank)` expect the bright ones first at any depth of the catalogue; a star that has been
/// taken is taken out of W. d is integrated over 0 ... 1. Under chance all are spread like the background. Of the first
/// n stars k matched:
///
///     ln odds(n) = ln[k! (n - k)! / (n + 1)!] + sum over the k of ln[w_j / W * N(r; sigma) / background] - ln prior
///
/// `prior` is the volume of maps that were searched over the volume that the match leaves (Occam's factor): what a
/// search could have found by chance is paid for there. The best n counts, and costs ln(number of stars).
/// - Source: Lang et al. 2010, AJ 139, 1782, section 2.3, for the two models; MacKay 2003, Information Theory,
///   Inference
///   and Learning Algorithms, chapter 28, for the factor.
struct Evidence {
    /// ln n! for n up to the number of stars.
    private let logFactorials: [Double]

    init(stars: Int) {
        var sums = [0.0, 0.0]
        for number in stride(from: 2, through: stars + 2, by: 1) { sums.append(sums[number - 1] + log(Double(number))) }
        logFactorials = sums
    }

    /// A match of one star of the frame.
    struct Term {
        /// `ln[N(r; sigma) / background]`
        let gain: Double
        let weight: Double
    }

    /// - Parameters:
    ///   - terms: of every star in even order; `nil` where it has no partner.
    ///   - totalWeight: of all catalogue stars in the frame.
    /// - Returns: the greatest ln odds over n, without the prior.
    func logOdds(_ count: Int, totalWeight: Double, term: (Int) -> Term?) -> Double {
        var (left, gain, matched, best) = (totalWeight, 0.0, 0, -Double.infinity)
        for index in 0..<count {
            guard let found = term(index) else { continue }
            gain += found.gain + log(found.weight / max(left, found.weight))
            left -= found.weight
            matched += 1
            let all = index + 1
            let partition = logFactorials[matched] + logFactorials[all - matched] - logFactorials[all + 1]
            best = max(best, gain + partition)
        }
        return best - log(Double(max(1, count)))
    }
}

/// The maps that a search could have found.
struct SearchVolume {
    /// [px^2]
    let area: Double
    /// [rad]
    let rotation: Double
    /// Of the logarithm of the scale.
    let scale: Double
    /// 1, or 2 where mirrored maps are searched as well.
    let parities: Double

    /// Of stretches along an axis that a detector may have.
    static let stretch = 0.02

    /// ln of the searched volume over the volume that k stars leave; never negative.
    func logRatio(stars: Int, variance: Double, squaredRadius: Double, isAffine: Bool) -> Double {
        let mean = variance / Double(max(1, stars))
        let angle = (2 * Double.pi * mean / max(1, squaredRadius)).squareRoot()
        let shift = max(0, log(area / (2 * .pi * mean)))
        let shape = max(0, log(rotation / angle)) + max(0, log(scale / angle))
        let shear = isAffine ? 2 * max(0, log(Self.stretch / angle)) : 0
        return shift + shape + shear + log(parities)
    }
}
