import Documents
import Foundation
import ReferenceCatalogue
import Sky
import Testing

@Suite("How somebody's catalogue becomes ours")
struct ColumnMapTests {
    static let document = """
        {"id": "gaia-dr3", "title": "Gaia DR3", "source": "somewhere",
         "columns": {"identifier": "source_id", "ra": "ra", "dec": "dec", "epoch": {"constant": 2016},
                     "positionError": "ra_error", "motionRA": "pmra", "motionDec": "pmdec", "parallax": "parallax",
                     "ruwe": "ruwe"},
         "bands": [{"name": "G", "system": "Vega", "magnitude": {"column": "g", "missing": [99]},
                    "error": {"column": "g_snr", "scale": 1.0857, "inverse": true}},
                   {"name": "BP", "system": "Vega", "magnitude": "g", "plus": "bp_g"}],
         "flags": [{"flag": "variable", "column": "class", "equals": ["VARIABLE"]},
                   {"flag": "poorAstrometry", "column": "ruwe", "above": 1.4},
                   {"flag": "double", "column": "bits", "bits": 6}]}
        """

    func map(_ text: String = document) throws -> ColumnMap {
        try decodeDocument(ColumnMap.self, from: Array(text.utf8), name: "map.json")
    }

    @Test("a row becomes a star, with scales, inverses, sums and flags")
    func star() throws {
        let map = try map()
        let order = [
            "source_id", "ra", "dec", "ra_error", "pmra", "pmdec", "parallax", "ruwe", "g", "g_snr", "bp_g", "class",
            "bits",
        ]
        #expect(map.columnNames.sorted() == order.sorted())
        let values: [String: TableField] = [
            "source_id": .integer(6_917_528_997_577_384_321), "ra": .number(10), "dec": .text("-20.5"),
            "ra_error": .number(0.02), "pmra": .number(-5), "pmdec": .number(7), "parallax": .number(1.5),
            "ruwe": .number(1.5), "g": .number(12), "g_snr": .number(1000), "bp_g": .number(0.25),
            "class": .text("VARIABLE"), "bits": .integer(4),
        ]
        let reader = StarReader(map)
        let star = try reader.star(map.columnNames.map { values[$0]! }, row: 1)
        #expect(star.identifier == 6_917_528_997_577_384_321 && star.epoch == 2016)
        #expect(star.position.raDegrees == 10 && star.position.decDegrees == -20.5)
        #expect(star.motion?.raMasPerYear == -5 && star.motion?.parallaxMas == 1.5)
        #expect(star.magnitudes == [12, 12.25] && star.magnitudeErrors[0] == 0.001_085_7)
        #expect(star.magnitudeErrors[1].isNaN && star.flags == [.variable, .poorAstrometry, .double])
        var faint = values
        (faint["g"], faint["pmra"], faint["bits"]) = (.number(99), .missing, .missing)
        let other = try reader.star(map.columnNames.map { faint[$0]! }, row: 1)
        #expect(other.magnitudes.allSatisfy(\.isNaN) && other.motion == nil && !other.flags.contains(.double))
    }

    @Test(
        "a row without a place, an epoch or an identifier is none, and says why",
        arguments: [
            ("ra", TableField.missing, "ra"), ("dec", .number(91), "ra, dec"), ("ra", .text("abc"), "ra"),
            ("dec", .number(.nan), "dec"), ("source_id", .number(1.5), "identifier"),
        ])
    func noStar(column: String, field: TableField, name: String) throws {
        let map = try map()
        let fields = map.columnNames.map { $0 == column ? field : TableField.number(1) }
        let error = #expect(throws: StarReader.Problem.self) { try StarReader(map).star(fields, row: 1) }
        #expect(error?.field == name)
    }

    @Test("motions of the coordinate itself become motions on the sky")
    func coordinateMotion() throws {
        let text = """
            {"id": "t", "title": "t", "source": "t", "columns": {"ra": {"column": "ra", "scale": 15}, "dec": "dec",
             "epoch": {"constant": 1991.25}, "motionRA": "pmra", "motionDec": "pmdec", "motionRAIsCoordinate": true},
             "bands": [{"name": "V", "system": "Vega", "magnitude": "v"}]}
            """
        let map = try map(text)
        let fields: [String: TableField] = [
            "ra": .number(2), "dec": .number(60), "pmra": .number(100), "pmdec": .number(1), "v": .text("bright"),
        ]
        let star = try StarReader(map).star(map.columnNames.map { fields[$0]! }, row: 17)
        #expect(abs((star.motion?.raMasPerYear ?? 0) - 50) < 1e-9 && star.position.raDegrees == 30)
        #expect(star.identifier == 17 && star.magnitudes[0].isNaN && star.rankingMagnitude == .infinity)
    }

    @Test(
        "what is wrong with a map is told by its field",
        arguments: [
            ("\"Vega\"", "\"vega\"", "system"), ("\"ra\": \"ra\"", "\"ra\": {\"scale\": 2}", "columns.ra"),
            ("\"variable\"", "\"wobbly\"", "flags[0].flag"), ("\"equals\"", "\"equal\"", "equal"),
            ("{\"constant\": 2016}", "{\"constant\": 2016, \"column\": \"x\"}", "columns.epoch"),
            ("\"scale\": 1.0857", "\"scale\": 0", "bands[0].error.scale"), ("\"BP\"", "\"G\"", "two have one name"),
            ("\"pmdec\"", "null", "columns.motionRA"), ("gaia-dr3", "../gaia", "id"),
        ])
    func problems(old: String, new: String, expected: String) throws {
        let range = try #require(Self.document.range(of: old))
        var text = Self.document
        text.replaceSubrange(range, with: new)
        let error = #expect(throws: DocumentError.self) { try self.map(text) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test("sexagesimal places, quotients, letters of a flag, rows that are not wanted and numbers in texts")
    func richMap() throws {
        let text = """
            {"id": "t", "title": "t", "source": "t", "rows": {"column": "mode", "equals": ["1"]},
             "columns": {"identifier": {"columns": ["zone", "n"], "digits": [3, 6]},
               "ra": {"column": "ra", "sexagesimal": "hours"}, "dec": {"column": "dec", "sexagesimal": "degrees"},
               "epoch": {"constant": 2000}, "positionError": "e", "positionErrorEpoch": "year",
               "motionRA": "pmra", "motionDec": "pmra", "motionError": "epm"},
             "bands": [{"name": "V", "system": "Vega", "magnitude": "v",
               "when": {"column": "q", "letter": 2, "equals": ["A"]},
               "error": {"column": "df", "over": "f", "scale": 2}}],
             "flags": [{"flag": "double", "column": "q", "letter": 3, "differs": ["A"]}]}
            """
        let map = try map(text)
        var fields: [String: TableField] = [
            "mode": .integer(1), "zone": .text("Z-007"), "n": .integer(42), "ra": .text("5 34 31.9"),
            "dec": .text("-00:00:01.8"), "e": .number(3), "year": .number(1998), "pmra": .number(1),
            "epm": .number(2), "v": .number(12), "q": .text("BAA"), "df": .number(0.5), "f": .number(100),
        ]
        func star() throws -> CatalogueStar { try StarReader(map).star(map.columnNames.map { fields[$0]! }, row: 1) }
        let good = try star()
        #expect(good.identifier == 7_000_042 && abs(good.position.raDegrees - 83.632_916_667) < 1e-9)
        #expect(abs(good.position.decDegrees + 0.0005) < 1e-12 && good.positionErrorMas == 5)
        #expect(good.magnitudes == [12] && good.magnitudeErrors == [0.01] && good.flags == [])
        (fields["q"], fields["epm"], fields["f"]) = (.text("AB"), .missing, .number(0))
        let poor = try star()
        #expect(poor.magnitudes[0].isNaN && poor.flags == [] && poor.positionErrorMas == 3)
        (fields["q"], fields["n"]) = (.text("AAB"), .integer(1_234_567))
        let error = #expect(throws: StarReader.Problem.self) { try star() }
        #expect(error?.description == "identifier: not 2 whole numbers of [3, 6] digits")
        (fields["n"], fields["ra"]) = (.integer(0), .text("5 64 31.9"))
        #expect(throws: StarReader.Problem.self) { try star() }
        (fields["ra"], fields["mode"]) = (.text("5 34 31.9"), .missing)
        #expect(throws: StarReader.Problem.self) { try star() }
        fields["mode"] = .text("1")
        let last = try star()
        #expect(last.flags == [.double] && last.identifier == 7_000_000 && last.magnitudeErrors[0].isNaN)
    }

    @Test(
        "what is wrong with a layout, a condition or an identifier is told by its field",
        arguments: [
            ("\"layout\": {\"names\": [\"a\"]}", "layout: names need a separator"),
            ("\"layout\": {\"separator\": \"|\", \"names\": [\"ra\", \"ra\"]}", "layout: two fields"),
            ("\"layout\": {\"separator\": \"||\", \"names\": [\"ra\"]}", "separator"),
            ("\"layout\": {\"fields\": [{\"name\": \"ra\", \"first\": 5, \"last\": 4}]}", "ends before it begins"),
            ("\"layout\": {\"fields\": [{\"name\": \"ra\", \"first\": 0, \"last\": 4}]}", "not in 1...100000"),
            ("\"layout\": {\"separator\": \"|\", \"names\": [\"ra\", \"g\"]}", "layout: has no field dec"),
            ("\"rows\": {\"column\": \"x\"}", "rows: give one of"),
            ("\"rows\": {\"column\": \"x\", \"letter\": 0, \"equals\": []}", "rows: letter"),
        ])
    func richProblems(field: String, expected: String) throws {
        let text = """
            {"id": "t", "title": "t", "source": "t", \(field), "columns": {"ra": "ra", "dec": "dec",
             "epoch": {"constant": 2000}}, "bands": [{"name": "V", "system": "Vega", "magnitude": "g"}]}
            """
        let error = #expect(throws: DocumentError.self) { try self.map(text) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
}
