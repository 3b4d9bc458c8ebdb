public import Documents

extension ColumnMap: CheckedDocument {
    public func problems() -> [DocumentProblem] {
        let description = CatalogueDescription(
            id: id, title: title, source: source, bands: catalogueBands, order: 0, tiles: [:],
            maximumMotionMasPerYear: 0, epochs: 2000...2000)
        var found = description.problem.map { [DocumentProblem(field: "", text: $0)] } ?? []
        for (name, quantity) in quantities {
            if let text = quantity.problem { found.append(DocumentProblem(field: name + text.field, text: text.text)) }
        }
        if (columns.motionRA == nil) != (columns.motionDec == nil) {
            found.append(DocumentProblem(field: "columns.motionRA", text: "needs motionDec beside it, and the reverse"))
        }
        if columns.positionErrorEpoch != nil, columns.positionError == nil {
            found.append(DocumentProblem(field: "columns.positionErrorEpoch", text: "needs positionError beside it"))
        }
        if let text = columns.identifier?.problem {
            found.append(DocumentProblem(field: "columns.identifier", text: text))
        }
        for (index, flag) in (flags ?? []).enumerated()
        where CatalogueFlags.registry.first(where: { $0.name == flag.flag }) == nil {
            let names = CatalogueFlags.registry.map(\.name).joined(separator: ", ")
            found.append(DocumentProblem(field: "flags[\(index)].flag", text: "is not one of \(names)"))
        }
        for (name, condition) in conditions {
            if let text = condition.problem { found.append(DocumentProblem(field: name, text: text)) }
        }
        return found + layoutProblems
    }

    private var layoutProblems: [DocumentProblem] {
        guard let layout else { return [] }
        if let text = layout.problem { return [DocumentProblem(field: "layout", text: text)] }
        let called = Set(layout.names ?? layout.fields?.map(\.name) ?? [])
        return columnNames.filter { !called.contains($0) }.map {
            DocumentProblem(field: "layout", text: "has no field \($0), which the map reads")
        }
    }

    /// The bands as a catalogue describes them.
    public var catalogueBands: [CatalogueBand] {
        bands.map { CatalogueBand(name: $0.name, system: $0.system, title: $0.title) }
    }

    /// Every quantity with its place in the document.
    private var quantities: [(name: String, quantity: Quantity)] {
        let single: [(String, Quantity?)] = [
            ("ra", columns.ra), ("dec", columns.dec), ("epoch", columns.epoch),
            ("positionError", columns.positionError), ("positionErrorEpoch", columns.positionErrorEpoch),
            ("motionRA", columns.motionRA), ("motionDec", columns.motionDec), ("motionError", columns.motionError),
            ("parallax", columns.parallax), ("ruwe", columns.ruwe),
        ]
        let ofBands = bands.enumerated().flatMap { index, band -> [(String, Quantity?)] in
            [("magnitude", band.magnitude), ("plus", band.plus), ("error", band.error)].map {
                ("bands[\(index)].\($0.0)", $0.1)
            }
        }
        return (single.map { ("columns.\($0.0)", $0.1) } + ofBands).compactMap { name, quantity in
            quantity.map { (name, $0) }
        }
    }

    /// Every condition with its place in the document.
    private var conditions: [(name: String, condition: Condition)] {
        let ofBands = bands.enumerated().compactMap { index, band in
            band.when.map { ("bands[\(index)].when", $0) }
        }
        let ofFlags = (flags ?? []).enumerated().map { ("flags[\($0)]", $1.condition) }
        return (rows.map { [("rows", $0)] } ?? []) + ofBands + ofFlags
    }

    /// Every column that is read, each once, in the order of the document.
    public var columnNames: [String] {
        let named =
            (columns.identifier?.columns ?? []) + quantities.flatMap { [$0.quantity.column, $0.quantity.over] }
            + conditions.map(\.condition.column)
        var seen: Set<String> = []
        return named.compactMap { $0 }.filter { seen.insert($0).inserted }
    }
}

extension ColumnMap.Quantity {
    fileprivate var problem: (field: String, text: String)? {
        if (column == nil) == (constant == nil) { return ("", "give either column or constant") }
        if scale == 0 { return (".scale", "must not be zero") }
        if over != nil, column == nil || isInverse { return (".over", "goes with a column, and not with inverse") }
        if sexagesimal != nil, column == nil { return (".sexagesimal", "goes with a column") }
        return nil
    }
}

extension ColumnMap.Identifier {
    fileprivate var problem: String? {
        guard let digits else { return nil }
        if columns.isEmpty || digits.isEmpty { return "columns and digits must not be empty" }
        guard digits.allSatisfy({ (1...18).contains($0) }), digits.reduce(0, +) <= 18 else {
            return "digits: 18 in all are what a number can have"
        }
        return nil
    }
}

extension ColumnMap.Condition {
    fileprivate var problem: String? {
        let given = [equals != nil, differs != nil, above != nil, below != nil, bits != nil]
        if given.count(where: \.self) != 1 { return "give one of equals, differs, above, below, bits" }
        return (letter ?? 1) < 1 ? "letter: they are counted from 1" : nil
    }
}
