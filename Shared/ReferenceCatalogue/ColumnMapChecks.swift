public import Documents

extension ColumnMap: CheckedDocument {
    public func problems() -> [DocumentProblem] {
        let description = CatalogueDescription(
            id: id, title: title, source: source, bands: catalogueBands, order: 0, tiles: [:],
            maximumMotionMasPerYear: 0, epochs: 2000...2000)
        var found = description.problem.map { [DocumentProblem(field: "", text: $0)] } ?? []
        for (name, quantity) in quantities {
            guard (quantity.column == nil) != (quantity.constant == nil) else {
                found.append(DocumentProblem(field: name, text: "give either column or constant"))
                continue
            }
            if quantity.scale == 0 { found.append(DocumentProblem(field: "\(name).scale", text: "must not be zero")) }
        }
        if (columns.motionRA == nil) != (columns.motionDec == nil) {
            found.append(DocumentProblem(field: "columns.motionRA", text: "needs motionDec beside it, and the reverse"))
        }
        for (index, flag) in (flags ?? []).enumerated() {
            if CatalogueFlags.registry.first(where: { $0.name == flag.flag }) == nil {
                let names = CatalogueFlags.registry.map(\.name).joined(separator: ", ")
                found.append(DocumentProblem(field: "flags[\(index)].flag", text: "is not one of \(names)"))
            }
            let conditions = [
                flag.equals != nil, flag.differs != nil, flag.above != nil, flag.below != nil, flag.bits != nil,
            ]
            if conditions.count(where: \.self) != 1 {
                let text = "give one of equals, differs, above, below, bits"
                found.append(DocumentProblem(field: "flags[\(index)]", text: text))
            }
        }
        return found
    }

    /// The bands as a catalogue describes them.
    public var catalogueBands: [CatalogueBand] {
        bands.map { CatalogueBand(name: $0.name, system: $0.system, title: $0.title) }
    }

    /// Every quantity with its place in the document.
    private var quantities: [(name: String, quantity: Quantity)] {
        let single: [(String, Quantity?)] = [
            ("ra", columns.ra), ("dec", columns.dec), ("epoch", columns.epoch),
            ("positionError", columns.positionError), ("motionRA", columns.motionRA),
            ("motionDec", columns.motionDec), ("motionError", columns.motionError), ("parallax", columns.parallax),
            ("ruwe", columns.ruwe),
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

    /// Every column that is read, each once, in the order of the document.
    public var columnNames: [String] {
        let named = [columns.identifier] + quantities.map(\.quantity.column) + (flags ?? []).map(\.column)
        var seen: Set<String> = []
        return named.compactMap { $0 }.filter { seen.insert($0).inserted }
    }
}
