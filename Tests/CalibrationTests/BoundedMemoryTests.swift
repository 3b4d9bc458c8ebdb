import Imaging
import Testing

@testable import Calibration

@Suite struct BoundedMemoryTests {
    private let width = 64
    private let height = 96
    private let count = 12

    private func image(_ index: Int) -> Image<ADU> {
        let pixels = (0..<(width * height)).map { Float(1000 + ($0 * 7919 + index * 104_729) % 97) }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func builder(bandBytes: Int = 64 << 20, threads: Int = 1) -> MasterBuilder {
        let detector = DetectorFacts(gain: 1.5, readNoiseElectrons: 7, saturationADU: 60_000)
        var builder = MasterBuilder(detector: detector, bandBytes: bandBytes)
        builder.threads = threads
        return builder
    }

    private var group: MasterGroup {
        let mode = DetectorMode(instrument: "cam", width: width, height: height)
        return MasterGroup.groups(
            of: (0..<count).map {
                CalibrationFrameFacts(
                    id: "\($0)", kind: .bias, mode: mode, filter: nil, exposureSeconds: 0, temperatureCelsius: nil,
                    midpointMJD: 60_000 + Double($0), night: "n")
            })[0]
    }

    @Test("frames that do not fit are loaded once for each window of rows, and the master is the same")
    func windows() throws {
        let frameBytes = 4 * width * height
        var masters: [Master<ADU>] = []
        for limit in [frameBytes * count, frameBytes * count / 3, frameBytes * count / 8] {
            var loads = 0
            let cache = RowCache(pixelCount: width * height * count, memoryLimitBytes: limit) { index in
                loads += 1
                return image(index)
            }
            masters.append(try builder(bandBytes: 4 * width * count * 2).bias(group, id: "b", rows: cache.rows).master)
            // Once to be checked and once for the sample of the noise, then once for each window; a band of two rows
            // may end one row before a window does.
            let windows = limit == frameBytes * count ? -1 : (limit == frameBytes * count / 3 ? 3 : 8)
            #expect(loads <= count * (2 + windows), "\(loads) loads")
        }
        #expect(masters[1] == masters[0] && masters[2] == masters[0])
    }

    @Test("bands of all frames together stay within the limit, and within the cache where that is smaller")
    func bands() {
        for (side, frames, limit) in [(4096, 40, 64 << 20), (2048, 15, 64 << 20), (1000, 7, 50_000), (90, 3, 1)] {
            let stack = Stack(
                width: side, height: side, count: frames, method: .median, poissonPerUnit: 0, bandBytes: limit
            ) { _, _ in [] }
            let bytes = 4 * side * frames * stack.bandHeight
            #expect(bytes <= max(min(limit, 2 << 20), 4 * side * frames))
        }
    }

    @Test("masters and lights have the same bits on any number of threads", arguments: [2, 3])
    func threads(threads: Int) throws {
        let provider: RowProvider = { index, range in
            Array(image(index).pixels[range.lowerBound * width..<range.upperBound * width])
        }
        let bias = try builder().bias(group, id: "b", rows: provider).master
        #expect(try builder(threads: threads).bias(group, id: "b", rows: provider).master == bias)
        let detector = DetectorFacts(gain: 1.5, readNoiseElectrons: 7, saturationADU: 1090)
        var light = LightCalibration(masters: MasterSet(bias: bias), detector: detector)
        let one = try light.calibrate(image(3), exposureSeconds: 1)
        light.threads = threads
        #expect(try light.calibrate(image(3), exposureSeconds: 1) == one)
    }

    @Test("frames in memory give the bits of the same frames in bands; one of another shape is refused by its number")
    func inMemory() throws {
        let images = (0..<count).map(image)
        let provider: RowProvider = { index, range in
            Array(images[index].pixels[range.lowerBound * width..<range.upperBound * width])
        }
        let master = try builder(bandBytes: 5000).bias(group, id: "b", rows: provider).master
        for threads in [1, 2] {
            let stacked = try StackedFrames(images, method: .clippedMean(sigma: 4), threads: threads)
            #expect(stacked.image == master.image && stacked.error == master.error)
            #expect(stacked.frameNoise == master.facts.frameNoise)
        }
        #expect(throws: StackError.self) {
            try StackedFrames(images + [Image<ADU>(width: 3, height: 3)], method: .median)
        }
    }
}
