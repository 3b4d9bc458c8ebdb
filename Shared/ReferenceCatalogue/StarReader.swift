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
    /// - Throws: `Problem` when the row has no place on the sky, no identifier or no possible epoch, or does not meet
    ///   the map's condition for rows. All else may be unknown.
    public func star(_ fields: [TableField], row number: Int) throws(Problem) -> CatalogueStar {
        let columns = map.columns
        if let rows = map.rows, !isMet(rows, fields) {
            throw Problem(field: "rows", text: "column \(rows.column) says that it is not wanted")
        }
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
        let magnitudes = map.bands.map { magnitude($0, fields) }
        return CatalogueStar(
            identifier: try identifier(fields, row: number), position: position, epoch: epoch,
            positionErrorMas: positionError(fields, at: epoch), motion: motion(fields, at: position),
            motionErrorMasPerYear: notNegative(columns.motionError, fields), ruwe: notNegative(columns.ruwe, fields),
            flags: flags(fields), magnitudes: magnitudes,
            magnitudeErrors: zip(map.bands, magnitudes).map { $1.isNaN ? .nan : notNegative($0.error, fields) })
    }

    /// NaN where it is not known, or the band's condition is not met.
    private func magnitude(_ band: ColumnMap.Band, _ fields: [TableField]) -> Float {
        if let condition = band.when, !isMet(condition, fields) { return .nan }
        let magnitude = (value(band.magnitude, fields) ?? .nan) + (band.plus.map { value($0, fields) ?? .nan } ?? 0)
        return Self.possibleMagnitudes.contains(magnitude) ? Float(magnitude) : .nan
    }

    /// At the star's epoch [mas]: `sqrt(error^2 + (motion error * years)^2)` where the error is of another year.
    private func positionError(_ fields: [TableField], at epoch: Double) -> Float {
        let error = notNegative(map.columns.positionError, fields)
        guard let year = map.columns.positionErrorEpoch.flatMap({ value($0, fields) }) else { return error }
        let drift = notNegative(map.columns.motionError, fields) * Float(epoch - year)
        return drift.isNaN ? error : (error * error + drift * drift).squareRoot()
    }

    /// Beyond these a number is no magnitude, whatever the catalogue means by it [mag].
    private static let possibleMagnitudes = -30.0...60.0

    private func identifier(_ fields: [TableField], row number: Int) throws(Problem) -> Int64 {
        guard let wanted = map.columns.identifier else { return Int64(number) }
        let own = wanted.columns.compactMap { places[$0].map { fields[$0] } }
        guard let digits = wanted.digits else {
            guard let identifier = own.first?.integer else {
                throw Problem(field: "identifier", text: "no whole number")
            }
            return identifier
        }
        guard let identifier = composed(own.map { $0.text ?? "" }.joined(separator: " "), digits) else {
            throw Problem(field: "identifier", text: "not \(digits.count) whole numbers of \(digits) digits")
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
            if isMet(entry.condition, fields) { result.insert(flag) }
        }
        return result
    }

    private func isMet(_ condition: ColumnMap.Condition, _ fields: [TableField]) -> Bool {
        places[condition.column].map { condition.isMet(by: fields[$0]) } ?? false
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
        guard var raw = number(fields[place], sexagesimal: quantity.sexagesimal), !quantity.missing.contains(raw) else {
            return nil
        }
        if let over = quantity.over {
            guard let divisor = places[over].flatMap({ fields[$0].number }) else { return nil }
            raw /= divisor
        }
        let value = quantity.offset + (quantity.isInverse ? quantity.scale / raw : quantity.scale * raw)
        return value.isFinite ? value : nil
    }

    /// - Returns: of a sexagesimal text the angle [deg].
    private func number(_ field: TableField, sexagesimal: ColumnMap.AngleUnit?) -> Double? {
        guard let sexagesimal else { return field.number }
        guard let text = field.text else { return nil }
        do {
            let unit = sexagesimal == .hours ? Angle.Unit.hours : .degrees
            return try Angle.degrees(from: text, plain: unit, sexagesimal: unit, quantity: "angle")
        } catch {
            return nil
        }
    }
}

/// The whole numbers in a text one behind the other, each with its number of decimal digits; `nil` where there are
/// more or fewer of them, or one has more digits.
private func composed(_ text: String, _ digits: [Int]) -> Int64? {
    let numbers = text.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard numbers.count == digits.count else { return nil }
    var result: Int64 = 0
    for (number, width) in zip(numbers, digits) {
        let significant = number.drop { $0 == UInt8(ascii: "0") }
        guard significant.count <= width else { return nil }
        for _ in 0..<(width - significant.count) { result *= 10 }
        for digit in significant { result = result * 10 + Int64(digit - UInt8(ascii: "0")) }
    }
    return result
}

extension ColumnMap.Condition {
    func isMet(by field: TableField) -> Bool {
        var field = field
        if let letter {
            guard let text = field.text, text.utf8.count >= letter else { return false }
            field = .text(String(decoding: [Array(text.utf8)[letter - 1]], as: UTF8.self))
        }
        if let bits { return (field.integer ?? 0) & bits != 0 }
        if let above { return field.number.map { $0 > above } ?? false }
        if let below { return field.number.map { $0 < below } ?? false }
        guard !field.isMissing, let text = field.text else { return false }
        if let equals { return equals.contains(text) }
        return !(differs ?? [text]).contains(text)
    }
}
