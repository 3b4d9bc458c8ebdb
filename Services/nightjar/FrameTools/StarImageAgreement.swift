internal import Detection
internal import Foundation
internal import Imaging
internal import PSF
internal import Statistics

/// How well a model that was made elsewhere describes the bright stars of a frame.
///
///     FWHM^2 = model's FWHM^2 + 8 ln 2 * median sharpness
///
/// where that is more than 3 % off, the width of a model of the frame's own stars instead. A median chi^2 counts as too
/// large when it is above 2 and says that more than a hundredth of the stars' light (in squares) is not the model's:
/// of very bright stars no model of another frame has a chi^2 of 1.
struct StarImageAgreement {
    /// Beyond this the model is not the frame's.
    static let largestWidthDifference = 0.1
    private static let remarkedWidthDifference = 0.03

    let modelFWHMPixels: Double
    let frameFWHMPixels: Double
    let chiSquaredPerDegree: Double
    let starCount: Int
    /// Median over the stars of chi^2 over what is allowed for their light.
    private let misfit: Double

    /// - Parameter measured: by the model.
    /// - Returns: nil for fewer than three bright, whole and single stars.
    init?(
        _ measured: [PSFMeasurement], _ model: PointSpreadModel, _ detections: Detections, _ parameters: PSFParameters
    ) {
        let spoiled: SourceFlags = [
            .saturated, .edge, .masked, .noData, .blended, .sharp, .cosmicRay, .trail, .nonLinear, .psfFailed,
        ]
        let stars = measured.filter {
            $0.flags.isDisjoint(with: spoiled) && $0.signalToNoise >= 20 && $0.chiSquaredPerDegree.isFinite
                && $0.sharpness.isFinite && $0.pixelCount > 8
        }.sorted { ($1.flux, $0.x, $0.y) < ($0.flux, $1.x, $1.y) }.prefix(100)
        guard stars.count >= 3 else { return nil }
        func median(_ values: [Double]) -> Double { RobustStatistics.upperMedian(values) ?? .nan }
        starCount = stars.count
        modelFWHMPixels = model.fwhmPixels
        chiSquaredPerDegree = median(stars.map(\.chiSquaredPerDegree))
        misfit = median(
            stars.map { star in
                let ratio = star.signalToNoise
                return star.chiSquaredPerDegree / max(2, 1 + 0.01 * ratio * ratio / Double(star.pixelCount - 3))
            })
        let square = model.fwhmPixels * model.fwhmPixels + 8 * log(2) * median(stars.map(\.sharpness))
        var width = max(square, 0).squareRoot()
        if abs(width / model.fwhmPixels - 1) > Self.remarkedWidthDifference,
            let own = PointSpreadModel.fit(detections, parameters)
        {
            width = own.fwhmPixels
        }
        frameFWHMPixels = width
    }

    private var widthRatio: Double { frameFWHMPixels / modelFWHMPixels }

    private var widths: String {
        "the \(starCount) brightest stars have a FWHM of \(GivenStarImage.short(frameFWHMPixels)) px, its star image "
            + "\(GivenStarImage.short(modelFWHMPixels)) px"
    }

    /// Why the model cannot be that of the frame's stars.
    var fault: String? {
        let chiSquared = "median chi^2 per degree of freedom \(GivenStarImage.short(chiSquaredPerDegree))"
        guard abs(widthRatio - 1) > Self.largestWidthDifference || misfit > 1 else { return nil }
        return "it does not fit: \(widths), \(chiSquared)"
    }

    /// What fluxes by it lose or gain, for Gaussian images: 2 m^2 / (m^2 + s^2) of the light is found.
    var remark: String? {
        guard fault == nil, abs(widthRatio - 1) > Self.remarkedWidthDifference else { return nil }
        let share = 2 / (1 + widthRatio * widthRatio)
        return "\(widths): fluxes by it may be \(GivenStarImage.short(share)) times the true ones"
    }
}
