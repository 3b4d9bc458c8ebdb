import CKernels
import Simulation
import Testing

@testable import PSF

/// A copy of values that stays where it is.
private final class Held<Value> {
    let base: UnsafeMutablePointer<Value>

    init(_ values: [Value]) {
        base = .allocate(capacity: values.count)
        base.initialize(from: values, count: values.count)
    }

    deinit { base.deallocate() }
}

/// Kernels that read and write frames and normal equations, against plain Swift, bit for bit.
@Suite("Kernels of stamps and normal equations")
struct PixelKernelTests {
    private func values(_ count: Int, _ label: UInt64) -> [Float] {
        var random = RandomStream(seed: 6, label)
        return (0..<count).map { _ in Float(random.gaussian()) }
    }

    @Test("a stamp anywhere on a frame and beyond holds its pixels, and says whether all can be used")
    func gather() {
        let (width, height, side, stride) = (53, 40, 23, 32)
        let (data, residual, variance) = (
            values(width * height, 1), values(width * height, 2), values(width * height, 3)
        )
        var (excluded, mask) = ([UInt8](repeating: 0, count: data.count), [UInt16](repeating: 0, count: data.count))
        excluded[20 * width + 22] = 6
        (excluded[20 * width + 21], mask[22 * width + 30], mask[22 * width + 31]) = (1, 4, 2)
        let (kept, held) = ([data, residual, variance].map { Held($0) }, (Held(excluded), Held(mask)))
        var planes = kernel_psf_planes(
            data: kept[0].base, residual: kept[1].base, variance: kept[2].base, marks: held.0.base,
            mask: held.1.base, unusable: 4, width: width, height: height)
        for (column, row) in [(5, 6), (-4, -9), (29, 10), (31, 30), (-40, 3), (90, 3), (5, 60), (0, 0), (21, 17)] {
            let size = side * stride
            var (d, r, v) = (
                [Float](repeating: 9, count: size), [Float](repeating: 9, count: size),
                [Float](repeating: 9, count: size)
            )
            let isWhole = kernel_psf_gather(&planes, column, row, side, stride, &d, &r, &v) != 0
            var expected = true
            for line in 0..<side {
                for i in 0..<stride {
                    let (x, y, at) = (column + i, row + line, line * stride + i)
                    guard i < side, x >= 0, x < width, y >= 0, y < height else {
                        #expect(d[at] == 0 && r[at] == 0 && v[at] == 0)
                        if i < side { expected = false }
                        continue
                    }
                    let isGood = excluded[y * width + x] & 1 == 0 && mask[y * width + x] & 4 == 0
                    expected = expected && isGood
                    #expect(d[at] == data[y * width + x] && r[at] == residual[y * width + x])
                    #expect(v[at] == (isGood ? variance[y * width + x] : 0))
                }
            }
            #expect(isWhole == expected)
        }
        withExtendedLifetime((kept, held)) {}
    }

    @Test("a stamp is added where it lies on the frame and nowhere else")
    func add() {
        let (width, height, side, stride) = (53, 40, 23, 32)
        var stamp = values(side * stride, 4)
        for i in stamp.indices where i % stride >= side { stamp[i] = 0 }
        for (column, row) in [(5, 6), (-4, -9), (29, 10), (31, 30), (-40, 3), (90, 3), (5, 60), (21, 17)] {
            let before = values(width * height, 5)
            var plane = before
            kernel_psf_add(&plane, width, height, stamp, 0.7, column, row, side, stride)
            for y in 0..<height {
                for x in 0..<width {
                    let (i, line) = (x - column, y - row)
                    let isInside = (0..<side).contains(i) && (0..<side).contains(line)
                    let added = isInside ? stamp[line * stride + i] * Float(0.7) : 0
                    #expect(plane[y * width + x] == before[y * width + x] + added)
                }
            }
        }
    }

    @Test("normal equations are sums over lanes, for any number of images", arguments: [1, 3, 8])
    func normal(images: Int) {
        let count = 112
        let (basis, w, r) = (values(images * count, 6), values(count, 7), values(count, 8))
        var matrix = [Double](repeating: 0, count: images * (images + 1) / 2)
        var right = [Double](repeating: 0, count: images)
        kernel_psf_normal(basis, count, images, w, r, count, &matrix, &right)
        func lanes(_ term: (Int) -> Float) -> Double {
            var lanes = [Float](repeating: 0, count: 16)
            for i in 0..<count { lanes[i % 16] += term(i) }
            return lanes.reduce(0.0) { $0 + Double($1) }
        }
        for k in 0..<images {
            #expect(right[k] == lanes { w[$0] * basis[k * count + $0] * r[$0] })
            for l in 0...k {
                let sum = lanes { w[$0] * basis[k * count + $0] * basis[l * count + $0] }
                #expect(matrix[k * (k + 1) / 2 + l] == sum)
            }
        }
    }

    @Test("weights of a model carry photons and the model's own error")
    func modelWeights() {
        let (value, variance, data) = (values(80, 1), values(80, 2), values(80, 3))
        var (residual, weight) = (data, [Float](repeating: 0, count: 80))
        kernel_psf_model_weights(value, variance, 20, 0.3, 1, 0.01, 80, &residual, &weight)
        for i in 0..<80 {
            let light = max(20 * value[i], 0)
            let off = 0.01 * light
            #expect(residual[i] == data[i] - (20 * value[i] + 0.3))
            #expect(weight[i] == (variance[i] > 0 ? 1 / (variance[i] + 1 * light + off * off) : 0))
        }
    }

    @Test("peaks of the residual near stars, and no others")
    func peaks() {
        let (width, height) = (150, 3)
        var residual = values(width * height, 9)
        for x in [20, 63, 64, 65, 100, 148] { residual[width + x] += 9 }
        var data = residual.map { $0 + 3 }
        let variance = (0..<(width * height)).map { Float($0 % 11 == 0 ? 0 : 1) }
        data[width + 20] = residual[width + 20] + 0.01
        var columns = [Int32](repeating: 0, count: width)
        let found = data.withUnsafeBufferPointer { data in
            residual.withUnsafeBufferPointer { residual in
                variance.withUnsafeBufferPointer { variance in
                    kernel_psf_peaks(
                        data.baseAddress! + width, residual.baseAddress! + width, variance.baseAddress! + width, 0.1,
                        width, &columns)
                }
            }
        }
        let expected = (1..<(width - 1)).filter { x in
            let at = width + x
            let (value, light) = (residual[at], data[at] - residual[at])
            func r(_ dx: Int, _ dy: Int) -> Float { residual[at + dy * width + dx] }
            let sum =
                ((r(-1, -1) + r(0, -1)) + (r(1, -1) + r(-1, 0))) + ((r(0, 0) + r(1, 0)) + (r(-1, 1) + r(0, 1)))
                + r(1, 1)
            let isLargest =
                value > r(-1, -1) && value > r(0, -1) && value > r(1, -1) && value > r(-1, 0) && value >= r(1, 0)
                && value >= r(-1, 1) && value >= r(0, 1) && value >= r(1, 1)
            return isLargest && sum > 0 && sum * sum > 36 * (variance[at] + 0.1 * max(light, 0))
                && value > 0.05 * light && variance[at] > 0 && light * light > 0.0025 * variance[at]
        }
        #expect(columns.prefix(found).map { Int($0) } == expected)
        #expect(expected.count >= 2 && !expected.contains(20))
    }
}
