import Detection
import Foundation
import Imaging
import TestKit
import Testing

/// The peak of the filtered frame lies between pixels, and that is the one the threshold is held against.
@Suite("Peaks between pixels")
struct PeakHeightTests {
    /// Two Gaussians over each other: F sqrt(4 pi s^2) / (2 pi (s^2 + t^2) sqrt(V)), s the filter's width and t the
    /// star's on pixels, t^2 = s^2 + 1/12.
    private static func significance(flux: Double, fwhm: Double, variance: Double) -> Double {
        let square = pow(fwhm / 2.3548, 2)
        return flux * (4 * Double.pi * square).squareRoot()
            / (2 * Double.pi * (2 * square + 1.0 / 12) * variance.squareRoot())
    }

    @Test("a star is as significant between pixels as on one", arguments: [2.4, 3.2, 5])
    func phase(_ fwhm: Double) throws {
        var field = GaussianStars(width: 400, height: 400, fwhm: fwhm, sky: 300, readNoise: 5, stars: [])
        for row in 0..<6 {
            for column in 0..<6 {
                field.stars.append((40 + 60.1 * Double(column), 40 + 60.1 * Double(row), 2500))
            }
        }
        let frame = CalibratedFrame(
            signal: Image(width: 400, height: 400, pixels: field.expectation().map { Float($0) }),
            variance: Image(width: 400, height: 400, filledWith: 325), mask: Mask(width: 400, height: 400))
        let found = detect(frame, DetectionParameters(fwhmPixels: fwhm)).sources
        #expect(found.count == 36)
        let expected = Self.significance(flux: 2500, fwhm: fwhm, variance: 325)
        for source in found { #expect(abs(source.significance / expected - 1) < 0.03) }
    }

    /// Maxima of a Gaussian field above u: (2 pi)^-3/2 u exp(-u^2 / 2) / (2 s^2) for each pixel, s the filter's width
    /// (Adler 1981, The Geometry of Random Fields, section 6.9). Of the highest pixels only 0.76 as many lie above.
    @Test("noise makes as many false sources as a Gaussian field has maxima")
    func rate() {
        var count = 0
        for seed in 1...2 {
            let frame = GaussianStars(width: 1024, height: 1024, fwhm: 3.2, sky: 10_000, readNoise: 0, stars: [])
                .frame(seed: UInt64(seed))
            let parameters = DetectionParameters(threshold: 3.5, minimumArea: 1, fwhmPixels: 3.2)
            count += detect(frame, parameters).sources.count
        }
        let square = pow(3.2 / 2.3548, 2)
        let expected = 2 * 1024 * 1024 * pow(2 * .pi, -1.5) * 3.5 * exp(-3.5 * 3.5 / 2) / (2 * square)
        #expect(abs(Double(count) / expected - 1) < 3 / expected.squareRoot())
    }
}
