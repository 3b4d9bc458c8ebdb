internal import Foundation
internal import Imaging

/// A small reader of header text for these tests; the product reads headers with cfitsio in its own room.
enum HeaderText {
    /// Every header in a FITS file, or the one in a text of 80-column cards with or without line ends.
    static func headers(in bytes: [UInt8]) -> [Header] {
        if let newline = bytes.firstIndex(of: 10), newline < 200, bytes.prefix(81).contains(10) {
            return [header(bytes.split(separator: 10).map { Array($0.prefix(80)) })]
        }
        var found: [Header] = []
        for start in stride(from: 0, to: bytes.count, by: 2880) {
            let mark = String(decoding: bytes[start..<min(start + 8, bytes.count)], as: UTF8.self)
            guard start == 0 || mark == "XTENSION" else { continue }
            let cards = stride(from: start, to: bytes.count, by: 80).lazy.map {
                Array(bytes[$0..<min($0 + 80, bytes.count)])
            }
            found.append(header(Array(cards.prefix { !$0.starts(with: Array("END     ".utf8)) }.prefix(4000))))
        }
        return found
    }

    static func header(_ text: String) -> Header { header(text.split(separator: "\n").map { Array($0.utf8) }) }

    private static func header(_ cards: [[UInt8]]) -> Header {
        Header(
            cards.compactMap { card in
                let text = String(decoding: card, as: UTF8.self)
                guard let equals = text.firstIndex(of: "="), text.distance(from: text.startIndex, to: equals) <= 8
                else {
                    return nil
                }
                let keyword = text[..<equals].trimmingCharacters(in: .whitespaces)
                return HeaderCard(keyword: keyword, value: value(text[text.index(after: equals)...]))
            })
    }

    private static func value(_ text: Substring) -> HeaderValue? {
        let body = text.drop { $0 == " " }
        if body.first == "'" {
            let inside = body.dropFirst()
            let end = inside.firstIndex(of: "'") ?? inside.endIndex
            return .string(String(inside[..<end]))
        }
        let token = body.prefix { $0 != "/" }.trimmingCharacters(in: .whitespaces)
        if token.isEmpty { return nil }
        if token == "T" || token == "F" { return .logical(token == "T") }
        if let integer = Int(token) { return .integer(integer) }
        if let real = Double(token.replacingOccurrences(of: "D", with: "E")) { return .real(real) }
        return .unreadable(token)
    }
}

/// The folder of real frames beside the checkout, or the one that NIGHTJAR_SHARED names; `nil` when there is none.
func sharedData(_ folder: String) -> URL? {
    let named = ProcessInfo.processInfo.environment["NIGHTJAR_SHARED"].map { URL(filePath: $0) }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let shared = named ?? root.deletingLastPathComponent().appending(path: "shared")
    let url = shared.appending(path: "data").appending(path: folder)
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
}
