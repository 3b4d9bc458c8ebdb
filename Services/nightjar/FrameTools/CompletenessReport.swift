internal import Completeness
internal import Detection
internal import Foundation
internal import PSF

/// How faint a frame goes, by artificial stars, or why that is not known.
struct CompletenessReport: Encodable {
    /// Instrumental magnitudes.
    private let measured: FrameCompleteness?
    private let failure: CompletenessFailure?

    /// - Parameter model: of the frame's star images, where one was made.
    init(_ detections: Detections, model: PointSpreadModel?, starCount: Int, exposureSeconds: Double?) {
        let parameters = CompletenessParameters(starCount: starCount)
        let result = measureCompleteness(detections, parameters, model: model).flatMap {
            $0.instrumental(exposureSeconds: exposureSeconds ?? .nan)
        }
        switch result {
        case .success(let found): (measured, failure) = (found, nil)
        case .failure(let reason): (measured, failure) = (nil, reason)
        }
    }

    private struct Failure: Encodable {
        let injected = 0
        let recovered = 0
        let reason: String
    }

    func encode(to encoder: any Encoder) throws {
        try measured?.encode(to: encoder)
        if let failure { try Failure(reason: failure.rawValue).encode(to: encoder) }
    }

    /// For people, one line.
    var text: String {
        guard let measured else { return "completeness unknown: \(Self.reason(failure))" }
        func place(_ share: Int, _ magnitude: Double?, _ error: Double?) -> String {
            guard let magnitude, let error else { return "\(share) % nowhere in the magnitudes tried" }
            return String(format: "%d %% complete at %.2f +- %.2f mag", share, magnitude, error)
        }
        return "\(measured.recovered) of \(measured.injected) artificial stars found, "
            + place(50, measured.magnitude50, measured.magnitude50Error) + ", "
            + place(90, measured.magnitude90, measured.magnitude90Error)
            + String(format: " (instrumental); 5 sigma by formula at %.2f mag", measured.limitingMagnitude5Sigma)
    }

    private static func reason(_ failure: CompletenessFailure?) -> String {
        switch failure {
        case .noUsablePixels: "no pixel carries a measurement"
        case .noStarImage: "the frame shows no star that says what stars look like"
        case .tooFewPlaces: "pixels without measurement leave too few places for stars"
        case .noneFound: "none of the artificial stars was found"
        case .noExposureTime, nil: "the exposure time is not known"
        }
    }
}
