import CatalogueTables
import FITS
import Foundation
import Imaging
import ReferenceCatalogue
import Testing

@Suite("Tables of stars")
final class TableRowsTests {
    let root = FileManager.default.temporaryDirectory.path + "/tables-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) }
    }

    func file(_ text: String, _ name: String = "table") throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/" + name))
        return root + "/" + name
    }

    func all(_ path: String, _ columns: [String]) throws -> [[TableField]] {
        var rows = try TableFormat.of(path).rows(path, columns: columns)
        var found: [[TableField]] = []
        while let row = try rows.next() { found.append(row) }
        return found
    }

    @Test("CSV: quotes, remarks, separators, line ends and a byte order mark", arguments: [",", "\t", ";", "|"])
    func csv(separator: String) throws {
        let lines = [
            "\u{FEFF}# a remark", "id,ra , \"a name\",empty", "1, 10.5 ,\"said \"\"no\"\", left\nfor good\",", "",
            "2,-3e2,plain,null",
        ]
        let text = lines.map { $0.replacingOccurrences(of: ",", with: separator) }.joined(separator: "\r\n")
        let rows = try all(try file(text), ["a name", "RA", "id", "empty"])
        let said = "said \"no\"\(separator) left\nfor good"
        #expect(rows[0] == [.text(said), .text("10.5"), .text("1"), .missing])
        #expect(rows[1] == [.text("plain"), .text("-3e2"), .text("2"), .text("null")])
        #expect(rows.count == 2 && rows[1][3].isMissing)
    }

    @Test("a long CSV is read in pieces, every row of it")
    func longCSV() throws {
        var text = "id,ra\n"
        for row in 0..<60_000 { text += "\(row),\(row % 360).5\n" }
        let rows = try all(try file(text), ["id"])
        #expect(rows.count == 60_000)
        #expect(rows.enumerated().allSatisfy { $1 == [.text(String($0))] })
    }

    @Test(
        "a broken CSV says what, where",
        arguments: [
            ("", "empty"), ("a,b\n1\n", "line 2: there are 1 fields under 2"), ("a,b\n1,\"2\n", "quote"),
            ("x,y\n1,2\n", "no column a; its columns are x, y"),
        ])
    func brokenCSV(text: String, reason: String) throws {
        let path = try file(text)
        let error = #expect(throws: TableError.self) { try self.all(path, ["a"]) }
        #expect(error?.file == path && error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("FITS: whole numbers stay whole")
    func fits() throws {
        let identifiers: [Int64] = [4_295_806_720, 6_917_528_997_577_384_321]
        let table = FITSTable(
            name: "STARS",
            columns: [
                FITSColumn(name: "source_id", values: .int64(identifiers)),
                FITSColumn(name: "ra", unit: "deg", values: .double([1.25, .nan])),
                FITSColumn(name: "g", values: .float([11.5, 12])),
            ])
        try table.write(to: root + "/stars.fits")
        let rows = try all(root + "/stars.fits", ["RA", "source_id", "g"])
        #expect(rows[0] == [.number(1.25), .integer(identifiers[0]), .number(11.5)])
        #expect(rows[1][1] == .integer(identifiers[1]) && rows[1][0].isMissing)
        #expect(throws: TableError.self) { try self.all(self.root + "/stars.fits", ["dec"]) }
    }

    @Test("FITS: texts are read without the blanks at their ends, and a column's TNULL is missing")
    func fitsTexts() throws {
        let path = root + "/texts.fits"
        try FITSTable(
            name: "STARS", columns: [FITSColumn(name: "n", values: .int32([7, -99, 8]))],
            texts: [FITSTextColumn(name: "Qflg", values: ["AAU", "", "  B"])]
        ).write(to: path)
        // cfitsio writes no TNULL here: the card goes into the place of a blank one.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let end = try #require(bytes.range(of: Data("END  ".utf8), in: 2880..<bytes.count))
        let card = "TNULL1  =                  -99".padding(toLength: 80, withPad: " ", startingAt: 0)
        bytes.replaceSubrange(
            end.lowerBound..<end.lowerBound + 160,
            with: Data((card + "END".padding(toLength: 80, withPad: " ", startingAt: 0)).utf8))
        try bytes.write(to: URL(fileURLWithPath: path))
        let rows = try all(path, ["QFLG", "n"])
        #expect(rows == [[.text("AAU"), .integer(7)], [.missing, .missing], [.text("  B"), .integer(8)]])
    }

    @Test("a heading with units and dashes, as VizieR writes it; without them the first rows stay")
    func units() throws {
        let vizier = "#x\nRAJ2000\tn\ndeg\t\n-------\t--\n-1.5\t-\n2\t--\n\n"
        #expect(
            try all(try file(vizier), ["n", "RAJ2000"]) == [[.text("-"), .text("-1.5")], [.text("--"), .text("2")]])
        let masked = "a,b\n1,2\n--,--\n"
        #expect(try all(try file(masked), ["a"]) == [[.text("1")], [.text("--")]])
        let plain = "a,b\n1,2\n3,4\n5,6\n7,8\n"
        #expect(try all(try file(plain), ["a"]) == ["1", "3", "5", "7"].map { [.text($0)] })
    }

    @Test("tables without a heading: bars, blanks and fixed places; what a line does not reach is missing")
    func layouts() throws {
        func rows(_ text: String, _ layout: String, _ columns: [String]) throws -> [[TableField]] {
            let layout = try JSONDecoder().decode(TextLayout.self, from: Data(layout.utf8))
            var rows = try TableFormat.csv.rows(try file(text), columns: columns, layout: layout)
            var found: [[TableField]] = []
            while let row = try rows.next() { found.append(row) }
            return found
        }
        let bars = "{\"separator\": \"|\", \"names\": [\"id\", \"mark\", \"v\"]}"
        #expect(try rows("1 2|\\N| 3.5\r\n|x|", bars, ["v", "id"]).first == [.text("3.5"), .text("1 2")])
        #expect(throws: TableError.self) { try rows("1|2\n", bars, ["v"]) }
        #expect(throws: TableError.self) { try rows("1|2|3\n", bars, ["w"]) }
        let blanks = "{\"separator\": \" \", \"names\": [\"id\", \"v\"], \"skip\": [\"ID\"]}"
        #expect(try rows("ID v of it\n  1\t 2.5  \n", blanks, ["v"]) == [[.text("2.5")]])
        let fixed =
            "{\"fields\": [{\"name\": \"id\", \"first\": 1, \"last\": 4}, "
            + "{\"name\": \"v\", \"first\": 6, \"last\": 9}]}"
        #expect(
            try rows("  12 3.50x\n\"  7\n   8 1.\n", fixed, ["v", "id"]) == [
                [.text("3.50"), .text("12")], [.missing, .text("\"  7")], [.text("1."), .text("8")],
            ])
    }

    static let fields = """
        <VOTABLE version="1.4"><RESOURCE><TABLE>
        <FIELD name="source_id" datatype="long"><VALUES null="-1"/></FIELD>
        <FIELD name="ra" datatype="double"/><FIELD name="g" datatype="float"/>
        <FIELD name="label" datatype="char" arraysize="*"/><FIELD name="variable" datatype="boolean"/>
        <DATA>
        """
    static let end = "</DATA></TABLE></RESOURCE></VOTABLE>"

    @Test("VOTable: TABLEDATA with entities, nulls and empty cells")
    func tableData() throws {
        let rows = """
            <TABLEDATA><TR><TD>6917528997577384321</TD><TD>1.25</TD><TD>11.5</TD><TD>a &amp; b</TD><TD>T</TD></TR>
            <TR><TD>-1</TD><TD/><TD>NaN</TD><TD></TD><TD>F</TD></TR></TABLEDATA>
            """
        let read = try all(
            try file("<?xml version=\"1.0\"?>\n" + Self.fields + rows + Self.end),
            [
                "label", "source_id", "ra", "g", "variable",
            ])
        #expect(
            read[0] == [
                .text("a & b"), .text("6917528997577384321"), .text("1.25"), .text("11.5"), .text("T"),
            ])
        #expect(read[0][1].integer == 6_917_528_997_577_384_321)
        #expect(read[1].prefix(4).allSatisfy(\.isMissing) && read.count == 2)
    }

    /// One row as a BINARY stream: 8 bytes, 8 bytes, 4 bytes, a length and its letters, one letter.
    static func binaryRow(_ identifier: Int64, _ ra: Double, _ g: Float, _ label: String) -> [UInt8] {
        func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
        return bigEndian(identifier) + bigEndian(ra.bitPattern) + bigEndian(g.bitPattern)
            + bigEndian(Int32(label.utf8.count)) + Array(label.utf8) + [UInt8(ascii: "T")]
    }

    @Test("VOTable: BINARY and BINARY2 with its bits of nulls", arguments: [false, true])
    func binary(isSecond: Bool) throws {
        let mask: [[UInt8]] = isSecond ? [[0], [0b0111_0000]] : [[], []]
        let bytes =
            mask[0] + Self.binaryRow(6_917_528_997_577_384_321, 1.25, 11.5, "star")
            + mask[1] + Self.binaryRow(-1, 2, .nan, "")
        let name = isSecond ? "BINARY2" : "BINARY"
        let stream = "<\(name)><STREAM encoding=\"base64\">\n\(Data(bytes).base64EncodedString())\n</STREAM></\(name)>"
        let path = try file(Self.fields + stream + Self.end)
        let read = try all(path, ["source_id", "ra", "g", "label", "variable"])
        #expect(
            read[0] == [
                .integer(6_917_528_997_577_384_321), .number(1.25), .number(11.5), .text("star"), .text("true"),
            ])
        #expect(read[1][0].isMissing && read[1][2].isMissing && read[1][3].isMissing)
        #expect(read[1][1] == (isSecond ? .missing : .number(2)))
        for cut in 1..<bytes.count where cut != bytes.count / 2 {
            let short = Data(bytes.prefix(cut)).base64EncodedString()
            let broken = try file(
                Self.fields + "<\(name)><STREAM encoding=\"base64\">\(short)</STREAM></\(name)>" + Self.end, "short")
            do { #expect(try all(broken, ["ra"]).count <= 1) } catch {
                #expect((error as? TableError)?.reason.contains("ends within row") == true, "\(error)")
            }
        }
    }

    @Test(
        "what is no readable VOTable says why",
        arguments: [
            ("<VOTABLE><RESOURCE>", "breaks off"), ("<html><body>404</body></html>", "is no VOTable"),
            (fields + "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>" + end, "a row has 1 cells under 5"),
            (fields + "<BINARY><STREAM href=\"http://elsewhere/x\"/></BINARY>" + end, "another file"),
            (fields + "<BINARY><STREAM encoding=\"base64\">%%%%A</STREAM></BINARY>" + end, "base64"),
            (fields + "<FITS><STREAM/></FITS>" + end, "FITS"),
            ("<VOTABLE><FIELD name=\"x\" datatype=\"quaternion\"/></VOTABLE>", "quaternion"),
            (
                "<VOTABLE><FIELD name=\"x\" datatype=\"int\" arraysize=\"99999999999999x99999999999\"/></VOTABLE>",
                "arraysize"
            ),
        ])
    func brokenVOTable(text: String, reason: String) throws {
        let path = try file(text)
        do {
            #expect(try all(path, ["ra"]).isEmpty)
        } catch {
            #expect((error as? TableError)?.reason.contains(reason) == true, "\(error)")
        }
    }

    @Test("entities that would grow without limit do not")
    func entities() throws {
        var text = "<?xml version=\"1.0\"?><!DOCTYPE v [<!ENTITY a0 \"aaaaaaaaaa\">"
        for level in 1...12 {
            text += "<!ENTITY a\(level) \"" + String(repeating: "&a\(level - 1);", count: 10) + "\">"
        }
        text += "]>" + Self.fields + "<TABLEDATA><TR><TD>&a12;</TD></TR></TABLEDATA>" + Self.end
        let path = try file(text)
        #expect(throws: TableError.self) { try self.all(path, ["ra"]) }
    }
}
