internal import Imaging

/// One header being read: what it says, by what rules, and what has been noted so far.
struct HeaderReading {
    let header: Header
    let fileName: String
    let rules: HeaderRules
    private(set) var notes: [HeaderNote] = []

    var document: InstrumentDocument { rules.document }

    init(header: Header, fileName: String, document: InstrumentDocument) {
        self.header = header
        self.fileName = fileName
        rules = HeaderRules(document: document, header: header)
    }

    /// The same note twice is one.
    mutating func note(_ code: HeaderNote.Code, _ text: String) {
        let note = HeaderNote(code, text)
        if !notes.contains(note) { notes.append(note) }
    }

    func card(_ keyword: String) -> HeaderCard? {
        header.cards.first { $0.keyword.uppercased() == keyword.uppercased() }
    }

    /// The first keyword of a fact that is there and says something.
    func firstText(_ fact: HeaderFact) -> (keyword: String, text: String)? {
        for keyword in rules.keywords(fact) {
            if let text = header.text(keyword), !UsualHeader.placeholders.contains(text.lowercased()) {
                return (keyword, text)
            }
        }
        return nil
    }

    /// The first number of a fact that is allowed; numbers that are not are noted and passed over.
    mutating func firstNumber(
        _ fact: HeaderFact, where isAllowed: (Double) -> Bool = { _ in true }
    ) -> (keyword: String, value: Double)? {
        for keyword in rules.keywords(fact) {
            guard let text = header.text(keyword), !UsualHeader.placeholders.contains(text.lowercased()) else {
                continue
            }
            if let value = header.number(keyword), isAllowed(value) { return (keyword, value) }
            note(.valueIgnored, "\(keyword) '\(text.prefix(40))' is no \(fact.rawValue)")
        }
        return nil
    }

    /// The first number above zero; zero means "not known" to most programs and is not worth a note.
    mutating func firstPositive(_ fact: HeaderFact) -> (keyword: String, value: Double)? {
        guard let found = firstNumber(fact, where: { $0 >= 0 }) else { return nil }
        return found.value > 0 ? found : nil
    }
}

extension String {
    /// Trimmed, with every run of blanks inside made one.
    func collapsingBlanks() -> String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
