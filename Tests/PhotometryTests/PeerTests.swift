import Detection
import Foundation
import Imaging
import Photometry
import Testing

/// Numbers of another program for the same pixels.
@Suite("Agreement with sep")
struct PeerTests {
    struct Place: Sendable {
        let (x, y, radius): (Double, Double, Double)
        /// Sum with the sky, its error, and the aperture's area on the frame.
        let (sum, error, area): (Double, Double, Double)
    }

    /// From sep 1.4.1 (Python), `sum_circle(data, ..., var=900, subpix=0)` on the frame below, and on ones.
    static let places = [
        Place(
            x: 70.3, y: 90.6, radius: 4.5, sum: 181_664.82676647065, error: 239.28126987224468, area: 63.6172512351933),
        Place(
            x: 20.25, y: 31.75, radius: 5.25, sum: 91_147.15030656657, error: 279.16148151761877,
            area: 86.59014751456864),
        Place(x: 140, y: 170, radius: 10, sum: 330_204.91401587776, error: 531.7361552716549, area: 314.1592653589795),
        Place(x: 3, y: 100, radius: 6.5, sum: 114_924.33568694134, error: 314.0130531607472, area: 109.56021950592688),
    ]

    static func frame() -> CalibratedFrame {
        var signal = Image<Electron>(width: 160, height: 192)
        for y in 0..<192 {
            for x in 0..<160 {
                let (dx, dy) = (Double(x) - 70.3, Double(y) - 90.6)
                signal[x, y] = Float(1000 + Double((x * 37 + y * 91) % 101) + 5000 * exp(-(dx * dx + dy * dy) / 8))
            }
        }
        return CalibratedFrame(
            signal: signal, variance: Image(width: 160, height: 192, filledWith: 900),
            mask: Mask(width: 160, height: 192))
    }

    /// Every number from 0 to 100 equally often: mean 50, scatter sqrt((101^2 - 1) / 12). sep says 1050.102 and
    /// 29.1485.
    @Test("background level and scatter are those of the pattern, as near as sep's")
    func background() {
        let background = Background.estimate(Self.frame())
        let scatter = ((101.0 * 101 - 1) / 12).squareRoot()
        #expect(abs(background.globalLevel - 1050) < 0.11)
        #expect(abs(background.globalRMS - scatter) < 0.02)
        #expect(abs(Double(background.level[70, 90]) - 1050) < 0.11)
        #expect(abs(Double(background.rms[70, 90]) - scatter) < 0.02)
    }

    @Test(
        "exact aperture sums are those of sep, errors too once ours leave out what sep's do not know", arguments: places
    )
    func apertures(_ place: Place) throws {
        var parameters = MeasurementParameters(radius: .pixels(place.radius), annulus: nil, gainKnown: false)
        parameters.detection.fwhmPixels = 4
        let row = try #require(forcedPhotometry(Self.frame(), at: [(x: place.x, y: place.y)], parameters).first)
        // The mesh is not quite flat within the aperture.
        #expect(abs(row.fluxAperture + place.area * row.background - place.sum) < 0.01 * place.area)
        // sep adds w V where the variance of w D is w^2 V: over a rim of about 8 r pixels w - w^2 is 1/6 on average.
        // Ours adds the uncertainty of the mesh: area^2 rms^2 / 64^2.
        let area = Double.pi * place.radius * place.radius
        let mesh = pow(area * 29.15 / 64, 2)
        let variance = row.fluxApertureError * row.fluxApertureError
        #expect(variance <= place.error * place.error + 1.01 * mesh)
        #expect(variance >= place.error * place.error - 900 * 8.5 * place.radius / 6)
        #expect(row.flags.contains(.apertureTruncated) == (place.x < place.radius - 0.5))
    }
}
