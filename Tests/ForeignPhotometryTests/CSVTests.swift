import ForeignPhotometry
import Foundation
import Testing

@Suite("CSV")
struct CSVTests {
    static let ours =
        "target,filter,mag_system,mid_bjd_tdb,mid_mjd_utc,mag,mag_err,flux_njy,flux_njy_err,limit_mag,limit_sigma,"
        + "airmass,fwhm_px,flags,instrument,frame_id,version,provisional\n"

    @Test("our own light curves are read back: times, limits, empty fields, quoted names")
    func ownColumns() throws {
        let file = read(
            Self.ours + "hat-p-32b,R,Vega,2460676.81234,60676.308123,11.29,0.004,,,,,1.21,3.4,0,t05,ab12,1,false\n"
                + "\"a, \"\"b\"\"\",g,AB,,60676.4,,,,,17.5,3,,,0,t05,ab13,2,true\n"
                + "hat-p-32b,R,Vega,2460676.9,,11.3,0.004,,,,,,,0,t05,ab14,1,false\n"
                + "hat-p-32b,R,Vega,,60676.5,,,,,,,,,4,t05,ab15,1,false\n")
        #expect(file.problems.isEmpty)
        try #require(file.points.count == 3, "a row with neither magnitude nor limit is no point")
        #expect(file.points[0].time == .utc(mjd: 60676.308123))
        #expect(file.points[0].instrument == "t05" && file.points[0].airmass == 1.21)
        #expect(file.points[1].target == "a, \"b\"")
        #expect(file.points[1].limitMagnitude == 17.5 && file.points[1].limitSigma == 3)
        guard case .barycentricTDB(let mjd) = file.points[2].time else { throw Unexpected.time }
        #expect(abs(mjd - 60676.4) < 1e-9)
    }

    @Test("the level's error stays apart from the point's own, and is none for a limit or where it makes no sense")
    func levelError() throws {
        let file = read(
            "target,filter,mid_mjd_utc,mag,mag_err,level_err,limit_mag\n"
                + "a,V,60676.1,11.29,0.004,0.03000,\na,V,60676.2,11.3,0.004,0,\na,V,60676.3,11.3,0.004,,\n"
                + "a,V,60676.4,11.3,0.004,-1,\na,V,60676.5,11.3,0.004,nan,\na,V,60676.6,,,0.03,14\n"
                + "a,V,60676.7,11.3,0.004,3e1,\na,V,60676.8,11.3,0.004,wide,\n")
        #expect(file.points.map(\.levelError) == [0.03, 0, nil, nil, nil, nil, nil])
        #expect(file.points.map(\.magnitudeError) == [0.004, 0.004, 0.004, 0.004, 0.004, nil, 0.004])
        #expect(file.points[5].limitMagnitude == 14)
        #expect(file.problems.map(\.column) == ["level_err"] && file.problems.first?.lineNumber == 9)
        let other = read("target,filter,jd,mag,err,mag syserr [mag]\nX,V,2460676.5,12.3,0.01,0.02\n")
        #expect(other.points.map(\.levelError) == [0.02])
    }

    private enum Unexpected: Error { case time }

    @Test(
        "headings in many spellings, units in brackets, any order",
        arguments: [
            "Star,Band,JD,Magnitude,Uncertainty\nX,V,2460676.5,12.3,0.01",
            "MAG,err,hjd,FILT,name\n12.3,0.01,2460676.5,V,X",
            "# target\tfilter\tMJD [d]\tmag (mag)\tmag err\nX\tV\t60676\t12.3\t0.01",
            "target;filter;bjd_tdb;mag;mag_err\nX;V;2460676,5;12,3;0,01",
            "target,filter,jd,mag,merr,\nX,V,2460676.5,12.3,0.01,\n",
        ])
    func headings(text: String) throws {
        let file = read(text)
        #expect(file.problems.isEmpty)
        let point = try #require(file.points.first)
        #expect(point.target == "X" && point.filter == "V" && point.magnitude == 12.3 && point.magnitudeError == 0.01)
        #expect(point.time.mjd == 60676)
    }

    @Test("limits: a magnitude with <, with and without a space, and a limit column")
    func limits() {
        let file = read(
            "target,filter,jd,mag,limit\nX,V,2460676.5,<14.5,\nX,V,2460676.5,< 14.5,\n"
                + "X,V,2460676.5,,14.5\nX,V,2460676.5,nan,<14.5\n"
        )
        #expect(file.problems.isEmpty)
        #expect(file.points.map(\.limitMagnitude) == [14.5, 14.5, 14.5, 14.5])
        #expect(file.points.allSatisfy { $0.magnitude == nil && $0.magnitudeError == nil })
    }

    @Test(
        "bad lines are told, good ones kept",
        arguments: [
            ("X,V,2460676.5,12.3", "fields"), ("X,V,2460676.5,12.3,0.1,7", "fields"),
            (",V,2460676.5,12.3,0.1", "target"),
            ("X,,2460676.5,12.3,0.1", "filter"), ("X,V,,12.3,0.1", "time"), ("X,V,60676.5,12.3,0.1", "jd"),
            ("X,V,2460676.5,twelve,0.1", "mag"), ("X,V,2460676.5,99,0.1", "mag"), ("\"X,V,2460676.5,12.3,0.1", "quote"),
            ("X,V,2460676.5,12.3,1e400", "mag_err"),
        ])
    func badLine(text: String, column: String) {
        let file = read("target,filter,jd,mag,err\nX,V,2460676.5,12.3,0.1\n\(text)\nX,V,2460676.6,12.3,0.1\n")
        #expect(file.points.count == 2)
        #expect(file.problems.map(\.column) == [column])
        #expect(file.problems.map(\.lineNumber) == [3])
    }

    @Test("a file without a heading line, an empty one and one in UTF-16 are told once")
    func whole() {
        #expect(read("60676.5 12.3 0.01\n1 2 3\n").problems.count == 1)
        #expect(read("").problems.map(\.text) == ["has no points"])
        #expect(read("target,filter,jd,mag\n").problems.map(\.text) == ["has no points"])
        let utf16 = ForeignPhotometryFile(reading: Data([0xFF, 0xFE, 0x61, 0x00]))
        #expect(utf16.problems.first?.text.contains("UTF-16") == true)
    }

    @Test("ten megabytes of garbage end quickly and in a few lines")
    func garbage() {
        var state: UInt64 = 99
        func byte() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        let noise = Data((0..<1_000_000).map { _ in byte() })
        let start = ContinuousClock.now
        for bytes in [Data(repeating: 0x41, count: 10_000_000), Data(repeating: 0x0A, count: 10_000), noise] {
            let file = ForeignPhotometryFile(reading: bytes)
            #expect(file.points.isEmpty && file.problemCount >= 1)
        }
        let aavso = ForeignPhotometryFile(reading: Data("#TYPE=EXTENDED\n".utf8) + noise)
        #expect(aavso.points.isEmpty && aavso.problemCount > 1000 && aavso.problems.count == 1000)
        #expect(aavso.problems.allSatisfy { $0.text.utf8.count < 400 })
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
