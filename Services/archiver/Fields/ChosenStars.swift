internal import Foundation
internal import Imaging

/// Comparison stars for a target whose document names none: clean stars of the anchor frame, of a brightness like the
/// target's, bright ones first. The ensemble drops those that vary.
enum ChosenStars {
    static let count = 8
    private static let unusable: SourceFlags = [
        .saturated, .edge, .masked, .blended, .neighbour, .apertureTruncated, .noData, .centroidFailed, .sharp,
        .shapeFailed, .onExtendedLight,
    ]

    /// - Parameters:
    ///   - own: where the target is on the anchor frame.
    ///   - detections: of the anchor frame, brightest first.
    ///   - margin: how far from the frame's border and from the target a star must be [px].
    static func choose(
        besides own: StarPlace, among detections: [DetectedStar], width: Int, height: Int, margin: Double,
        anchor: String
    ) -> [StarPlace] {
        let target = detections.min { distance($0, own) < distance($1, own) }
        let flux = target.flatMap { distance($0, own) < margin ? $0.flux : nil }
        let clean = detections.filter { star in
            SourceFlags(rawValue: star.flags).isDisjoint(with: unusable) && star.flux > 20 * star.fluxError
                && distance(star, own) > margin && star.x > margin && star.y > margin
                && star.x < Double(width) - margin && star.y < Double(height) - margin
        }
        // Up to ten times brighter and not below a third: their noise must not be the target's.
        let alike = flux.map { flux in clean.filter { $0.flux < 10 * flux && $0.flux > flux / 3 } } ?? clean
        let chosen = (alike.count >= 2 ? alike : clean).prefix(count)
        return chosen.enumerated().map { number, star in
            StarPlace(star: "auto-\(anchor.prefix(8))-\(number + 1)", x: star.x, y: star.y)
        }
    }

    private static func distance(_ star: DetectedStar, _ place: StarPlace) -> Double {
        hypot(star.x - place.x, star.y - place.y)
    }
}
