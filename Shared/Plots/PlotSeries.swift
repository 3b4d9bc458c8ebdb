/// One filter seen by one instrument.
struct PlotSeries: Equatable {
    enum Marker: Int {
        case circle, square, triangle, diamond, invertedTriangle
    }

    var filter: String
    var instrument: String
    var colour: Colour
    var marker: Marker
    var points: [PlotPoint]

    var label: String { instrument.isEmpty ? filter : "\(filter) · \(instrument)" }

    /// Points sorted into series, by filter, then by instrument; each sorted by time.
    static func series(of points: [PlotPoint]) -> [PlotSeries] {
        let usable = points.compactMap(\.sanitised)
        let filters = Set(usable.map(\.filter)).sorted()
        let instruments = Set(usable.map(\.instrument)).sorted()
        var result: [PlotSeries] = []
        for (colourIndex, filter) in filters.enumerated() {
            for (markerIndex, instrument) in instruments.enumerated() {
                let own = usable.filter { $0.filter == filter && $0.instrument == instrument }.sorted(
                    by: PlotPoint.precedes)
                guard !own.isEmpty else { continue }
                result.append(
                    PlotSeries(
                        filter: filter, instrument: instrument, colour: colour(of: filter, index: colourIndex),
                        marker: Marker(rawValue: markerIndex % 5) ?? .circle, points: own))
            }
        }
        return result
    }

    /// The colours astronomers expect of common filters, else one of Okabe and Ito's that colour-blind readers tell
    /// apart.
    private static func colour(of filter: String, index: Int) -> Colour {
        switch filter {
        case "U", "u", "SU": Colour(0x7A3E9D)
        case "B", "TB": Colour(0x2563EB)
        case "V", "TG", "G": Colour(0x15803D)
        case "g", "g'", "SG", "gp": Colour(0x0F8B8D)
        case "R", "r", "r'", "SR", "rp", "TR", "Rc": Colour(0xD1381F)
        case "I", "i", "i'", "SI", "ip", "Ic": Colour(0x8C2F39)
        case "z", "z'", "SZ", "zs": Colour(0x5B3A29)
        case "CV", "CR", "clear", "L", "C", "": Colour(0x374151)
        default: Colour([0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9][index % 6])
        }
    }
}

extension PlotPoint {
    /// Without what cannot be drawn; `nil` when nothing is left.
    var sanitised: PlotPoint? {
        guard timeDays.isFinite, abs(timeDays) < 1e8 else { return nil }
        func drawable(_ value: Double?) -> Double? { value.flatMap { $0.isFinite && abs($0) < 1000 ? $0 : nil } }
        var point = self
        point.magnitude = drawable(magnitude)
        point.limitMagnitude = drawable(limitMagnitude)
        point.magnitudeError = drawable(magnitudeError).flatMap { $0 >= 0 ? $0 : nil }
        return point.magnitude == nil && point.limitMagnitude == nil ? nil : point
    }

    static func precedes(_ one: PlotPoint, _ other: PlotPoint) -> Bool {
        let left = [
            one.timeDays, one.magnitude ?? .infinity, one.limitMagnitude ?? .infinity, one.magnitudeError ?? -1,
        ]
        let right = [
            other.timeDays, other.magnitude ?? .infinity, other.limitMagnitude ?? .infinity, other.magnitudeError ?? -1,
        ]
        return left.lexicographicallyPrecedes(right)
    }

    /// Weighted means of points whose times fall into the same bin: m = sum(w m) / sum(w), error = sum(w)^-1/2, w = 1
    /// / error^2.
    static func binned(_ points: [PlotPoint], minutes: Double) -> [PlotPoint] {
        guard minutes > 0, let first = points.first else { return [] }
        var result: [PlotPoint] = []
        let good = points.filter { $0.magnitude != nil && ($0.magnitudeError ?? 0) > 0 && !$0.isFlagged }
        let groups = Dictionary(grouping: good) { (($0.timeDays - first.timeDays) * 1440 / minutes).rounded(.down) }
        for key in groups.keys.sorted() {
            guard let group = groups[key], group.count > 1 else { continue }
            var weight = 0.0
            var magnitude = 0.0
            var time = 0.0
            for point in group {
                let own = 1 / ((point.magnitudeError ?? 1) * (point.magnitudeError ?? 1))
                weight += own
                magnitude += own * (point.magnitude ?? 0)
                time += own * (point.timeDays - first.timeDays)
            }
            result.append(
                PlotPoint(
                    timeDays: first.timeDays + time / weight, magnitude: magnitude / weight,
                    magnitudeError: 1 / weight.squareRoot(), filter: first.filter, instrument: first.instrument))
        }
        return result
    }
}
