import Calibration
import FITS
import Foundation
import Imaging
import Testing

/// A raw field with vignetting and dust rings, one bias, one dark, one flat.
@Suite("umd-st8: calibration takes the structure out of the sky")
struct SkyStructureTests {
    /// Side of the boxes of the sky map [px].
    static let box = 64

    @Test("the sky is even to 2 % of its level after calibration, and was not before")
    func structure() throws {
        guard let folder = RealFrames.folder("umd-st8") else { return }
        let read = { (name: String) in try RealFrames.read(folder, name) }
        let (bias, dark) = (try read("calibration/calib-001-bi.fit.gz"), try read("calibration/calib-001-d.fit.gz"))
        let (flat, light) = (try read("calibration/flat-001-c.fit.gz"), try read("ancillary/fov.fit.gz"))
        let detector = DetectorFacts(gain: 2.6, readNoiseElectrons: 16.4, saturationADU: 65_535)
        let builder = MasterBuilder(detector: detector)
        let biasGroup = RealFrames.group(.bias, [bias])
        let masterBias = try builder.bias(biasGroup.group, id: "bias", rows: biasGroup.rows.rows).master
        let darkGroup = RealFrames.group(.dark, [dark])
        let masterDark = try builder.dark(darkGroup.group, id: "dark", bias: masterBias, rows: darkGroup.rows.rows)
            .master
        let flatGroup = RealFrames.group(.flat, [flat])
        let masterFlat = try builder.flat(
            flatGroup.group, id: "flat", bias: masterBias, dark: masterDark, rows: flatGroup.rows.rows
        ).master
        let before = try LightCalibration(masters: MasterSet(bias: masterBias), detector: detector)
            .calibrate(light.pixels, exposureSeconds: 30)
        let after = try LightCalibration(
            masters: MasterSet(bias: masterBias, dark: masterDark, flat: masterFlat), detector: detector
        ).calibrate(light.pixels, exposureSeconds: 30)
        let (rough, even) = (spread(before.frame), spread(after.frame))
        print("umd-st8: structure of the sky \(rough.ninetyFive) before calibration, \(even.ninetyFive) after")
        print("umd-st8: 5 to 95 %: \(rough.ninety) before calibration, \(even.ninety) after")
        #expect(rough.ninetyFive > 0.08)
        #expect(even.ninetyFive <= 0.02)
    }

    /// The range that holds 95 % (and 90 %) of the boxes of the sky map, over its median. Each box is the mean of every
    /// fourth good pixel within 3 sigma of their median, so that stars do not count; the bias is gone from the level.
    private func spread(_ frame: CalibratedFrame) -> (ninetyFive: Double, ninety: Double) {
        var map: [Double] = []
        for top in stride(from: 0, through: frame.signal.height - Self.box, by: Self.box) {
            for left in stride(from: 0, through: frame.signal.width - Self.box, by: Self.box) {
                var values: [Double] = []
                for y in stride(from: top, to: top + Self.box, by: 2) {
                    for x in stride(from: left, to: left + Self.box, by: 2) where frame.mask[x, y].isEmpty {
                        values.append(Double(frame.signal[x, y]))
                    }
                }
                map.append(level(values))
            }
        }
        let middle = percentile(map, 50)
        return (
            (percentile(map, 97.5) - percentile(map, 2.5)) / middle, (percentile(map, 95) - percentile(map, 5)) / middle
        )
    }

    private func level(_ values: [Double]) -> Double {
        var kept = values
        for _ in 0..<5 {
            let middle = percentile(kept, 50)
            let sigma = 1.4826 * percentile(kept.map { abs($0 - middle) }, 50)
            kept = kept.filter { abs($0 - middle) <= 3 * sigma }
        }
        return kept.reduce(0, +) / Double(kept.count)
    }
}
