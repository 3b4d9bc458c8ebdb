import Calibration
import FITS
import Foundation
import Imaging
import Testing

/// Our calibration beside ccdproc's, pixel by pixel.
@Suite("feder-kelt16 beside ccdproc")
struct CCDProcTests {
    /// Largest difference over max(1 electron, value).
    static let tolerance = 1e-5

    /// Every 997th pixel [e-] by ccdproc 2.5.1 (astropy 8.0.2, numpy 2.4.6): ccdproc_reference.py, without OUT.
    static let frozen: [Double] = [
        75.70636001032263,
        50.819412631839455,
        58.8270142067508,
        61.70122233691817,
        77.1674697240137,
        105.67100092135104,
        70.46675106171755,
        70.1227887990612,
        28.151354089103236,
        71.64775323662434,
        89.86422186580488,
        56.90158960263812,
        49.875578482246134,
        89.86266433109158,
        53.317659432948986,
        96.72294897334457,
        38.6717096726707,
        33.32432369093339,
        56.59750909932274,
        67.9410692990891,
        74.97070219734393,
        29.36489359404631,
        104.44251243935123,
        53.1085172982988,
        59.54636891012431,
        73.47500177996989,
        71.01734130507128,
        59.02380808041005,
        60.99838599566064,
        46.66209348906465,
        101.7817959385878,
        85.78751488732951,
        71.43174715564889,
        70.66202250501185,
        58.913791507830084,
        63.40196105801404,
        91.61624527458432,
        71.57403314181425,
        47.82175638485983,
        62.48409024374352,
        70.37958671695249,
    ]

    private func calibrated(_ folder: URL) throws -> Image<Electron> {
        let raw = try RealFrames.read(folder, "kelt-16-b-S001-R001-C084-r.fit.gz")
        let bias = try RealFrames.read(folder, "combined_bias.fit.gz")
        let dark = try RealFrames.read(folder, "combined_dark_90.000.fit.gz")
        let flat = try RealFrames.read(folder, "combined_flat_filter_r.fit.gz")
        let masters = MasterSet(
            bias: RealFrames.external("bias", .bias, bias, unit: ADU.self),
            dark: RealFrames.external("dark", .dark, dark, unit: ADU.self),
            flat: RealFrames.external("flat", .flat, flat, unit: Relative.self).normalisedToMean())
        let detector = DetectorFacts(gain: 1.5, readNoiseElectrons: 10, saturationADU: 50_000)
        return try LightCalibration(masters: masters, detector: detector)
            .calibrate(raw.pixels, exposureSeconds: 90).frame.signal
    }

    private func largestDifference(_ ours: [Float], _ theirs: [Double]) -> Double {
        zip(ours, theirs).map { abs(Double($0) - $1) / max(1, abs($1)) }.max() ?? .infinity
    }

    @Test("a calibrated frame equals ccdproc's at the pixels kept here")
    func frozenPixels() throws {
        guard let folder = RealFrames.folder("feder-kelt16") else { return }
        let ours = try calibrated(folder).pixels
        let picked = stride(from: 0, to: ours.count, by: 997).map { ours[$0] }
        #expect(picked.count == Self.frozen.count)
        let difference = largestDifference(picked, Self.frozen)
        print("feder-kelt16: \(picked.count) pixels differ from ccdproc by at most \(difference) of their value")
        #expect(difference < Self.tolerance)
    }

    @Test("a calibrated frame equals ccdproc's at every pixel, where ccdproc is installed")
    func everyPixel() throws {
        guard let folder = RealFrames.folder("feder-kelt16") else { return }
        let python = RealFrames.root.appending(path: ".venv-bench/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            print("skipped: ccdproc is not installed (scripts/setup.sh bench)")
            return
        }
        let place = FileManager.default.temporaryDirectory.appending(path: "ccdproc-\(UUID().uuidString)")
        defer { unlink(place.path) }
        let script = RealFrames.root.appending(path: "Tests/RealDataTests/ccdproc_reference.py")
        let process = Process()
        (process.executableURL, process.arguments) = (python, [script.path, folder.path, place.path])
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let theirs = try Data(contentsOf: place).withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 8).map {
                Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)))
            }
        }
        let ours = try calibrated(folder).pixels
        #expect(theirs.count == ours.count)
        let difference = largestDifference(ours, theirs)
        print("feder-kelt16: all \(ours.count) pixels differ from ccdproc by at most \(difference) of their value")
        #expect(difference < Self.tolerance)
    }
}
