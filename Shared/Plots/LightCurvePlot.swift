public import Foundation

/// One point of a plotted light curve.
public struct PlotPoint: Sendable, Equatable {
    /// In the time standard the axis names, such as BJD_TDB [d].
    public var timeDays: Double
    public var magnitude: Double?
    public var magnitudeError: Double?
    /// Drawn as an arrow towards fainter where there is no magnitude.
    public var limitMagnitude: Double?
    public var filter: String
    public var instrument: String
    /// Drawn in a lighter shade.
    public var isProvisional: Bool
    /// Drawn hollow.
    public var isFlagged: Bool

    public init(
        timeDays: Double, magnitude: Double?, magnitudeError: Double? = nil, limitMagnitude: Double? = nil,
        filter: String,
        instrument: String, isProvisional: Bool = false, isFlagged: Bool = false
    ) {
        self.timeDays = timeDays
        self.magnitude = magnitude
        self.magnitudeError = magnitudeError
        self.limitMagnitude = limitMagnitude
        self.filter = filter
        self.instrument = instrument
        self.isProvisional = isProvisional
        self.isFlagged = isFlagged
    }
}

/// A light curve as a figure: magnitude upside down, colour per filter, marker per instrument.
///
/// The same value always gives the same bytes (PNG: on machines with the same fonts). Points without a finite time, or
/// with neither finite magnitude nor limit, are left out; no points at all give empty axes that say so.
public struct LightCurvePlot: Sendable {
    /// A vertical line.
    public struct Mark: Sendable, Equatable {
        public enum Kind: Sendable {
            case alert, prediction
        }

        public var timeDays: Double
        public var label: String
        public var kind: Kind

        public init(timeDays: Double, label: String, kind: Kind) {
            self.timeDays = timeDays
            self.label = label
            self.kind = kind
        }
    }

    /// A shaded time, such as a predicted transit from first to fourth contact.
    public struct Span: Sendable, Equatable {
        public var startDays: Double
        public var endDays: Double
        public var label: String

        public init(startDays: Double, endDays: Double, label: String) {
            self.startDays = startDays
            self.endDays = endDays
            self.label = label
        }
    }

    /// A curve drawn through the points.
    public struct Model: Sendable, Equatable {
        public var timesDays: [Double]
        public var magnitudes: [Double]
        public var label: String

        public init(timesDays: [Double], magnitudes: [Double], label: String) {
            self.timesDays = timesDays
            self.magnitudes = magnitudes
            self.label = label
        }
    }

    public enum TimeAxis: Sendable, Equatable {
        /// Days since the whole day before the first point.
        case days
        /// Hours from `origin` [d]; `label` is the axis' text, such as `hours from mid-transit`.
        case hours(origin: Double, label: String)
    }

    public var title: String
    public var subtitle: String
    public var points: [PlotPoint]
    public var marks: [Mark] = []
    public var spans: [Span] = []
    public var model: Model?
    public var timeAxis = TimeAxis.days
    public var timeStandard = "BJD_TDB"
    public var magnitudeLabel = "magnitude"
    /// Also shows weighted means of this many minutes, where there is one series of points.
    public var binMinutes: Double?
    public var width = 960.0
    public var height = 560.0

    public init(title: String, subtitle: String = "", points: [PlotPoint]) {
        self.title = title
        self.subtitle = subtitle
        self.points = points
    }

    /// - Parameter scale: pixels per unit of `width` and `height`.
    public func png(scale: Double = 2) throws(PlotError) -> Data {
        try drawing().png(scale: scale)
    }

    /// One `<svg>` element, also fit to be put into HTML as it is.
    public func svg() throws(PlotError) -> String {
        try drawing().svg()
    }
}
