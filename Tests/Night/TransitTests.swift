import Foundation
import LightCurves
import Testing

@testable import nightjar

extension NightTests {
    /// The transit of HAT-P-32 b in 142 real frames of a 15 cm telescope, through the whole system.
    @Suite(.serialized) struct RealNight {
        /// T0 + 1042 P with P = 2.1500082 d and T0 = BJD_TDB 2455867.402743; the transit lasts 0.1295 d.
        private static let prediction = TransitPrediction(
            midTime: 2_458_107.7113, durationDays: 0.1295, ingressDays: 0.017, windowDays: 0.02)

        @Test(
            "142 frames of HAT-P-32 show the transit of its planet, when and as deep as predicted, with honest errors")
        func transit() throws {
            guard let frames = Self.frames else {
                print("skipped: no hatp32b in ../shared/data (NIGHTJAR_SHARED may name the folder)")
                return
            }
            let out = FileManager.default.temporaryDirectory.appending(path: "nightjar-hatp32b-\(getpid())")
            let program = try ServiceSpec.folderOfThisExecutable.appending(path: "nightjar").path
            let run = try Program.run(
                program,
                [
                    "night", frames.path, "--setup", Program.projectRoot.appending(path: "examples/hatp32b").path,
                    "--out", out.path,
                    "--json",
                ])
            try #require(run.status == 0, "\(run.output.suffix(2000))")
            let ledger = try JSONDecoder().decode(
                Ledger.self, from: Data(contentsOf: out.appending(path: "ledger.json")))
            #expect(ledger.files == 142 && ledger.measured == 142 && ledger.addsUp)
            let rows = try Self.rows(of: out.appending(path: "lightcurves/hat-p-32.csv"))
            let fit = try #require(
                fitTransit(
                    times: rows.map { $0[0] }, magnitudes: rows.map { $0[1] }, errors: rows.map { $0[2] },
                    prediction: Self.prediction))
            let minutes = (fit.midTime - Self.prediction.midTime) * 1440
            let rms = try #require(fit.outOfTransitRMS)
            print(
                String(
                    format: "HAT-P-32 b: %d points, mid-transit %+.2f min, depth %.4f mag, rms %.4f mag, chi^2 %.2f",
                    rows.count, minutes, fit.depthMagnitudes, rms, fit.reducedChiSquared))
            #expect(rows.count >= 120)
            #expect(abs(minutes) < 3)
            #expect((0.020...0.034).contains(fit.depthMagnitudes))
            #expect(rms <= 0.0135)
            #expect((0.7...1.5).contains(fit.reducedChiSquared))
            try FileManager.default.removeItem(at: out)
        }

        private static var frames: URL? {
            let shared =
                ProcessInfo.processInfo.environment["NIGHTJAR_SHARED"].map { URL(filePath: $0) }
                ?? Program.projectRoot.deletingLastPathComponent().appending(path: "shared")
            let places = [shared.appending(path: "data/hatp32b"), shared.appending(path: "hatp32b")]
            return places.first { FileManager.default.fileExists(atPath: $0.path) }
        }

        /// Time, magnitude and error of every point that has them.
        private static func rows(of file: URL) throws -> [[Double]] {
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            let names = lines[0].split(separator: ",", omittingEmptySubsequences: false)
            let wanted = ["mid_bjd_tdb", "mag", "mag_err"].compactMap { name in names.firstIndex { $0 == name } }
            return lines.dropFirst().compactMap { line in
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                let values = wanted.compactMap { Double(fields[$0]) }
                return values.count == 3 ? values : nil
            }
        }
    }
}
