internal import Documents

/// Which column of a table holds what: how somebody's catalogue becomes ours. Its JSON is described by
/// `schemas/documents/catalogue.schema.json`.
public struct ColumnMap: Sendable, Equatable, Decodable {
    /// Short name of the catalogue, also of its folder.
    public var id: String
    public var title: String
    /// Citation, and where the table comes from.
    public var source: String
    /// For tables of text that have no heading.
    public var layout: TextLayout?
    /// Only rows that meet it are stars.
    public var rows: Condition?
    public var columns: Columns
    public var bands: [Band]
    public var flags: [Flag]?

    public struct Columns: Sendable, Equatable, Decodable {
        /// Whole numbers that stay whole; rows are numbered from 1 where there are none.
        public var identifier: Identifier?
        /// [deg], ICRS.
        public var ra: Quantity
        /// [deg], ICRS.
        public var dec: Quantity
        /// Julian year.
        public var epoch: Quantity
        /// Of one coordinate [mas].
        public var positionError: Quantity?
        /// Julian year that `positionError` is of, where it is not `epoch`: the error of the motion since is added.
        public var positionErrorEpoch: Quantity?
        /// [mas/yr], with cos(dec) unless `motionRAIsCoordinate`.
        public var motionRA: Quantity?
        /// [mas/yr].
        public var motionDec: Quantity?
        /// Of one component [mas/yr].
        public var motionError: Quantity?
        /// The motion in right ascension is the change of the coordinate: to be multiplied by cos(dec).
        public var motionRAIsCoordinate: Bool?
        /// [mas]
        public var parallax: Quantity?
        public var ruwe: Quantity?
    }

    /// A star's number: a column of whole numbers, or the whole numbers that stand in the texts of some columns, each
    /// with so many decimal digits: TYC 1-8-1 with digits 4, 5 and 1 is 1000081.
    public struct Identifier: Sendable, Equatable {
        public var columns: [String]
        /// `nil`: the one column is a whole number.
        public var digits: [Int]?
    }

    /// A number: one for all rows, or of a column as `offset + scale * value`, `offset + scale / value` or
    /// `offset + scale * value / over`.
    public struct Quantity: Sendable, Equatable {
        public var column: String?
        /// The column that the value is divided by.
        public var over: String?
        /// The column's text is sexagesimal, in hours or degrees; the value is in degrees.
        public var sexagesimal: AngleUnit?
        /// For all rows, where there is no column.
        public var constant: Double?
        public var scale: Double = 1
        public var offset: Double = 0
        /// `scale` is divided by the column's value.
        public var isInverse = false
        /// Values of the column that stand for "not known", beside an empty field and NaN.
        public var missing: [Double] = []
    }

    /// What the first part of a sexagesimal angle counts.
    public enum AngleUnit: String, Sendable, Equatable, Decodable {
        case hours, degrees
    }

    public struct Band: Sendable, Equatable, Decodable {
        public var name: String
        public var system: MagnitudeSystem
        public var title: String?
        /// The star has a magnitude in this band only where its row meets it.
        public var when: Condition?
        /// [mag]
        public var magnitude: Quantity
        /// Added to `magnitude` where it is given: a colour.
        public var plus: Quantity?
        /// [mag]
        public var error: Quantity?
    }

    /// A star gets `flag` where its row meets the condition.
    public struct Flag: Sendable, Equatable, Decodable {
        public var flag: String
        public var column: String
        public var letter: Int?
        public var equals: [String]?
        public var differs: [String]?
        public var above: Double?
        public var below: Double?
        public var bits: Int64?

        public var condition: Condition {
            Condition(
                column: column, letter: letter, equals: equals, differs: differs, above: above, below: below,
                bits: bits)
        }
    }

    /// One of `equals`, `differs`, `above`, `below` and `bits` is given.
    public struct Condition: Sendable, Equatable, Decodable {
        public var column: String
        /// The condition is about this letter of the text alone, from 1; a text that is too short meets none.
        public var letter: Int?
        /// The field reads as one of these.
        public var equals: [String]?
        /// The field is not empty and reads as none of these.
        public var differs: [String]?
        public var above: Double?
        public var below: Double?
        /// One of these bits is set in the column's whole number.
        public var bits: Int64?
    }
}

extension ColumnMap.Quantity: Decodable {
    /// A column's name, or an object.
    public init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if let kind = single as? any NodeReporting, kind.holdsText {
            column = try single.decode(String.self)
            return
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        column = try fields.decodeIfPresent(String.self, forKey: .column)
        over = try fields.decodeIfPresent(String.self, forKey: .over)
        sexagesimal = try fields.decodeIfPresent(ColumnMap.AngleUnit.self, forKey: .sexagesimal)
        constant = try fields.decodeIfPresent(Double.self, forKey: .constant)
        scale = try fields.decodeIfPresent(Double.self, forKey: .scale) ?? 1
        offset = try fields.decodeIfPresent(Double.self, forKey: .offset) ?? 0
        isInverse = try fields.decodeIfPresent(Bool.self, forKey: .inverse) ?? false
        missing = try fields.decodeIfPresent([Double].self, forKey: .missing) ?? []
    }

    private enum CodingKeys: String, CodingKey {
        case column, over, sexagesimal, constant, scale, offset, inverse, missing
    }
}

extension ColumnMap.Identifier: Decodable {
    /// A column's name, or an object.
    public init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if let kind = single as? any NodeReporting, kind.holdsText {
            columns = [try single.decode(String.self)]
            return
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        columns = try fields.decode([String].self, forKey: .columns)
        digits = try fields.decode([Int].self, forKey: .digits)
    }

    private enum CodingKeys: String, CodingKey {
        case columns, digits
    }
}
