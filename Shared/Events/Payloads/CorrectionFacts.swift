/// What is done to the raw pixels of one frame before bias, dark and flat, from the instrument document. Sections are
/// 0-based and half open, in the frame as it is stored: [x0, x1, y0, y1].
public struct CorrectionFacts: Codable, Sendable, Equatable {
    public var overscan: OverscanFacts?
    public var crosstalk: CrosstalkFacts?
    public var linearity: LinearityFacts?
    public var rowNoise: RowNoiseFacts?
    /// `columns`, `rows` or `none`.
    public var bleeding: String
    /// `proportional` or `affine`.
    public var darkModel: String
    /// Whether cosmic rays and satellite trails are looked for; nil is no.
    public var cosmicRays: Bool?

    public init(bleeding: String, darkModel: String) {
        self.bleeding = bleeding
        self.darkModel = darkModel
    }
}

/// Overscan of one or more amplifiers.
public struct OverscanFacts: Codable, Sendable, Equatable {
    public struct Region: Codable, Sendable, Equatable {
        public var bias: [Int]
        public var data: [Int]

        public init(bias: [Int], data: [Int]) {
            self.bias = bias
            self.data = data
        }
    }

    public var regions: [Region]
    /// `rows` or `columns`.
    public var along: String
    /// `median` or `legendre`.
    public var fit: String
    public var order: Int

    public init(regions: [Region], along: String, fit: String, order: Int) {
        self.regions = regions
        self.along = along
        self.fit = fit
        self.order = order
    }
}

/// What amplifiers leave in each other.
public struct CrosstalkFacts: Codable, Sendable, Equatable {
    public struct Amplifier: Codable, Sendable, Equatable {
        public var section: [Int]
        public var flipX: Bool
        public var flipY: Bool

        public init(section: [Int], flipX: Bool, flipY: Bool) {
            self.section = section
            self.flipX = flipX
            self.flipY = flipY
        }
    }

    public var amplifiers: [Amplifier]
    /// One row for each victim, in it one number for each source.
    public var coefficients: [[Double]]

    public init(amplifiers: [Amplifier], coefficients: [[Double]]) {
        self.amplifiers = amplifiers
        self.coefficients = coefficients
    }
}

/// corrected = s (1 + c[0] s + c[1] s^2 + ...), s counts above the pedestal.
public struct LinearityFacts: Codable, Sendable, Equatable {
    public var coefficients: [Double]
    public var pedestalADU: Double
    public var validToADU: Double?

    public init(coefficients: [Double], pedestalADU: Double, validToADU: Double?) {
        self.coefficients = coefficients
        self.pedestalADU = pedestalADU
        self.validToADU = validToADU
    }
}

/// Noise that whole rows share.
public struct RowNoiseFacts: Codable, Sendable, Equatable {
    /// `sky` or `darkColumns`.
    public var from: String
    public var darkColumns: [Int]?
    public var columnsToo: Bool

    public init(from: String, darkColumns: [Int]?, columnsToo: Bool) {
        self.from = from
        self.darkColumns = darkColumns
        self.columnsToo = columnsToo
    }
}
