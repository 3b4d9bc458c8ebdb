import CKernels
import Detection
import Foundation
import Imaging
import Simulation
import Testing

@testable import PSF

@Suite("The model of star images")
struct ModelTests {
    private let table = SplineTable(fwhmPixels: 3.2)

    private func model(_ shape: MoffatShape, order: Int = 0) -> PointSpreadModel {
        var field = ShapeField(shape, width: 400, height: 300).raised(to: order)
        if order > 0 { field.terms[0][1] = 0.08 }
        return field.model(on: table, starCount: 1, chiSquaredPerDegree: 1)
    }

    @Test("the Moffat profile's table is the exact integral over pixels at every phase", arguments: [0.0, 0.25, 0.4])
    func exactPixels(tail: Double) {
        let model = model(MoffatShape(fwhmPixels: 3.2, tail: tail))
        for (dx, dy) in [(0.0, 0.0), (0.31, -0.47), (-0.2, 0.5)] {
            var truth = LightMap(width: 41, height: 41)
            truth.addStar(
                x: 20 + dx, y: 20 + dy, flux: 1e7, fwhmPixels: 3.2,
                pointSpread: tail == 0 ? .gaussian : .moffat(beta: 1 / tail), leavingOut: 0.5)
            let stamp = model.image(x: 20 + dx, y: 20 + dy, halfSize: 15)
            let peak = truth.electrons[20 * 41 + 20] / 1e7
            for (index, value) in stamp.pixels.enumerated() {
                let exact = truth.electrons[(stamp.row + index / 31) * 41 + stamp.column + index % 31] / 1e7
                #expect(abs(Double(value) - exact) < 2e-4 * peak)
            }
        }
    }

    @Test("a star's light adds up to 1 wherever it lies between pixels and on the frame")
    func normalisation() {
        let model = model(MoffatShape(fwhmPixels: 3, tail: 0.05), order: 1)
        #expect(model.planeCount == 6)
        for (x, y) in [(3.3, 4.4), (200.5, 150.1), (390.9, 20.2)] {
            let sum = model.image(x: x, y: y, halfSize: model.radiusPixels).pixels.reduce(0.0) { $0 + Double($1) }
            #expect(abs(sum - 1) < 2e-4)
        }
    }

    @Test("derivatives by place are those of the image")
    func derivatives() {
        let sampler = PointSpreadSampler(model(MoffatShape(fwhmPixels: 3, tail: 0.3)))
        let buffer = UnsafeMutablePointer<Float>.allocate(capacity: 5 * 240)
        defer { buffer.deallocate() }
        let stamp = StampPlanes(value: buffer, byX: buffer + 240, byY: buffer + 480)
        sampler.stamp(x: 100.2, y: 50.3, half: 7, stride: 16, into: stamp)
        sampler.image(x: 100.21, y: 50.3, half: 7, stride: 16, into: buffer + 720)
        sampler.image(x: 100.19, y: 50.3, half: 7, stride: 16, into: buffer + 960)
        for line in 0..<15 {
            for i in (line * 16)..<(line * 16 + 15) {
                #expect(abs((buffer[720 + i] - buffer[960 + i]) / 0.02 - buffer[240 + i]) < 1e-5)
            }
        }
    }

    @Test("the fit finds width, ellipticity and tail of the stars")
    func shape() throws {
        let field = SyntheticField.grid(fluxes: 20_000...200_000, seed: 8)
        let model = try #require(PointSpreadModel.fit(detect(field.frame(seed: 1))))
        var truth = LightMap(width: 41, height: 41)
        truth.addStar(x: 20, y: 20, flux: 1e7, fwhmPixels: 3.2, pointSpread: .moffat(beta: 3), leavingOut: 0.5)
        let stamp = model.image(x: 256, y: 256, halfSize: 12)
        for (index, value) in stamp.pixels.enumerated() {
            let exact = truth.electrons[(8 + index / 25) * 41 + 8 + index % 25] / 1e7
            #expect(abs(Double(value) - exact) < 1e-3 * truth.electrons[20 * 41 + 20] / 1e7)
        }
        #expect(abs(model.chiSquaredPerDegree - 1) < 0.05)
        #expect(model.starCount > 100)
    }

    @Test("the same frame gives the same bits")
    func deterministic() throws {
        let detections = detect(SyntheticField.grid(fluxes: 2000...50_000, seed: 1).frame(seed: 3))
        let first = try #require(PointSpreadModel.fit(detections))
        #expect(PointSpreadModel.fit(detections) == first)
        #expect(psfPhotometry(detections, first) == psfPhotometry(detections, first))
    }
}
