import DetectionCatalogue
import FITS
import Foundation
import PortableNumbers
import Testing

@Suite("Tables as CSV")
struct CSVTests {
    /// What one column of numbers is written as.
    private func fields(_ values: [Double], name: String = "x", unit: String = "pix") -> [String] {
        let table = FITSTable(name: "T", columns: [FITSColumn(name: name, unit: unit, values: .double(values))])
        return DetectionCatalogue.csv(of: table).split(separator: "\n", omittingEmptySubsequences: false)
            .dropFirst().dropLast().map(String.init)
    }

    @Test("numbers are rounded to what they mean, unknown ones are empty, and zero has no sign")
    func known() {
        #expect(
            fields([1, -2.5, 0.00004, -0.00004, 0.0001, 12.34567, .nan, .infinity, 1e10, -0.99996])
                == ["1.0", "-2.5", "0", "0", "0.0001", "12.3457", "", "", "10000000000.0", "-1.0"])
        #expect(fields([1234.56789, 0.0004, -7], unit: "electron") == ["1234.568", "0", "-7.0"])
        #expect(
            fields([359.99999999, 0.0000001, -12.3456789], name: "ra_deg", unit: "deg")
                == ["360.0", "1e-07", "-12.3456789"])
        #expect(
            fields([1e11, -1e300, 5e15, .greatestFiniteMagnitude])
                == ["100000000000.0", "-1e+300", "5000000000000000.0", "1.7976931348623157e+308"])
    }

    @Test("the text is the same on any number of threads", arguments: [0, 1, 511, 512, 513, 2000])
    func threads(rows: Int) {
        var random = SplitMix64(seed: 3)
        let values = (0..<rows).map { _ in Double.random(in: -1e6...1e6, using: &random) }
        let table = FITSTable(
            name: "T",
            columns: [
                FITSColumn(name: "x", unit: "pix", values: .double(values)),
                FITSColumn(name: "n", values: .int32((0..<rows).map { Int32($0) - 5 })),
            ])
        let one = DetectionCatalogue.csv(of: table)
        #expect(one.hasPrefix("x,n\n") && one.split(separator: "\n").count == rows + 1)
        for threads in [2, 3, 7] { #expect(DetectionCatalogue.csv(of: table, threads: threads) == one) }
    }

    @Test(
        "every field is the shortest text of the rounded number",
        arguments: [("x", "pix", 1e4), ("f", "electron", 1e3), ("ra_deg", "deg", 1e7)])
    func shortest(name: String, unit: String, scale: Double) {
        var random = SplitMix64(seed: 7)
        let values = (0..<20_000).map { _ in
            let size = pow(10, Double.random(in: -9...13, using: &random))
            return Double.random(in: -1...1, using: &random) * size
        }
        let expected = values.map { value -> String in
            let rounded = abs(value) < 1e11 ? (value * scale).rounded() / scale : value
            return rounded == 0 ? "0" : "\(rounded)"
        }
        #expect(fields(values, name: name, unit: unit) == expected)
    }

    @Test("columns of all types stand beside each other; a table without rows is its names")
    func table() {
        let columns = [
            FITSColumn(name: "a", values: .int32([1, -2])), FITSColumn(name: "b", values: .float([0.5, 3])),
            FITSColumn(name: "c", values: .int64([.min, 9])),
        ]
        #expect(
            DetectionCatalogue.csv(of: FITSTable(name: "T", columns: columns))
                == "a,b,c\n1,0.5,-9223372036854775808\n-2,3.0,9\n")
        let empty = FITSTable(name: "T", columns: [FITSColumn(name: "x", values: .double([]))])
        #expect(DetectionCatalogue.csv(of: empty) == "x\n")
    }
}
