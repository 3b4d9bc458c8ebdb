internal import Glibc
internal import Sky

/// Makes stars of the rows of a table, as a column map says.
public struct StarReader: Sendable {
    /// Why a row is no star: the field of the map and what is wrong with it.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        public let field: String
        public let text: String
        public var description: String { "\(field): \(text)" }
    }

    private let map: ColumnMap
    private let places: [String: Int]
    private let flags: [CatalogueFlags]

    /// - Parameter map: a sound one; the fields of a row come in the order of its `columnNames`.
    public init(_ map: ColumnMap) {
        self.map = map
        places = Dictionary(uniqueKeysWithValues: map.columnNames.enumerated().map { ($1, $0) })
        flags = (map.flags ?? []).map { entry in
            CatalogueFlags.registry.first { $0.name == entry.flag }?.flag ?? []
        }
    }

    /// - Parameters:
    ///   - fields: one for each of the map's columns.
    ///   - number: of the row, from 1: the identifier where the map names none.
    /// - Throws: `Problem` when the row has no place on the sky, no identifier or no possible epoch. All else may
    ///   be unknown.
    public func star(_ fields: [TableField], row number: Int) throws(Problem) -> CatalogueStar {
        let columns = map.columns
        let position: SkyPosition
        do {
            position = try SkyPosition(
                raDegrees: try required(columns.ra, "ra", fields), decDegrees: try required(columns.dec, "dec", fields))
        } catch let error as Problem {
            throw error
        } catch {
            throw Problem(field: "ra, dec", text: "not on the sphere")
        }
        let epoch = try required(columns.epoch, "epoch", fields)
        guard CatalogueDescription.possibleEpochs.contains(epoch) else {
            throw Problem(field: "epoch", text: "not in \(CatalogueDescription.possibleEpochs)")
        }
        let magnitudes = map.bands.map { band in
            let magnitude = value(band.magnitude, fields) ?? .nan
            return magnitude + (band.plus.map { value($0, fields) ?? .nan } ?? 0)
        }
        return CatalogueStar(
            identifier: try identifier(fields, row: number), position: position, epoch: epoch,
            positionErrorMas: notNegative(columns.positionError, fields), motion: motion(fields, at: position),
            motionErrorMasPerYear: notNegative(columns.motionError, fields), ruwe: notNegative(columns.ruwe, fields),
            flags: flags(fields),
            magnitudes: magnitudes.map { Self.possibleMagnitudes.contains($0) ? Float($0) : .nan },
            magnitudeErrors: map.bands.map { notNegative($0.error, fields) })
    }

    /// Beyond these a number is no magnitude, whatever the catalogue means by it [mag].
    private static let possibleMagnitudes = -30.0...60.0

    private func identifier(_ fields: [TableField], row number: Int) throws(Problem) -> Int64 {
        guard let column = map.columns.identifier, let place = places[column] else { return Int64(number) }
        guard let identifier = fields[place].integer else {
            throw Problem(field: "identifier", text: "no whole number")
        }
        return identifier
    }

    private func motion(_ fields: [TableField], at position: SkyPosition) -> ProperMotion? {
        let columns = map.columns
        guard var ra = columns.motionRA.flatMap({ value($0, fields) }),
            let dec = columns.motionDec.flatMap({ value($0, fields) })
        else { return nil }
        if columns.motionRAIsCoordinate == true { ra *= cos(position.decDegrees * .pi / 180) }
        let parallax = columns.parallax.flatMap { value($0, fields) } ?? 0
        do {
            return try ProperMotion(raMasPerYear: ra, decMasPerYear: dec, parallaxMas: parallax)
        } catch {
            // Faster or nearer than any star: not known.
            return nil
        }
    }

    private func flags(_ fields: [TableField]) -> CatalogueFlags {
        var result: CatalogueFlags = []
        for (entry, flag) in zip(map.flags ?? [], flags) {
            if let place = places[entry.column], entry.isMet(by: fields[place]) { result.insert(flag) }
        }
        return result
    }

    /// NaN where it is not known or negative.
    private func notNegative(_ quantity: ColumnMap.Quantity?, _ fields: [TableField]) -> Float {
        guard let value = quantity.flatMap({ value($0, fields) }), value >= 0 else { return .nan }
        return Float(value)
    }

    private func required(
        _ quantity: ColumnMap.Quantity, _ name: String, _ fields: [TableField]
    ) throws(Problem) -> Double {
        guard let value = value(quantity, fields) else { throw Problem(field: name, text: "missing or no number") }
        return value
    }

    /// `nil` where it is not known.
    private func value(_ quantity: ColumnMap.Quantity, _ fields: [TableField]) -> Double? {
        guard let column = quantity.column, let place = places[column] else { return quantity.constant }
        guard let raw = fields[place].number, !quantity.missing.contains(raw) else { return nil }
        let value = quantity.offset + (quantity.isInverse ? quantity.scale / raw : quantity.scale * raw)
        return value.isFinite ? value : nil
    }
}

extension ColumnMap.Flag {
    func isMet(by field: TableField) -> Bool {
        if let bits { return (field.integer ?? 0) & bits != 0 }
        if let above { return field.number.map { $0 > above } ?? false }
        if let below { return field.number.map { $0 < below } ?? false }
        guard !field.isMissing, let text = field.text else { return false }
        if let equals { return equals.contains(text) }
        return !(differs ?? [text]).contains(text)
    }
}
