import Astrometry
import Calibration
import Detection
import FITS
import Foundation
import Imaging
import Testing

/// Three frames of a globular cluster that drift by 14 px from one to the next.
@Suite("m13: a stack of registered frames")
struct StackTests {
    @Test("the noise of the stack falls as the root of the number of frames, to 5 %")
    func noise() throws {
        guard let folder = RealFrames.folder("m13") else { return }
        let frames = try (1...3).map { try RealFrames.read(folder, "M13_blue_000\($0).fits.gz").pixels }
        let stars = try frames.map { try starList(of: $0) }
        var shifts = [(x: 0, y: 0)]
        for index in 1..<frames.count {
            let registration = register(stars[index], to: stars[0])
            let found = try #require(registration)
            let centre = (x: Double(frames[0].width) / 2, y: Double(frames[0].height) / 2)
            let place = found.transform(x: centre.x, y: centre.y)
            shifts.append((Int((place.x - centre.x).rounded()), Int((place.y - centre.y).rounded())))
            print(
                "m13: frame \(index + 1) moved by \(shifts[index]), \(found.matched) stars, rms \(found.rmsPixels) px")
        }
        // Frames that lie on each other would share their fixed pattern.
        #expect(shifts.dropFirst().allSatisfy { abs($0.x) + abs($0.y) > 5 })
        let single = (frames.map { pow(noise(of: $0), 2) }.reduce(0, +) / 3).squareRoot()
        for count in 2...3 {
            let ratio = noise(of: stack(frames, shifts, count)) / single * Double(count).squareRoot()
            print("m13: noise of \(count) frames times the root of \(count), over that of one: \(ratio)")
            #expect(abs(ratio - 1) < 0.05)
        }
    }

    private func starList(of image: Image<ADU>) throws -> [StarPosition] {
        let detector = DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: nil)
        let light = try LightCalibration(masters: MasterSet(), detector: detector).calibrate(image, exposureSeconds: 5)
        return detect(light.frame, DetectionParameters(gainKnown: false)).sources.map {
            StarPosition(x: $0.x, y: $0.y, flux: $0.isophotalFlux)
        }
    }

    /// Mean of the first frames, each moved by whole pixels, so that nothing is smoothed; NaN where one is missing.
    private func stack(_ frames: [Image<ADU>], _ shifts: [(x: Int, y: Int)], _ count: Int) -> Image<ADU> {
        let (width, height) = (frames[0].width, frames[0].height)
        var sum = Image<ADU>(width: width, height: height)
        for (frame, shift) in zip(frames, shifts).prefix(count) {
            for y in 0..<height {
                for x in 0..<width {
                    let (column, row) = (x - shift.x, y - shift.y)
                    let isInside = (0..<width).contains(column) && (0..<height).contains(row)
                    sum[x, y] += isInside ? frame[column, row] / Float(count) : .nan
                }
            }
        }
        return sum
    }

    /// Standard deviation of a pixel, from the differences between horizontal neighbours: slow structure does not
    /// count. Not clipped: the frames' noise has wide tails, of which clipping would take less from a stack than from a
    /// single frame.
    private func noise(of image: Image<ADU>) -> Double {
        var (sum, squares, count) = (0.0, 0.0, 0.0)
        for y in 100..<(image.height - 100) {
            for x in 100..<(image.width - 100) {
                let difference = Double(image[x + 1, y]) - Double(image[x, y])
                guard difference.isFinite else { continue }
                sum += difference
                squares += difference * difference
                count += 1
            }
        }
        return ((squares / count - pow(sum / count, 2)) / 2).squareRoot()
    }
}
