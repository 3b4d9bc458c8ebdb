import Events
import Sky
import Testing

@testable import archiver

@Suite("time scales, Sun and Moon of a point")
struct CircumstancesTests {
    private func position() throws -> SkyPosition { try SkyPosition(raDegrees: 31.04283, decDegrees: 46.68783) }

    /// astropy 8.0.2 with its built-in ephemeris, at 31.675 N, 110.952 W, 1268 m.
    @Test("they agree with astropy: times to a millisecond, the Moon to a hundredth of a degree")
    func known() throws {
        let site = try Site(latitudeDegrees: 31.675, longitudeDegrees: -110.952, elevationMeters: 1268)
        let facts = ObservingCircumstances(
            try position(), at: try UTCInstant(mjd: 58_107.211354), from: site)
        #expect(abs(facts.midpointMJDTAI - 58_107.21178224) < 1e-8)
        #expect(abs(facts.midpointHJDUTC - 2_458_107.71494299) * 86_400 < 1e-3)
        #expect(abs(try #require(facts.sunAltitudeDegrees) + 58.677) < 0.01)
        #expect(abs(try #require(facts.moonAltitudeDegrees) + 38.907) < 0.01)
        #expect(abs(try #require(facts.moonSeparationDegrees) - 112.082) < 0.01)
        #expect(abs(try #require(facts.moonIlluminatedFraction) - 0.0315) < 0.0005)
    }

    @Test("without a site there are times, and nothing is said of Sun and Moon")
    func withoutSite() throws {
        let facts = ObservingCircumstances(try position(), at: try UTCInstant(mjd: 58_107.211354), from: nil)
        // The Earth's radius is 21 ms of light.
        #expect(abs(facts.midpointHJDUTC - 2_458_107.71494299) * 86_400 < 0.022)
        #expect(facts.sunAltitudeDegrees == nil && facts.moonSeparationDegrees == nil)
    }
}
