private let magnitudes = -30.0...60.0

extension RuleKind {
    private static let names = ["brighterThan", "fainterThan", "changedBy", "risingFasterThan"]

    init?(_ document: FieldReader) {
        guard let reader = document.object("kind") else {
            if !document.has("kind") { document.report("kind", "is missing") }
            return nil
        }
        reader.allowOnly(Self.names)
        let given = reader.names.filter(Self.names.contains)
        guard given.count == 1, let inner = reader.object(given[0]) else {
            if given.count != 1 {
                document.report("kind", "must have exactly one of \(Self.names.joined(separator: ", "))")
            }
            return nil
        }
        switch given[0] {
        case "brighterThan":
            guard let threshold = Threshold(inner) else { return nil }
            self = .brighterThan(threshold)
        case "fainterThan":
            guard let threshold = Threshold(inner) else { return nil }
            self = .fainterThan(threshold)
        case "changedBy":
            guard let change = Change(inner) else { return nil }
            self = .changedBy(change)
        default:
            guard let rise = Rise(inner) else { return nil }
            self = .risingFasterThan(rise)
        }
    }

    /// The field of `hysteresis` that fits this kind.
    var levelName: String {
        switch self {
        case .brighterThan, .fainterThan: "magnitude"
        case .changedBy: "sigma"
        case .risingFasterThan: "magnitudesPerDay"
        }
    }

    var levelRange: ClosedRange<Double> {
        switch self {
        case .brighterThan, .fainterThan: magnitudes
        case .changedBy: 0...1000
        case .risingFasterThan: -1e6...1e6
        }
    }

    var level: Double {
        switch self {
        case .brighterThan(let threshold), .fainterThan(let threshold): threshold.magnitude
        case .changedBy(let change): change.sigma
        case .risingFasterThan(let rise): rise.magnitudesPerDay
        }
    }

    /// Whether `clear` lies on the quiet side of the level that starts an event.
    func ends(at clear: Double) -> Bool {
        if case .brighterThan = self { return clear >= level }
        return clear <= level
    }

    var json: JSONValue {
        switch self {
        case .brighterThan(let threshold): .object(["brighterThan": threshold.json])
        case .fainterThan(let threshold): .object(["fainterThan": threshold.json])
        case .changedBy(let change): .object(["changedBy": change.json])
        case .risingFasterThan(let rise): .object(["risingFasterThan": rise.json])
        }
    }
}

extension Threshold {
    init?(_ reader: FieldReader) {
        reader.allowOnly(["magnitude", "sigma"])
        let magnitude = reader.number("magnitude", in: magnitudes)
        let sigma = reader.number("sigma", in: 0...1000, default: 3)
        guard let magnitude, let sigma else { return nil }
        self.init(magnitude: magnitude, sigma: sigma)
    }

    var json: JSONValue { .object(["magnitude": .number(magnitude), "sigma": .number(sigma)]) }
}

extension Change {
    init?(_ reader: FieldReader) {
        reader.allowOnly(["sigma", "direction", "minimumMagnitudes", "baseline"])
        let sigma = reader.number("sigma", in: 1...1000)
        let minimum = reader.number("minimumMagnitudes", in: 0...50, default: 0)
        let baseline = BaselineWindow(reader)
        var direction: Direction? = .any
        if reader.has("direction"), let text = reader.string("direction") {
            direction = Direction(rawValue: text)
            if direction == nil { reader.report("direction", "must be any, brighter or fainter, not \"\(text)\"") }
        }
        guard let sigma, let minimum, let baseline, let direction else { return nil }
        self.init(sigma: sigma, direction: direction, minimumMagnitudes: minimum, baseline: baseline)
    }

    var json: JSONValue {
        .object([
            "sigma": .number(sigma), "direction": .string(direction.rawValue),
            "minimumMagnitudes": .number(minimumMagnitudes),
            "baseline": .object([
                "windowDays": .number(baseline.windowDays), "minimumPoints": .number(Double(baseline.minimumPoints)),
                "excludeInAlert": .bool(baseline.excludeInAlert),
            ]),
        ])
    }
}

extension BaselineWindow {
    init?(_ change: FieldReader) {
        guard let reader = change.object("baseline") else {
            if change.has("baseline") { return nil }
            self.init()
            return
        }
        reader.allowOnly(["windowDays", "minimumPoints", "excludeInAlert"])
        let defaults = BaselineWindow()
        let window = reader.number("windowDays", in: 0.01...100_000, default: defaults.windowDays)
        let minimum = reader.integer("minimumPoints", in: 5...100_000, default: defaults.minimumPoints)
        let exclude = reader.bool("excludeInAlert", default: defaults.excludeInAlert)
        guard let window, let minimum, let exclude else { return nil }
        self.init(windowDays: window, minimumPoints: minimum, excludeInAlert: exclude)
    }
}

extension Rise {
    init?(_ reader: FieldReader) {
        reader.allowOnly(["magnitudesPerDay", "minimumPoints", "windowHours", "sigma"])
        let rate = reader.number("magnitudesPerDay", in: 0.0001...1e6)
        let minimum = reader.integer("minimumPoints", in: 3...SlopeWindow.maximumPoints, default: 5)
        let window = reader.number("windowHours", in: 0.01...1e6, default: 24)
        let sigma = reader.number("sigma", in: 0...1000, default: 3)
        guard let rate, let minimum, let window, let sigma else { return nil }
        self.init(magnitudesPerDay: rate, minimumPoints: minimum, windowHours: window, sigma: sigma)
    }

    var json: JSONValue {
        .object([
            "magnitudesPerDay": .number(magnitudesPerDay), "minimumPoints": .number(Double(minimumPoints)),
            "windowHours": .number(windowHours), "sigma": .number(sigma),
        ])
    }
}

extension Confirmation {
    init?(_ document: FieldReader) {
        guard let reader = document.object("confirmation") else {
            if document.has("confirmation") { return nil }
            self.init()
            return
        }
        reader.allowOnly(["points", "outOf", "minimumSpanMinutes", "minimumInstruments"])
        let points = reader.integer("points", in: 1...100)
        let outOf = reader.integer("outOf", in: 1...100)
        let span = reader.number("minimumSpanMinutes", in: 0...1e6, default: 0)
        let instruments = reader.integer("minimumInstruments", in: 1...100, default: 1)
        guard let points, let outOf, let span, let instruments else { return nil }
        if points > outOf { reader.report("points", "\(points) of \(outOf) can never agree") }
        if instruments > points { reader.report("minimumInstruments", "\(instruments) is more than points, \(points)") }
        if points == 1, span > 0 {
            reader.report("minimumSpanMinutes", "one point has no span; set points to 2 or more")
        }
        self.init(points: points, outOf: outOf, minimumSpanMinutes: span, minimumInstruments: instruments)
    }

    var json: JSONValue {
        .object([
            "points": .number(Double(points)), "outOf": .number(Double(outOf)),
            "minimumSpanMinutes": .number(minimumSpanMinutes),
            "minimumInstruments": .number(Double(minimumInstruments)),
        ])
    }
}
