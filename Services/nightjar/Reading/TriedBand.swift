internal import Foundation
internal import Statistics

/// A band that was tried for a filter that does not say one, as the archiver keeps it.
struct TriedBand: Codable, Equatable {
    let band: String
    /// Scatter per root n: the least one wins [mag].
    let merit: Double?
    let scatterMagnitudes: Double?
    let stars: Int?
    /// Why it cannot be the one.
    let objection: String?

    /// "Johnson-Cousins V 0.0106 mag (58 stars)"
    var text: String {
        if let objection { return "\(band): \(objection)" }
        let value = merit.map { String(format: " %.4f mag", $0) } ?? ""
        return band + value + (stars.map { " (\($0) stars)" } ?? "")
    }

    /// Each band by the medians of its frames, the best first; those that no frame could take come last, with what the
    /// first frame had against them.
    ///
    /// - Returns: nil without frames.
    static func medians(_ frames: [[TriedBand]]) -> [TriedBand]? {
        guard !frames.isEmpty else { return nil }
        let bands = Dictionary(grouping: frames.joined(), by: \.band)
        let all = bands.sorted { $0.key < $1.key }.map { band, trials in
            let able = trials.filter { $0.objection == nil }
            let shown = able.isEmpty ? trials : able
            return TriedBand(
                band: band, merit: RobustStatistics.median(shown.compactMap(\.merit)),
                scatterMagnitudes: RobustStatistics.median(shown.compactMap(\.scatterMagnitudes)),
                stars: RobustStatistics.median(shown.compactMap { $0.stars.map(Double.init) }).map { Int($0) },
                objection: able.isEmpty ? trials.first?.objection : nil)
        }
        let (good, bad) = (all.filter { $0.objection == nil }, all.filter { $0.objection != nil })
        return good.sorted { ($0.merit ?? .infinity) < ($1.merit ?? .infinity) } + bad
    }
}
