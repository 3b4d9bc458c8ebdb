public import Detection
public import Imaging

/// One fit of a frame by its star image: what was measured, and the light that was fitted.
public struct PSFFrame {
    private let fit: PSFFit
    private let width: Int
    private let height: Int
    private let isForced: Bool

    /// Fits as `psfPhotometry` does, or at given positions as `forcedPSFPhotometry` does.
    ///
    /// - Parameter positions: 0-based [px]; nil for the sources found.
    public init(
        _ detections: Detections, _ model: PointSpreadModel, at positions: [(x: Double, y: Double)]? = nil,
        _ parameters: PSFParameters = PSFParameters()
    ) {
        fit = PSFFit(detections, model, at: positions ?? [], parameters)
        isForced = positions != nil
        (width, height) = (detections.frame.width, detections.frame.height)
    }

    /// One measurement per source or position, in their order.
    public var measurements: [PSFMeasurement] { fit.measurements(forced: isForced) }

    /// The light of all fitted stars, hidden ones included, without sky [e-].
    public var starlight: Image<Electron> {
        var light = [Float](repeating: 0, count: width * height)
        for star in fit.fit.stars where star.flux != 0 { add(star, to: &light) }
        return Image(width: width, height: height, pixels: light)
    }

    private func add(_ star: FittedStar, to light: inout [Float]) {
        let layout = star.layout
        var stamp = [Float](repeating: 0, count: layout.count)
        fit.fit.sampler.image(x: star.x, y: star.y, half: layout.half, stride: layout.stride, into: &stamp)
        let (left, top) = (star.column - layout.half, star.row - layout.half)
        for line in max(0, -top)..<max(max(0, -top), min(layout.side, height - top)) {
            for place in max(0, -left)..<max(max(0, -left), min(layout.side, width - left)) {
                light[(top + line) * width + left + place] += Float(star.flux) * stamp[line * layout.stride + place]
            }
        }
    }
}

extension CalibratedFrame {
    /// The frame minus the light of its stars; the mask stays.
    ///
    /// - Parameters:
    ///   - starlight: of `PSFFrame` [e-], same shape.
    ///   - photonNoise: adds the stars' own photons to the variance, so that it is that of what is left.
    public func without(_ starlight: Image<Electron>, photonNoise: Bool) -> CalibratedFrame {
        precondition(starlight.hasShape(of: signal), "starlight of this frame")
        var rest = self
        for index in starlight.pixels.indices {
            rest.signal.pixels[index] -= starlight.pixels[index]
            if photonNoise { rest.variance.pixels[index] += max(starlight.pixels[index], 0) }
        }
        return rest
    }
}

extension PointSpreadModel {
    /// A model made from fewer stars may be off by an error that all fluxes then share.
    public static let fewStars = 10
}

extension FrameFlags {
    public init(_ reason: NoPointSpread) {
        switch reason {
        case .noStars: self = .psfNoStars
        case .unsound: self = .psfUnsound
        }
    }
}

/// Why a frame has no model of its star images.
public enum NoPointSpread: Sendable, Equatable {
    /// No star is whole, single and bright enough, or none at all was found.
    case noStars
    /// There are such stars, but what was fitted to them is no star image.
    case unsound

    /// Of a frame for which `PointSpreadModel.fit` gives nothing.
    public init(_ detections: Detections) {
        let fwhm = min(detections.seeing?.fwhmPixels ?? .nan, 40)
        let hasStars = fwhm.isFinite && fwhm > 0.5 && !detections.modelStars(fwhmPixels: fwhm, limit: 1).isEmpty
        self = hasStars ? .unsound : .noStars
    }
}
