import Foundation
import Imaging

/// A header written as text, one card a line or in runs of 80 columns.
func header(_ text: String) -> Header {
    let lines =
        text.contains("\n")
        ? text.split(separator: "\n").map(String.init)
        : stride(from: 0, to: text.count, by: 80).map { String(text.dropFirst($0).prefix(80)) }
    var result = Header()
    for line in lines {
        let hierarch = line.hasPrefix("HIERARCH ")
        guard let equals = line.firstIndex(of: "="), hierarch || line.distance(from: line.startIndex, to: equals) <= 8
        else { continue }
        let keyword = trimmed(line[..<equals]).replacingOccurrences(of: "HIERARCH ", with: "")
        let (value, comment) = cardValue(line[line.index(after: equals)...])
        if let value { result.append(keyword, value, comment: comment) }
    }
    return result
}

private func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " }
    let end = start.lastIndex { $0 != " " }
    return end.map { String(start[...$0]) } ?? ""
}

private func cardValue(_ text: Substring) -> (HeaderValue?, String) {
    let body = text.drop { $0 == " " }
    if body.first == "'" {
        var value = ""
        var rest = body.dropFirst()
        while let letter = rest.first {
            rest = rest.dropFirst()
            if letter == "'" {
                guard rest.first == "'" else { break }
                rest = rest.dropFirst()
            }
            value.append(letter)
        }
        return (.string(value), trimmed(rest.drop { $0 == " " || $0 == "/" }))
    }
    let slash = body.firstIndex(of: "/") ?? body.endIndex
    let value = trimmed(body[..<slash])
    let comment = trimmed(body[slash...].drop { $0 == "/" })
    if value.isEmpty { return (nil, comment) }
    if value == "T" || value == "F" { return (.logical(value == "T"), comment) }
    if let integer = Int(value) { return (.integer(integer), comment) }
    if let real = Double(value) { return (.real(real), comment) }
    return (.unreadable(value), comment)
}
