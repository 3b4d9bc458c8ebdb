import Detection
import DetectionCatalogue
import FITS
import Foundation
import Imaging
import PSF
import Photometry
import Simulation
import Testing

/// A frame of 300 x 240 px whose stars grow from left to right, so that their image is a polynomial in position.
private func growingStars() -> CalibratedFrame {
    let (width, height) = (300, 240)
    var random = RandomStream(seed: 3, 1)
    var map = LightMap(width: width, height: height, level: 100)
    for y in stride(from: 20, to: height - 15, by: 24) {
        for x in stride(from: 20, to: width - 15, by: 24) {
            map.addStar(
                x: Double(x) + random.uniform(-3...3), y: Double(y) + random.uniform(-3...3),
                flux: random.uniform(20_000...90_000), fwhmPixels: 3 + 0.8 * Double(x) / Double(width),
                pointSpread: .moffat(beta: 3), leavingOut: 0.5)
        }
    }
    let pixels = map.electrons.map { Float(random.poisson($0) + 5 * random.gaussian()) }
    return CalibratedFrame(
        signal: Image(width: width, height: height, pixels: pixels),
        variance: Image(width: width, height: height, filledWith: 125), mask: Mask(width: width, height: height))
}

private func withFile(_ name: String, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "point-spread-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    try body(folder.appending(path: name).path)
}

@Suite("Star images as files")
struct PointSpreadFileTests {
    @Test("whoever reads the file, and nothing else, sees our model at every place of the frame")
    func evaluatesFromTheFile() throws {
        let model = try #require(PointSpreadModel.fit(detect(growingStars())))
        #expect(model.polynomialOrder > 0)
        try withFile("frame.psf") { path in
            try PointSpreadFile.write(model, frame: Header(), to: path)
            var file = try FITSFile(reading: path)
            let cell = try file.readCell(ofTable: "PSF_DATA")
            #expect(cell.column == "PSF_MASK")
            let step = try #require(cell.header.number("PSF_SAMP"))
            let side = cell.axes[0]
            let nodes = Int((1 / step).rounded())
            var largest = 0.0
            for (column, row) in [(20, 30), (150, 120), (291, 11), (4, 232)] {
                // Phases at which pixels' centres fall on nodes, so that the sum of the planes is the image.
                let (x, y) = (Double(column) + step, Double(row) - step)
                let terms = try terms(cell.header, x: x, y: y)
                #expect(terms.count == cell.axes[2])
                let stamp = model.image(x: x, y: y, halfSize: 7)
                for index in stamp.pixels.indices {
                    let j = (side - 1) / 2 + nodes * (stamp.column + index % 15 - column) - 1
                    let k = (side - 1) / 2 + nodes * (stamp.row + index / 15 - row) + 1
                    let sum = terms.enumerated().reduce(0.0) { sum, term in
                        sum + term.element * Double(cell.values[(term.offset * side + k) * side + j])
                    }
                    largest = max(largest, abs(sum - Double(stamp.pixels[index])))
                }
            }
            #expect(largest < 1e-6)
            // All light: PSFEx counts it per frame pixel, at nodes PSF_SAMP apart.
            let light = cell.values[0..<(side * side)].reduce(0.0) { $0 + Double($1) } * step * step
            #expect(abs(light - 1) < 0.02)
        }
    }

    /// 1, X, X^2, Y, XY, Y^2, as many as the file has.
    private func terms(_ header: Header, x: Double, y: Double) throws -> [Double] {
        func number(_ keyword: String) throws -> Double { try #require(header.number(keyword)) }
        let u = (x + 1 - (try number("POLZERO1"))) / (try number("POLSCAL1"))
        let v = (y + 1 - (try number("POLZERO2"))) / (try number("POLSCAL2"))
        let degree = Int(try number("POLDEG1"))
        return (0...degree).flatMap { power in
            (0...(degree - power)).map { pow(u, Double($0)) * pow(v, Double(power)) }
        }
    }

    @Test("read back, a model is the one that was written, and measures alike")
    func roundTrip() throws {
        let detections = detect(growingStars())
        let model = try #require(PointSpreadModel.fit(detections))
        try withFile("frame.psf") { path in
            var header = Header()
            header.append("FILTER", .string("V"))
            header.append("NAXIS1", .integer(300))
            try PointSpreadFile.write(model, frame: header, to: path)
            let bytes = try Data(contentsOf: URL(filePath: path))
            let back = try PointSpreadFile.read(path)
            #expect(back.starCount == model.starCount && back.polynomialOrder == model.polynomialOrder)
            #expect(back.chiSquaredPerDegree == model.chiSquaredPerDegree)
            #expect(abs(back.fwhmPixels - model.fwhmPixels) < 1e-5)
            for (x, y) in [(3.31, 5.77), (149.5, 120.25), (290.2, 230.9)] {
                let (one, two) = (model.image(x: x, y: y, halfSize: 12), back.image(x: x, y: y, halfSize: 12))
                #expect(zip(one.pixels, two.pixels).allSatisfy { abs($0 - $1) < 2e-7 })
            }
            for (one, two) in zip(psfPhotometry(detections, model), psfPhotometry(detections, back)) {
                #expect(abs(one.flux - two.flux) < 0.01 * one.fluxError)
            }
            try PointSpreadFile.write(model, frame: header, to: path)
            #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        }
    }

    @Test("files that hold no model of ours are refused with the reason")
    func foreign() throws {
        let model = try #require(PointSpreadModel.fit(detect(growingStars())))
        let planes = model.planes
        let count = planes.side * planes.side
        func cell(_ change: (inout [HeaderCard], inout [Float], inout [Int]) -> Void) -> FITSCell {
            var (cards, values, axes) = (
                planes.header.cards, planes.values, [planes.side, planes.side, planes.planeCount]
            )
            change(&cards, &values, &axes)
            return FITSCell(table: "PSF_DATA", column: "PSF_MASK", axes: axes, values: values, header: Header(cards))
        }
        func set(_ keyword: String, _ value: HeaderValue) -> FITSCell {
            cell { cards, _, _ in cards = [HeaderCard(keyword: keyword, value: value)] + cards }
        }
        let broken = [
            set("PSF_SAMP", .real(0.85)), set("PSF_SAMP", .real(-1)), set("POLDEG1", .integer(7)),
            set("PSFRAD", .integer(1_000_000)), set("PSFXSIZE", .integer(-3)), set("PSFXSIZE", .string("wide")),
            cell { cards, _, _ in cards.removeAll { $0.keyword == "PSFRAD" } },
            cell { _, values, _ in values[5] = .nan },
            cell { _, values, axes in (values, axes) = (Array(values.prefix(count)), [count]) },
            cell { _, _, axes in axes = [planes.side * planes.side, planes.planeCount] },
        ]
        for one in broken {
            try withFile("broken.psf") { path in
                try one.write(to: path)
                #expect(throws: ForeignPointSpread.self) { _ = try PointSpreadFile.read(path) }
            }
        }
        try withFile("table.fits") { path in
            try FITSTable(name: "PSF_DATA", columns: [FITSColumn(name: "PSF_MASK", values: .double([1, 2]))])
                .write(to: path)
            let error = #expect(throws: FITSError.self) { _ = try PointSpreadFile.read(path) }
            #expect(error?.description.contains("no cube") == true)
        }
    }
}

@Suite("The table of a frame's detections")
struct DetectionTableTests {
    @Test("several apertures have columns of their own, whose fluxes grow with the radius, and say their radii")
    func severalApertures() throws {
        let detections = detect(growingStars())
        let parameters = MeasurementParameters(radius: .pixels(3), extraRadiiPixels: [5, 8])
        let rows = measure(detections, parameters).rows
        let table = DetectionCatalogue.table(
            of: rows, exposureSeconds: 10, header: Header(), radiiPixels: [3, 5, 8])
        #expect((1...3).map { table.header.number("APRAD\($0)") } == [3, 5, 8])
        func values(_ name: String) throws -> [Double] {
            guard case .double(let values) = try #require(table[name]).values else { return [] }
            return values
        }
        let (small, middle, large) = (
            try values("flux_aperture"), try values("flux_aperture_2"), try values("flux_aperture_3")
        )
        let errors = try values("flux_aperture_3_err")
        #expect(errors.allSatisfy { $0 > 0 })
        // A Moffat function of beta 3 and FWHM 3.4 px has 69 % of its light within 3 px and 91 % within 5 px.
        let ratios = zip(small, middle).map { $0 / $1 }.sorted()
        #expect(abs(ratios[ratios.count / 2] - 0.765) < 0.03)
        #expect(zip(middle, large).count { $0 < $1 } > middle.count * 9 / 10)
        #expect(table["flux_aperture_4"] == nil)
        let none = DetectionCatalogue.table(
            of: [], exposureSeconds: 10, header: Header(), radiiPixels: [3, 5, 8])
        #expect(none.columns.map(\.name) == table.columns.map(\.name))
    }

    @Test("fluxes by the star image and their chi^2 stand in the rows of their sources; without one the rows say so")
    func starImage() throws {
        let detections = detect(growingStars())
        var rows = measure(detections, MeasurementParameters()).rows
        let model = try #require(PointSpreadModel.fit(detections))
        let fitted = psfPhotometry(detections, model)
        let chiSquared = DetectionCatalogue.add(fitted, to: &rows)
        for (row, value) in zip(rows, chiSquared) {
            let source = try #require(row.sourceIndex)
            #expect(row.fluxPSF == fitted[source].flux && value == fitted[source].chiSquaredPerDegree)
            #expect(abs(row.x - fitted[source].x) < 1)
        }
        let table = DetectionCatalogue.table(
            of: rows, exposureSeconds: 10, header: Header(), psfChiSquared: chiSquared)
        #expect(table["psf_chi2"]?.values == .double(chiSquared))
        let none = DetectionCatalogue.add(nil, to: &rows)
        #expect(none.allSatisfy { $0.isNaN })
        #expect(rows.allSatisfy { $0.flags.contains(.psfFailed) })
    }
}
