import ForeignPhotometry
import Foundation
import Testing

@Suite("The same point in two formats")
struct PointIdentityTests {
    private struct Truth {
        var mjd: Double
        var magnitude: Double
        var isLimit: Bool
    }

    /// Points that fall everywhere relative to the digits at which formats round.
    private var truths: [Truth] {
        var state: UInt64 = 4
        func fraction() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        return (0..<500).map { index in
            Truth(
                mjd: 60676 + Double(index) * 0.0007 + fraction() * 1e-4, magnitude: 10 + 3 * fraction(),
                isLimit: index % 9 == 0)
        }
    }

    private var aavso: String {
        aavsoHeader
            + truths.map { truth in
                String(
                    format: "T CrB,%.5f,%@%.3f,%@,V,NO,STD,ENSEMBLE,na,na,na,na,na,na,na", truth.mjd + 2_400_000.5,
                    truth.isLimit ? "<" : "", truth.magnitude, truth.isLimit ? "na" : "0.012")
            }.joined(separator: "\n")
    }

    private var csv: String {
        "target,filter,mid_mjd_utc,mag,mag_err,limit_mag\n"
            + truths.map { truth in
                let value = String(format: "%.6f", truth.magnitude)
                return String(format: "t_crb,V,%.9f,", truth.mjd) + (truth.isLimit ? ",,\(value)" : "\(value),0.0123,")
            }.joined(separator: "\n")
    }

    private func identities(_ text: String) -> [PointIdentity] {
        read(text).points.map { PointIdentity($0, midpointMJDUTC: $0.time.mjd) }
    }

    @Test("the same five hundred points in both formats make no new rows, in either order")
    func bothFormats() throws {
        for (first, second) in [(aavso, csv), (csv, aavso)] {
            let known = identities(first)
            let again = identities(second)
            try #require(known.count == 500 && again.count == 500)
            var index = PointIndex()
            let names = known.map { identity -> String in
                guard case .new(let name) = index.resolve(identity) else { return "" }
                return name
            }
            #expect(Set(names).count == 500)
            #expect(again.enumerated().allSatisfy { index.resolve($0.element) == .known(pointID: names[$0.offset]) })
        }
    }

    private func identity(
        _ magnitude: Double = 12, seconds: Double = 0, target: String = "A", filter: String = "V", limit: Bool = false,
        observer: String? = nil
    ) -> PointIdentity {
        PointIdentity(
            target: target, filter: filter, midpointMJDUTC: 60676 + seconds / 86_400, magnitude: magnitude,
            isLimit: limit,
            observer: observer)
    }

    @Test("points differ by target, filter, kind, observer, a second and a half, or two thousandths of a magnitude")
    func different() {
        let one = identity(observer: "X")
        for other in [
            identity(12.002, observer: "X"), identity(seconds: 1.5, observer: "X"),
            identity(target: "B", observer: "X"),
            identity(filter: "R", observer: "X"), identity(limit: true, observer: "X"), identity(observer: "Y"),
        ] {
            #expect(!one.isSame(as: other) && !other.isSame(as: one))
            var index = PointIndex()
            _ = index.resolve(one)
            guard case .new(let name) = index.resolve(other) else {
                Issue.record("\(other) was taken for \(one)")
                continue
            }
            #expect(name != one.pointID)
        }
        #expect(one.isSame(as: identity(12.0005, seconds: 0.9, target: " a_")))
        #expect(one.isSame(as: identity(observer: "x")))
    }

    @Test("a point on a cell's border is found from both sides")
    func borders() {
        for step in 0..<200 {
            let seconds = Double(step) * 0.01
            var index = PointIndex()
            _ = index.resolve(identity(seconds: seconds))
            #expect(index.resolve(identity(seconds: seconds + 0.86)) != .new(pointID: ""))
            if case .new = index.resolve(identity(seconds: seconds + 0.86)) { Issue.record("missed at \(seconds) s") }
        }
    }

    @Test("of two candidates the nearest in time counts; equal names get a number")
    func nearest() {
        var index = PointIndex()
        index.insert(identity(seconds: 0), pointID: "early")
        index.insert(identity(seconds: 0.8), pointID: "late")
        #expect(index.resolve(identity(seconds: 0.7)) == .known(pointID: "late"))
        #expect(index.resolve(identity(seconds: 0.1)) == .known(pointID: "early"))
        var other = PointIndex()
        other.insert(identity(20), pointID: identity().pointID)
        #expect(other.resolve(identity()) == .new(pointID: identity().pointID + "|2"))
    }

    @Test("a name is its parts, kept apart")
    func name() {
        #expect(identity(-1.4444, target: "T CrB|x", observer: "AB C").pointID == "tcrb%7Cx|V|60676.00000|-1.444|abc")
        #expect(identity(12, limit: true).pointID == "a|V|60676.00000|<12.000|")
    }
}
