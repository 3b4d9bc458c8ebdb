import CKernels
import Simulation
import Testing

@Suite struct MedianFilterTests {
    typealias Kernel = @Sendable (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int, Int) -> Void
    static let kernels: [(side: Int, run: Kernel)] = [
        (3, { kernel_median_3x3($0, $1, $2, $3) }), (5, { kernel_median_5x5($0, $1, $2, $3) }),
        (7, { kernel_median_7x7($0, $1, $2, $3) }),
    ]

    @Test("a median filter gives the middle pixel in order, bit for bit", arguments: [0, 1, 2])
    func middlePixel(which: Int) {
        let (side, run) = Self.kernels[which]
        let (reach, count, stride) = (side / 2, 48, 128)
        for levels in [2.0, 5, 1e6] {
            var random = RandomStream(seed: 5, UInt64(side), UInt64(levels))
            // Few levels make ties; negative ones are there too.
            let source = (0..<stride * 16).map { _ in Float((random.uniform() * levels).rounded(.down) - levels / 3) }
            var made = [Float](repeating: .nan, count: count)
            let start = 8 * stride + 16
            source.withUnsafeBufferPointer { run(&made, $0.baseAddress! + start, stride, count) }
            let expected = (0..<count).map { i in
                let around = (-reach...reach).flatMap { dy in
                    (-reach...reach).map { dx in source[start + i + dy * stride + dx] }
                }
                return around.sorted()[side * side / 2]
            }
            #expect(made.map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    @Test("kernels of the cosmic ray search are their plain twins, bit for bit")
    func searchKernels() {
        var random = RandomStream(seed: 6)
        let (count, stride) = (64, 128)
        let image = (0..<stride * 12).map { _ in Float(100 * random.gaussian()) }
        let variance = (0..<count).map { _ in Float(random.uniform(1...4000)) }
        let smooth = (0..<count).map { _ in Float(50 * random.gaussian()) }
        let taps = (0..<49).map { _ in Float(random.uniform()) }
        let start = 5 * stride + 16
        var sharp = [UInt8](repeating: 9, count: count)
        var significance = [Float](repeating: .nan, count: count)
        var (noise, convolved) = (significance, significance)
        image.withUnsafeBufferPointer {
            let pixels = $0.baseAddress! + start
            kernel_sharp_pixels(&sharp, pixels, stride, variance, 1, 2, count)
            kernel_sharpness(&significance, &noise, pixels, stride, variance, smooth, 3, count)
            kernel_convolve_square(&convolved, pixels, stride, taps, 3, count)
        }
        for i in 0..<count {
            let place = start + i
            let sharpness = plainSharpness(image, place, stride)
            let expected = (variance[i] + max(0, smooth[i] - 3)).squareRoot()
            let square = sharpness * sharpness
            #expect(sharp[i] == (square > 4 * variance[i] ? 2 : square > variance[i] ? 1 : 0))
            #expect(noise[i] == expected && significance[i] == sharpness / expected)
            var sum: Float = 0
            for tap in 0..<49 { sum += taps[tap] * image[place + (tap / 7 - 3) * stride + tap % 7 - 3] }
            #expect(convolved[i] == sum)
        }
    }
}

/// The definition: the positive Laplacian of each of the 2 x 2 parts of a pixel, their mean, and half of it.
func plainSharpness(_ image: [Float], _ place: Int, _ stride: Int) -> Float {
    var sum: Float = 0
    for row in [place - stride, place + stride] {
        for column in [place - 1, place + 1] { sum += max(0, 2 * image[place] - image[column] - image[row]) }
    }
    return 0.125 * sum
}
