import FITS
import Foundation
import Imaging
import Testing

@Suite("Header cards")
struct HeaderTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    func header(_ cards: [String]) throws -> Header {
        let content = handMadeFITS(ReadingTests.cards + cards, data: bigEndian([Int16](1...6)))
        var file = try FITSFile(reading: try folder.write(content, as: UUID().uuidString))
        return try file.firstImage().header
    }

    @Test("values of every kind are read")
    func kinds() throws {
        let found = try header([
            "OBJECT  = 'O''Neill''s star   ' / a name / with slashes", "EXPTIME =               30.0 / [s]",
            "OLDREAL = 1.5D+03", "COUNT   = +12", "FLIP    =                    F", "NOTHING =", "COMMENT  a remark",
            "CCD-TEMP=-20", "TIGHT   ='no blank'", "lower   = 3",
        ])
        #expect(found["OBJECT"] == .string("O'Neill's star"))
        #expect(found.cards.first { $0.keyword == "OBJECT" }?.comment == "a name / with slashes")
        #expect(found["EXPTIME"] == .real(30))
        #expect(found["OLDREAL"] == .real(1500))
        #expect(found["COUNT"] == .integer(12))
        #expect(found["FLIP"] == .logical(false))
        #expect(found.cards.contains { $0.keyword == "NOTHING" && $0.value == nil })
        #expect(found["CCD-TEMP"] == .integer(-20))
        #expect(found["TIGHT"] == .string("no blank"))
        #expect(found["COMMENT"] == .string(" a remark"))
    }

    @Test("HIERARCH keywords and CONTINUEd strings are read")
    func conventions() throws {
        let found = try header([
            "HIERARCH ESO DET CHIP GAIN = 1.25 / e-/ADU", "LONGTEXT= 'the first part &'", "CONTINUE  'and the second&'",
            "CONTINUE  ' and the last' / done", "PLAIN   = 'ends with &'", "NEXT    = 1",
        ])
        #expect(found.number("ESO DET CHIP GAIN") == 1.25)
        #expect(found["LONGTEXT"] == .string("the first part and the second and the last"))
        #expect(found["PLAIN"] == .string("ends with &"))
        #expect(found["NEXT"] == .integer(1))
    }

    @Test("cards that break the rules are kept as unreadable text and hurt nobody")
    func broken() throws {
        let found = try header([
            "OPEN    = 'never closed", "COMPLEX = (1.0, 2.0)", "HEX     = 0x1F", "NOTANUM = nan", "INFINITE= inf",
            "MANY    = 1.2.3", "NOEQUALS 17", "\u{1}\u{2}BAD  = 5", "HUGE    = 1E999", "CONTINUE  'orphan'",
            "FIRST   = 1",
            "FIRST   = 2",
        ])
        for keyword in ["OPEN", "COMPLEX", "HEX", "NOTANUM", "INFINITE", "MANY", "NOEQUALS", "HUGE"] {
            guard case .unreadable = found[keyword] else {
                Issue.record("\(keyword) is \(String(describing: found[keyword]))")
                continue
            }
        }
        #expect(found["FIRST"] == .integer(1))
        #expect(!found.cards.contains { $0.keyword.contains("\u{1}") })
    }

    @Test("what is written reads back: numbers exactly, long and awkward texts, long keywords, commentary")
    func roundTrip() throws {
        var header = Header()
        header.append("EXPTIME", .real(0.1 + 0.2), comment: "[s]")
        header.append("TINY", .real(2.2250738585072014e-308))
        header.append("BIG", .integer(Int.max))
        header.append("MINUS", .integer(-7))
        header.append("YES", .logical(true))
        header.append("QUOTES", .string("it's '' & more &"))
        header.append("LONG", .string(String(repeating: "x'y ", count: 100) + "end"), comment: "long")
        header.append("ESO TEL AIRM START", .real(1.034), comment: "airmass")
        header.append("HISTORY", .string(String(repeating: "h", count: 200)))
        let path = folder.file("h.fits")
        try FITSWriter.write(image: Image<Relative>(width: 2, height: 2), header: header, to: path)
        var file = try FITSFile(reading: path)
        let back = try file.firstImage().header
        for card in header.cards where card.keyword != "HISTORY" {
            #expect(back[card.keyword] == card.value, "\(card.keyword)")
        }
        let history = back.cards.filter { $0.keyword == "HISTORY" }.compactMap(\.value)
        #expect(history == [72, 72, 56].map { .string(String(repeating: "h", count: $0)) })
    }

    @Test("text that FITS cannot hold is written as question marks, never as a broken card")
    func foreignText() throws {
        var header = Header()
        header.append("OBSERVER", .string("Zdeněk\nEND"))
        header.append("strange key=1", .integer(4))
        header.append("NAN", .real(.nan))
        let path = folder.file("f.fits")
        try FITSWriter.write(image: Image<ADU>(width: 2, height: 2), header: header, to: path)
        var file = try FITSFile(reading: path)
        let back = try file.firstImage().header
        #expect(back["OBSERVER"] == .string("Zden?k?END"))
        #expect(back["STRANGE KEY1"] == .integer(4))
        #expect(back["NAN"] == .string("nan"))
    }
}
