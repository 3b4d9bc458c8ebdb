internal import Imaging

/// The cards of a header that describe its primary world coordinate system, made fit for wcslib.
///
/// Headers of real cameras bend the rules in known ways, and what they mean is clear:
/// numbers written as strings, SIP terms without "-SIP" in CTYPE (the terms count), "-SIP" without terms (none), PV
/// terms beside SIP terms (the leftovers of another solver; SIP counts), CUNIT in capitals, RADECSYS and EPOCH.
struct CardText {
    private(set) var text: [String: String] = [:]
    private(set) var number: [String: Double] = [:]

    init(_ header: Header) throws(WorldCoordinatesError) {
        for card in header.cards {
            let keyword = card.keyword.uppercased()
            guard let value = card.value, text[keyword] == nil, number[keyword] == nil else { continue }
            switch CardKind(keyword) {
            case .other: continue
            case .text: text[keyword] = Self.text(value)
            case .number:
                let single = Header([card])
                guard let known = single.text(keyword) else { continue }
                guard let parsed = single.number(keyword) else {
                    throw .unreadable(keyword: keyword, text: known)
                }
                number[keyword] = parsed
            }
        }
    }

    private static func text(_ value: HeaderValue) -> String? {
        Header([HeaderCard(keyword: "X", value: value)]).text("X")
    }

    /// 80-column cards for wcslib with the clear deviations put right.
    func normalisedCards() throws(WorldCoordinatesError) -> [String] {
        var numbers = number
        var texts = text
        let hasSIP = try hasDistortion(numbers)
        for axis in ["CTYPE1", "CTYPE2"] {
            var type = (texts[axis] ?? "").uppercased()
            if type.hasSuffix("-SIP"), !hasSIP { type.removeLast(4) }
            if hasSIP, type.hasSuffix("-TAN") { type += "-SIP" }
            texts[axis] = type
        }
        if hasSIP {
            numbers = numbers.filter { !$0.key.hasPrefix("PV") }
        } else {
            numbers = numbers.filter { !CardKind.isSIP($0.key) }
        }
        for axis in ["CUNIT1", "CUNIT2"] {
            guard let unit = texts[axis]?.lowercased() else { continue }
            if ["deg", "degree", "degrees"].contains(unit) { texts[axis] = "deg" }
        }
        if texts["RADESYS"] == nil { texts["RADESYS"] = texts["RADECSYS"] }
        if numbers["EQUINOX"] == nil { numbers["EQUINOX"] = numbers["EPOCH"] }
        for synonym in ["RADECSYS", "EPOCH"] {
            texts[synonym] = nil
            numbers[synonym] = nil
        }
        return try cards(numbers: numbers, texts: texts)
    }

    /// Whether there is a SIP distortion; both polynomials or none.
    private func hasDistortion(_ numbers: [String: Double]) throws(WorldCoordinatesError) -> Bool {
        switch (numbers["A_ORDER"], numbers["B_ORDER"]) {
        case (nil, nil): return false
        case (_?, nil): throw .missing(keyword: "B_ORDER")
        case (nil, _?): throw .missing(keyword: "A_ORDER")
        case (let first?, let second?):
            for (keyword, order) in [("A_ORDER", first), ("B_ORDER", second)] where !(0...9).contains(order) {
                throw .unreadable(keyword: keyword, text: String(order))
            }
            return first >= 2 || second >= 2
        }
    }

    private func cards(
        numbers: [String: Double], texts: [String: String]
    ) throws(WorldCoordinatesError) -> [String] {
        var cards: [String] = []
        for (keyword, value) in numbers.sorted(by: { $0.key < $1.key }) {
            let isWhole = CardKind.isInteger(keyword)
            guard !isWhole || (value == value.rounded() && abs(value) < 1e6) else {
                throw .unreadable(keyword: keyword, text: String(value))
            }
            cards.append(padded(keyword) + "= " + (isWhole ? String(Int(value)) : String(value).uppercased()))
        }
        for (keyword, value) in texts.sorted(by: { $0.key < $1.key }) {
            let isPlain = value.utf8.allSatisfy { (32...126).contains($0) }
            let quoted =
                "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
            guard isPlain, quoted.utf8.count <= 70 else { throw .unreadable(keyword: keyword, text: value) }
            cards.append(padded(keyword) + "= " + quoted)
        }
        return cards.map { $0 + String(repeating: " ", count: 80 - $0.utf8.count) }
    }

    private func padded(_ keyword: String) -> String {
        keyword + String(repeating: " ", count: 8 - keyword.utf8.count)
    }
}

/// What a keyword's value has to be, decided by its spelling.
enum CardKind: Equatable {
    case number
    case text
    case other

    private static let numbers: Set<String> = ["LONPOLE", "LATPOLE", "EQUINOX", "EPOCH", "WCSAXES", "VELREF"]
    private static let plateNumbers: Set<String> = [
        "PLTRAH", "PLTRAM", "PLTRAS", "PLTDECD", "PLTDECM", "PLTDECS", "CNPIX1", "CNPIX2", "XPIXELSZ", "YPIXELSZ",
    ]
    private static let texts: Set<String> = ["RADESYS", "RADECSYS", "PLTDECSN"]

    init(_ keyword: String) {
        let stem = keyword.prefix { !("0"..."9").contains($0) }
        let rest = keyword.dropFirst(stem.count)
        if Self.texts.contains(keyword) || (["CTYPE", "CUNIT"].contains(stem) && Self.isIndex(rest)) {
            self = .text
        } else if Self.isIndexPair(rest), stem == "WAT" {
            self = .text
        } else if Self.numbers.contains(keyword) || Self.plateNumbers.contains(keyword) {
            self = .number
        } else if ["CRVAL", "CRPIX", "CDELT", "CROTA", "AMDX", "AMDY", "PPO"].contains(stem), Self.isIndex(rest) {
            self = .number
        } else if ["CD", "PC", "PV"].contains(stem), Self.isIndexPair(rest) {
            self = .number
        } else if stem == "PC", rest.utf8.count == 6, Self.isIndex(rest.prefix(3)), Self.isIndex(rest.suffix(3)) {
            // PC001001, the draft standard's spelling, which Pan-STARRS still writes.
            self = .number
        } else {
            self = Self.isSIP(keyword) ? .number : .other
        }
    }

    /// SIP's keywords: A_ORDER, A_DMAX, A_p_q and those of B, AP, BP.
    static func isSIP(_ keyword: String) -> Bool {
        let parts = keyword.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, ["A", "B", "AP", "BP"].contains(parts[0]) else { return false }
        return parts[1] == "ORDER" || parts[1] == "DMAX" || isIndexPair(parts[1])
    }

    static func isInteger(_ keyword: String) -> Bool {
        keyword == "WCSAXES" || keyword == "VELREF" || keyword.hasSuffix("_ORDER")
    }

    private static func isIndex(_ text: Substring) -> Bool {
        (1...3).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    private static func isIndexPair(_ text: Substring) -> Bool {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        return parts.count == 2 && isIndex(parts[0]) && isIndex(parts[1])
    }
}
