import Calibration
import FITS
import Foundation
import Imaging
import Testing

/// Darks of 60 s and 300 s of one camera: what the one says of the other.
@Suite("t05-darks: hot pixels scale with exposure time")
struct HotPixelTests {
    /// Between 250 and 625 ADU in 300 s: well above the noise (8 ADU) and below 1 % of full scale. Brighter pixels of
    /// this camera fill up and slow down (4 % low at 3,000 ADU, 35 % at 50,000 ADU), whoever subtracts them.
    static let range: ClosedRange<Float> = 250...625

    @Test("a dark of 300 s, scaled, takes the hot pixels out of darks of 60 s to 1 %")
    func scaling() throws {
        guard let folder = RealFrames.folder("t05-darks") else { return }
        let name = { (number: Int, seconds: Int) in "t5-p1-calibration-00\(number)-\(seconds)_B2.fit.gz" }
        let short = try (1...2).map { try RealFrames.read(folder, name($0, 60)) }
        let long = try (1...2).map { try RealFrames.read(folder, name($0, 300)) }
        let detector = DetectorFacts(gain: 1.34, readNoiseElectrons: 10.2, saturationADU: 62_500)
        let builder = MasterBuilder(detector: detector)
        let (shortGroup, shortRows) = RealFrames.group(.dark, short)
        let (longGroup, longRows) = RealFrames.group(.dark, long)
        // There is no bias: a level that makes the typical pixel linear stands for it.
        let shortLevel = level(try builder.dark(shortGroup, id: "60 s", bias: nil, rows: shortRows.rows).master.image)
        let longLevel = level(try builder.dark(longGroup, id: "300 s", bias: nil, rows: longRows.rows).master.image)
        let bias = flatBias(long[0], adu: (5 * shortLevel - longLevel) / 4)
        let dark = try builder.dark(longGroup, id: "300 s", bias: bias, rows: longRows.rows).master
        let calibration = LightCalibration(masters: MasterSet(bias: bias, dark: dark), detector: detector)
        let lights = try short.map { try calibration.calibrate($0.pixels, exposureSeconds: 60).frame.signal.pixels }
        var ratios: [Double] = []
        for i in dark.image.pixels.indices where Self.range.contains(dark.image.pixels[i]) {
            let expected = 1.34 * 0.2 * Double(dark.image.pixels[i])
            let residual = (Double(lights[0][i]) + Double(lights[1][i])) / 2
            ratios.append((expected + residual) / expected)
        }
        let ratio = percentile(ratios, 50)
        print("t05-darks: \(ratios.count) hot pixels, 60 s over a fifth of 300 s: \(ratio)")
        #expect(ratios.count > 10_000)
        #expect(abs(ratio - 1) < 0.01)
    }

    /// Mean within 3 sigma, clipped until nothing changes: medians of whole ADU are too coarse here.
    private func level(_ image: Image<ADU>) -> Double {
        var (mean, sigma) = (0.0, Double.infinity)
        for _ in 0..<30 {
            var (sum, squares, count) = (0.0, 0.0, 0.0)
            for value in image.pixels where abs(Double(value) - mean) <= 3 * sigma {
                sum += Double(value)
                squares += Double(value) * Double(value)
                count += 1
            }
            mean = sum / count
            sigma = (squares / count - mean * mean).squareRoot()
        }
        return mean
    }

    private func flatBias(_ like: FITSImage, adu: Double) -> Master<ADU> {
        let facts = MasterFacts(
            id: "level", kind: .bias, mode: RealFrames.mode(like.pixels), exposureSeconds: 0, temperatureCelsius: nil,
            midpointMJD: 0, night: "real", count: 1, inputIDs: ["level"], frameNoise: 7.6)
        let size = (like.pixels.width, like.pixels.height)
        return Master(
            facts: facts, image: Image(width: size.0, height: size.1, filledWith: Float(adu)),
            error: Image(width: size.0, height: size.1))
    }
}
