internal import Documents

/// Which column of a table holds what: how somebody's catalogue becomes ours. Its JSON is described by
/// `schemas/documents/catalogue.schema.json`.
public struct ColumnMap: Sendable, Equatable, Decodable {
    /// Short name of the catalogue, also of its folder.
    public var id: String
    public var title: String
    /// Citation, and where the table comes from.
    public var source: String
    public var columns: Columns
    public var bands: [Band]
    public var flags: [Flag]?

    public struct Columns: Sendable, Equatable, Decodable {
        /// Whole numbers that stay whole; rows are numbered from 1 where there are none.
        public var identifier: String?
        /// [deg], ICRS.
        public var ra: Quantity
        /// [deg], ICRS.
        public var dec: Quantity
        /// Julian year.
        public var epoch: Quantity
        /// Of one coordinate [mas].
        public var positionError: Quantity?
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

    /// A number: one for all rows, or of a column as `offset + scale * value` or `offset + scale / value`.
    public struct Quantity: Sendable, Equatable {
        public var column: String?
        /// For all rows, where there is no column.
        public var constant: Double?
        public var scale: Double = 1
        public var offset: Double = 0
        /// `scale` is divided by the column's value.
        public var isInverse = false
        /// Values of the column that stand for "not known", beside an empty field and NaN.
        public var missing: [Double] = []
    }

    public struct Band: Sendable, Equatable, Decodable {
        public var name: String
        public var system: MagnitudeSystem
        public var title: String?
        /// [mag]
        public var magnitude: Quantity
        /// Added to `magnitude` where it is given: a colour.
        public var plus: Quantity?
        /// [mag]
        public var error: Quantity?
    }

    /// A star gets `flag` where its row meets the one condition that is given.
    public struct Flag: Sendable, Equatable, Decodable {
        public var flag: String
        public var column: String
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
        constant = try fields.decodeIfPresent(Double.self, forKey: .constant)
        scale = try fields.decodeIfPresent(Double.self, forKey: .scale) ?? 1
        offset = try fields.decodeIfPresent(Double.self, forKey: .offset) ?? 0
        isInverse = try fields.decodeIfPresent(Bool.self, forKey: .inverse) ?? false
        missing = try fields.decodeIfPresent([Double].self, forKey: .missing) ?? []
    }

    private enum CodingKeys: String, CodingKey {
        case column, constant, scale, offset, inverse, missing
    }
}
