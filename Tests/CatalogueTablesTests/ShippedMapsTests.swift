import CatalogueTables
import Documents
import Foundation
import ReferenceCatalogue
import Sky
import Testing

/// Made-up rows in the layouts that the shipped maps are for, and what they mean by hand.
@Suite("The shipped maps of catalogues")
final class ShippedMapsTests {
    let root = FileManager.default.temporaryDirectory.path + "/maps-\(UUID().uuidString)"
    static let maps = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "examples/catalogs")

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) }
    }

    static func map(_ id: String) throws -> ColumnMap {
        let data = try Data(contentsOf: maps.appending(path: id + ".json"))
        return try decodeDocument(ColumnMap.self, from: Array(data), name: id)
    }

    /// The stars of a table, and why its other rows are none.
    func read(_ id: String, _ lines: [String]) throws -> (stars: [CatalogueStar], problems: [String]) {
        let map = try Self.map(id)
        let path = root + "/" + id
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        var rows = try TableFormat.of(path).rows(path, columns: map.columnNames, layout: map.layout)
        let reader = StarReader(map)
        var (stars, problems): ([CatalogueStar], [String]) = ([], [])
        while let row = try rows.next() {
            do {
                stars.append(try reader.star(row, row: stars.count + 1))
            } catch { problems.append("\(error)") }
        }
        return (stars, problems)
    }

    /// A table as VizieR writes it: remarks, names, units, dashes.
    static func vizier(_ columns: [(name: String, unit: String)], _ rows: [String]) -> [String] {
        let dashes = columns.map { String(repeating: "-", count: max($0.name.count, 2)) }
        return ["#", "#   VizieR Astronomical Server", "#Column\tx\t(F6.3)\ty", ""]
            + [columns.map(\.name), columns.map(\.unit), dashes].map { $0.joined(separator: "\t") } + rows + [
                "", "#END#",
            ]
    }

    @Test("every map is sound, says its layout and its source, and none is untested")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.maps.path).sorted()
        let ids = names.map { String($0.dropLast(5)) }
        for id in ids { #expect(try Self.map(id).id == id) }
        #expect(
            Set(ids) == [
                "2mass-irsa", "2mass-psc", "2mass-vizier", "apass-dr10", "apass-dr9-vizier", "atlas-refcat2-mast",
                "atlas-refcat2-vizier", "gaia-dr3", "gaia-gspc", "pan-starrs-dr1-vizier", "pan-starrs-mast",
                "sdss-dr16-vizier", "tycho-1", "tycho-2", "tycho-2-vizier", "ucac4-vizier",
            ])
    }

    @Test("Gaia synthetic photometry: errors from fluxes, magnitudes only where they are validated")
    func gspc() throws {
        let bands = ["b_jkc", "v_jkc", "r_jkc", "i_jkc", "u_jkc", "u_sdss", "g_sdss", "r_sdss", "i_sdss", "z_sdss"]
        let gaia = "source_id,ra,dec,ref_epoch,ra_error,pmra,pmdec,pmra_error,parallax,ruwe,phot_variable_flag"
        let heading =
            ([gaia + ",phot_g_mean_mag,phot_g_mean_flux_over_error"]
            + bands.map { "\($0)_mag,\($0)_flux,\($0)_flux_error,\($0)_flag" }).joined(separator: ",")
        let place = "4295806720,45.004978,0.019879,2016.0,0.02,-5.5,7.25,0.03,1.5,1.1,NOT_AVAILABLE,12.5,1000"
        let good = ",13.0,2.0e-16,2.0e-18,1"
        let rest = String(repeating: ",,,,0", count: 7)
        let (stars, problems) = try read("gaia-gspc", [heading, place + good + ",12.6,4e-16,2e-18,0" + good + rest])
        let star = try #require(stars.first)
        #expect(problems.isEmpty && star.identifier == 4_295_806_720 && star.epoch == 2016 && star.flags == [])
        #expect(star.motion?.raMasPerYear == -5.5 && star.motion?.parallaxMas == 1.5 && star.ruwe == 1.1)
        let names = try Self.map("gaia-gspc").bands.map(\.name)
        #expect(names == ["G", "V", "B", "R", "I", "U", "g", "r", "i", "u", "z"])
        // 2.5 / ln 10 of 1 % is 0.010857; the V of this star is out of its range, and it has no I.
        #expect(star.magnitudes[0] == 12.5 && abs(star.magnitudeErrors[0] - 0.001_085_7) < 1e-6)
        #expect(star.magnitudes[2] == 13 && abs(star.magnitudeErrors[2] - 0.010_857) < 1e-6)
        #expect(star.magnitudes[1].isNaN && star.magnitudeErrors[1].isNaN && star.magnitudes[4].isNaN)
    }

    @Test("ATLAS-REFCAT2 from VizieR: g and G are two columns, and dupvar is variable and duplicate")
    func refcat() throws {
        let columns = [
            ("RA_ICRS", "deg"), ("DE_ICRS", "deg"), ("Plx", "mas"), ("pmRA", "mas/yr"), ("pmDE", "mas/yr"),
            ("Gmag", "mag"), ("e_Gmag", "mag"), ("dupvar", ""), ("gmag", "mag"), ("e_gmag", "mag"), ("rmag", "mag"),
            ("e_rmag", "mag"), ("imag", "mag"), ("e_imag", "mag"), ("zmag", "mag"), ("e_zmag", "mag"),
            ("Jmag", "mag"), ("e_Jmag", "mag"), ("Kmag", "mag"), ("e_Kmag", "mag"),
        ]
        let rows = [
            "280.00001672\t-19.67818581\t0.98\t1.14\t-14.60\t15.884\t0.001\t2\t16.657\t0.010\t15.915\t0.012\t"
                + "15.578\t0.010\t15.346\t0.012\t14.105\t0.036\t13.667\t0.044",
            "280.1\t-19.7\t      \t      \t\t16.1\t0.001\t5\t\t\t15.0\t0.000\t\t\t\t\t\t\t\t",
        ]
        let stars = try read("atlas-refcat2-vizier", Self.vizier(columns, rows)).stars
        #expect(stars.map(\.epoch) == [2015.5, 2015.5] && stars.map(\.flags) == [[], [.variable, .double]])
        #expect(stars[0].magnitudes == [15.915, 16.657, 15.578, 15.346, 15.884, 14.105, 13.667])
        #expect(stars[0].magnitudeErrors[1] == 0.01 && stars[0].motion?.decMasPerYear == -14.6)
        #expect(stars[1].motion == nil && stars[1].magnitudes[1].isNaN && stars[1].magnitudeErrors[0].isNaN)
    }

    @Test("ATLAS-REFCAT2 from MAST: numbers of stars, and ten bands in two systems")
    func refcatMAST() throws {
        let heading =
            "objid,RA,Dec,plx,dplx,pmra,dpmra,pmdec,dpmdec,Gaia,dGaia,BP,dBP,RP,dRP,Teff,AGaia,dupvar,Ag,rp1,r1,r10,"
            + "g,dg,gchi,gcontrib,r,dr,rchi,rcontrib,i,di,ichi,icontrib,z,dz,zchi,zcontrib,nstat,J,dJ,H,dH,K,dK"
        let row =
            "84052800001672,280.00001672,-19.67818581,0.98,0.10,1.14,0.16,-14.60,0.15,15.884,0.001,16.472,0.010,"
            + "15.137,0.001,4729,0.895,1,1.234,5.0,5.0,15.5,16.657,0.010,0.23,31,15.915,0.012,0.41,63,15.578,0.010,"
            + "0.49,15,15.346,0.012,0.00,6,0,14.105,0.036,0,0,13.667,0.044"
        let star = try #require(try read("atlas-refcat2-mast", [heading, row]).stars.first)
        #expect(star.identifier == 84_052_800_001_672 && star.flags == [.variable])
        #expect(star.motionErrorMasPerYear == 0.16 && star.motion?.parallaxMas == 0.98)
        #expect(star.magnitudes.prefix(5) == [15.915, 16.657, 15.578, 15.346, 15.884])
        #expect(star.magnitudes[8].isNaN && star.magnitudeErrors[9] == 0.044)
    }
}
