import CKernels
import Simulation
import Testing

@testable import PSF

/// Each kernel against plain Swift, bit for bit.
@Suite("Kernels of star images")
struct KernelTests {
    private let table = SplineTable(oversampling: 3, radius: 8)

    private func values(_ count: Int, _ label: UInt64) -> [Float] {
        var random = RandomStream(seed: 5, label)
        return (0..<count).map { _ in Float(random.gaussian()) }
    }

    private func list(_ tuple: (Float, Float, Float, Float)) -> [Float] { [tuple.0, tuple.1, tuple.2, tuple.3] }

    @Test("a stamp is the sum of its four by four splines")
    func stamp() {
        let coefficients = values(table.count + 16, 1)
        var taps = table.taps(dx: 0.3, dy: -0.4, half: 7)
        let columns = [taps.column.0, taps.column.1, taps.column.2, taps.column.3]
        let (x, xs, y, ys) = (list(taps.x), list(taps.x_slope), list(taps.y), list(taps.y_slope))
        var (value, byX, byY) = (
            [Float](repeating: 0, count: 240), [Float](repeating: 0, count: 240), [Float](repeating: 0, count: 240)
        )
        var alone = value
        kernel_psf_stamp(coefficients, 3, table.run, &taps, 15, 15, 16, &value, &byX, &byY)
        kernel_psf_image(coefficients, 3, table.run, &taps, 15, 15, 16, &alone)
        #expect(alone == value)
        for row in 0..<15 {
            for i in 0..<15 {
                func node(_ tap: Int, _ line: Int) -> Float {
                    coefficients[(taps.row + 3 * row + line) * table.side + columns[tap] + i]
                }
                func along(_ tap: Int, _ w: [Float]) -> Float {
                    (node(tap, 0) * w[0] + node(tap, 1) * w[1]) + (node(tap, 2) * w[2] + node(tap, 3) * w[3])
                }
                let (v, s) = ((0..<4).map { along($0, y) }, (0..<4).map { along($0, ys) })
                func across(_ v: [Float], _ w: [Float]) -> Float {
                    (v[0] * w[0] + v[1] * w[1]) + (v[2] * w[2] + v[3] * w[3])
                }
                #expect(value[row * 16 + i] == across(v, x))
                #expect(byX[row * 16 + i] == across(v, xs))
                #expect(byY[row * 16 + i] == across(s, x))
            }
            #expect(value[row * 16 + 15] == 0 && byX[row * 16 + 15] == 0 && byY[row * 16 + 15] == 0)
        }
    }

    /// Sixteen partial sums, then their sum in double precision.
    private func lanes(_ count: Int, _ term: (Int) -> Float) -> Double {
        var lanes = [Float](repeating: 0, count: 16)
        for i in 0..<count { lanes[i % 16] += term(i) }
        return lanes.reduce(0.0) { $0 + Double($1) }
    }

    @Test("sums under weights")
    func sums() {
        let (p, x, y, r) = (values(240, 1), values(240, 2), values(240, 3), values(240, 5))
        let w = values(240, 4).map { max($0, 0) }
        var sums = [Double](repeating: 0, count: 12)
        kernel_psf_sums(p, x, y, w, r, 240, &sums)
        let terms: [(Int) -> Float] = [
            { w[$0] * p[$0] * p[$0] }, { w[$0] * p[$0] * x[$0] }, { w[$0] * p[$0] * y[$0] },
            { w[$0] * x[$0] * x[$0] }, { w[$0] * x[$0] * y[$0] }, { w[$0] * y[$0] * y[$0] },
            { w[$0] * r[$0] * p[$0] }, { w[$0] * r[$0] * x[$0] }, { w[$0] * r[$0] * y[$0] },
            { w[$0] * r[$0] * r[$0] }, { w[$0] * p[$0] }, { w[$0] > 0 ? 1 : 0 },
        ]
        for (index, term) in terms.enumerated() { #expect(sums[index] == lanes(240, term)) }
        #expect(kernel_psf_dot(p, x, w, 240) == lanes(240) { w[$0] * p[$0] * x[$0] })
    }

    @Test("products of two stamps over what they share")
    func cross() {
        let (a, b) = (values(3 * 240, 1), values(3 * 480, 2))
        let w = values(240, 3).map { abs($0) }
        var sums = [Double](repeating: 0, count: 9)
        kernel_psf_cross(a, 240, 16, w, b, 480, 32, 13, 9, &sums)
        for k in 0..<9 {
            var lanes = [Float](repeating: 0, count: 16)
            for row in 0..<9 {
                for i in 0..<13 {
                    lanes[i] += w[row * 16 + i] * a[k / 3 * 240 + row * 16 + i] * b[k % 3 * 480 + row * 32 + i]
                }
            }
            #expect(sums[k] == lanes.reduce(0.0) { $0 + Double($1) })
        }
    }

    @Test("weights, sky pixels and ramps")
    func pixels() {
        let (data, residual) = (values(100, 1), values(100, 2))
        let variance = values(100, 3)
        var weight = [Float](repeating: 9, count: 100)
        kernel_psf_weights(data, residual, variance, 1, 100, &weight)
        var sums = [0.0, 0, 0]
        kernel_psf_sky(data, residual, variance, 0.5, 2, 50, 2, 50, &sums)
        var ramp = data
        kernel_psf_subtract_ramp(&ramp, 0.7, 0.01, 100)
        var isSky = [Bool](repeating: false, count: 100)
        for i in 0..<100 {
            let light = data[i] - residual[i]
            #expect(weight[i] == (variance[i] > 0 ? 1 / (variance[i] + max(light, 0)) : 0))
            #expect(ramp[i] == data[i] - (0.7 + Float(0.01) * Float(i)))
            isSky[i] = variance[i] > 0 && light < 0.5 * variance[i] && residual[i] * residual[i] < 4 * variance[i]
        }
        func twoRows(_ term: (Int) -> Float) -> Double {
            var lanes = [Float](repeating: 0, count: 16)
            for i in 0..<100 { lanes[i % 50 % 16] += isSky[i] ? term(i) : 0 }
            return lanes.reduce(0.0) { $0 + Double($1) }
        }
        #expect(sums[0] == twoRows { residual[$0] })
        #expect(sums[1] == twoRows { variance[$0] })
        #expect(sums[2] == Double(isSky.filter { $0 }.count))
    }

    @Test("planes combined, and the transpose of a stamp")
    func combineAndScatter() {
        let planes = values(2 * table.count, 1)
        var out = [Float](repeating: 0, count: table.count)
        kernel_psf_combine(planes, table.count, [0.7, -0.2], 2, 3, table.run, 4, 20, 2, 9, &out)
        for row in 0..<table.side {
            for column in 0..<table.side {
                let index = table.index(column, row)
                let isInside = (4..<24).contains(row) && (2..<11).contains(column / 3)
                let sum = planes[index] * 0.7 + planes[table.count + index] * -0.2
                #expect(out[index] == (isInside ? sum : 0))
            }
        }
        // <S c, v> = <c, S^T v>
        let (coefficients, v) = (values(table.count + 16, 6), values(240, 7))
        var taps = table.taps(dx: -0.1, dy: 0.2, half: 7)
        var (image, transposed) = ([Float](repeating: 0, count: 240), [Float](repeating: 0, count: table.count))
        kernel_psf_image(coefficients, 3, table.run, &taps, 15, 15, 16, &image)
        kernel_psf_scatter(v, 16, 3, table.run, &taps, 15, 15, &transposed)
        let left = image.indices.reduce(0.0) { $0 + Double(image[$1]) * Double(v[$1]) }
        let right = transposed.indices.reduce(0.0) { $0 + Double(coefficients[$1]) * Double(transposed[$1]) }
        #expect(abs(left - right) < 1e-4)
    }
}
