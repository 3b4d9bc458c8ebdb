import AlertRules
import Foundation
import Testing

@Suite("The transparency of the sky in a rule")
struct TransparencyTests {
    /// Four points before a fading of a magnitude that lasts for four points.
    private func points(_ transparencies: [Double?]) -> [RulePoint] {
        var points = curve([9, 9, 9, 9, 10, 10, 10, 10])
        for (index, transparency) in transparencies.enumerated() { points[index].transparency = transparency }
        return points
    }

    private func rule(_ minimum: Double?) -> RuleDocument {
        RuleDocument(
            id: "fading", name: "fading", revision: 1, target: "*",
            kind: .fainterThan(Threshold(magnitude: 9.5)), systematicMagnitudes: 0, minimumTransparency: minimum)
    }

    @Test("points behind more cloud than the rule bears are not heard; without a limit all are")
    func clouds() throws {
        let cloudy = points([1, 1, 1, 1, 0.4, 0.3, 0.45, 0.4])
        #expect(events(rule(nil), cloudy).count == 1)
        #expect(events(rule(0.5), cloudy).isEmpty)
        #expect(events(rule(0.4), cloudy).count == 1, "three points of 0.4 and more are left")
        // One point behind a cloud takes no place among the last three.
        let passing = try #require(events(rule(0.5), points([1, 1, 1, 1, 1, 0.1, 1, 1])).first)
        #expect(passing.current.confirmed.measurementKey == "frame6")
    }

    @Test("frames that do not tell are heard, and so are those whose transparency is no number")
    func unknown() {
        for transparency in [nil, Double.nan, .infinity] {
            #expect(events(rule(0.5), points(.init(repeating: transparency, count: 8))).count == 1)
        }
    }

    @Test("a superseding version with another transparency counts alone")
    func superseding() {
        var versions = points([1, 1, 1, 1, 1, 1, 1, 1])
        for index in 4..<8 {
            var next = versions[index]
            (next.versionRank, next.transparency) = (2, 0.2)
            versions.append(next)
        }
        #expect(events(rule(0.5), versions).isEmpty && events(rule(0.5), Array(versions.prefix(8))).count == 1)
    }

    @Test("the limit survives writing and reading")
    func document() throws {
        let written = try rule(0.35).json()
        #expect(try RuleDocument(json: written, file: "fading") != rule(nil))
        #expect(try RuleDocument(json: written, file: "fading").minimumTransparency == 0.35)
        #expect(String(decoding: try rule(nil).json(), as: UTF8.self).contains("minimumTransparency") == false)
    }
}
