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
        let (flux, error): (Double, Double)
    }

    /// From sep 1.4.1 (Python), `sum_circle(data - Background(data), ..., var=900, subpix=0)` on the frame below.
    static let places = [
        Place(x: 70.3, y: 90.6, radius: 4.5, flux: 114_862.51245637293, error: 239.28126987224468),
        Place(x: 20.25, y: 31.75, radius: 5.25, flux: 216.87704333121283, error: 279.16148151761877),
        Place(x: 140, y: 170, radius: 10, flux: 314.7063971638374, error: 531.7361552716549),
        Place(x: 3, y: 100, radius: 6.5, flux: -131.4222406209588, error: 314.0130531607472),
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

    @Test("background level and scatter are those of sep")
    func background() {
        let background = Background.estimate(Self.frame())
        #expect(abs(background.globalLevel - 1050.1021728515625) < 1e-3)
        #expect(abs(background.globalRMS - 29.148460388183594) < 1e-4)
        #expect(abs(background.level[70, 90] - 1050.0664) < 2e-3)
        #expect(abs(background.rms[70, 90] - 29.151783) < 1e-4)
    }

    @Test(
        "exact aperture sums are those of sep, errors too once ours leave out what sep's do not know", arguments: places
    )
    func apertures(_ place: Place) throws {
        var parameters = MeasurementParameters(radius: .pixels(place.radius), annulus: nil, gainKnown: false)
        parameters.detection.fwhmPixels = 4
        let row = try #require(forcedPhotometry(Self.frame(), at: [(x: place.x, y: place.y)], parameters).first)
        #expect(abs(row.fluxAperture - place.flux) < 0.1)
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
