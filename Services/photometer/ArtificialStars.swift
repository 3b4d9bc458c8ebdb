internal import Completeness
internal import Detection
internal import Events
internal import PSF

/// How faint a frame goes, by stars put into it.
struct ArtificialStars {
    let count: Int

    /// - Returns: nil for no stars.
    init?(_ count: Int) {
        guard count > 0 else { return nil }
        self.count = count
    }

    /// - Parameter model: of the frame's star images, where one was made.
    func completeness(
        of detections: Detections, _ model: PointSpreadModel?, _ exposure: ExposureFacts
    ) -> CompletenessFacts {
        let parameters = CompletenessParameters(starCount: count)
        let measured = measureCompleteness(detections, parameters, model: model).flatMap {
            $0.instrumental(exposureSeconds: exposure.exposureSeconds)
        }
        switch measured {
        case .success(let measured): return CompletenessFacts(measured)
        case .failure(let reason): return CompletenessFacts(reason: reason.rawValue)
        }
    }
}

extension CompletenessFacts {
    fileprivate init(_ measured: FrameCompleteness) {
        self.init(
            injected: measured.injected, recovered: measured.recovered, usableShare: measured.usableShare,
            limitingMagnitude3Sigma: measured.limitingMagnitude3Sigma,
            limitingMagnitude5Sigma: measured.limitingMagnitude5Sigma)
        (magnitude50, magnitude50Error) = (measured.magnitude50, measured.magnitude50Error)
        (magnitude90, magnitude90Error) = (measured.magnitude90, measured.magnitude90Error)
        isStarImageMeasured = measured.isStarImageMeasured
        (fluxBias, pullMedian, pullWidth) = (measured.fluxBias, measured.pullMedian, measured.pullWidth)
        efficiency = measured.efficiency.map {
            Efficiency(
                magnitude: $0.magnitude, injected: $0.injected, recovered: $0.recovered, isotonic: $0.isotonic)
        }
    }
}
