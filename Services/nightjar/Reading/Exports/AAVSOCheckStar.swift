internal import Events
internal import Foundation
internal import PhotometricCalibration

/// What a report says of the comparison sequence and its check star.
extension AAVSOReport {
    struct CheckStar {
        let name: String
        /// On the scale of the point [mag].
        let magnitude: Double
    }

    /// The sequence that gave the point its level.
    static func chart(of point: PhotometryMeasured, _ exported: ExportedCurve) -> String? {
        guard point.magnitudeSystem != "differential", point.zeroPoint == nil else { return nil }
        return point.checkStar?.sequence ?? exported.sequence?.id
    }

    /// Keys and values as the AAVSO's own photometry program writes them; empty without a residual.
    static func checkNotes(_ point: PhotometryMeasured) -> String {
        guard let check = point.checkStar, let published = check.catalogueMagnitude, check.residual != nil else {
            return ""
        }
        let known = check.catalogueMagnitudeError.map { String(format: "|KREFERR=%.3f", $0) } ?? ""
        return String(format: "|KMAGSTD=%.3f|KREFMAG=%.3f", check.magnitude, published) + known
    }
}
