internal import Statistics

extension InstrumentOffsets {
    /// Solves the offsets of one band from the light curves of many stars.
    ///
    /// A star's points become one mean for each instrument, with its own scatter in the error. Offsets and stars'
    /// magnitudes are then solved together by maximum likelihood: the scatter of a star's means between instruments
    /// has a distribution that is learned from all stars (`ScatterMixture`), so that stars which vary between the
    /// instruments' times neither bias the offsets nor make their errors dishonest. Stars of one instrument have no
    /// effect. The order of the measurements does not matter.
    ///
    /// - Parameters:
    ///   - measurements: in one band. A catalogue is an instrument that has measured each star once.
    ///   - gauge: the instrument, or catalogue, whose offset is zero.
    ///   - colours: of stars, where each instrument is to have a colour term [mag].
    /// - Throws: `InstrumentOffsetError` when the gauge has no measurement, or the colours do not determine the terms.
    public init(
        _ measurements: [InstrumentMeasurement], gauge: String, colours: [String: Double]? = nil
    ) throws(InstrumentOffsetError) {
        let usable = measurements.filter { point in
            let hasColour = colours.map { $0[point.star]?.isFinite == true } ?? true
            return hasColour && Self.possibleMagnitudes.contains(point.magnitude)
                && Self.possibleErrors.contains(point.error)
        }
        let table = OffsetTable(usable, colours: colours)
        guard let zero = table.instruments.firstIndex(of: gauge) else { throw .gaugeNotMeasured(gauge) }
        let groups = table.groups
        let connected = groups.first { $0.contains(zero) } ?? [zero]
        let stars = table.stars.filter { $0.cells.count > 1 && connected.contains($0.cells[0].instrument) }
        var places = [Int?](repeating: nil, count: table.instruments.count)
        for (place, instrument) in connected.filter({ $0 != zero }).enumerated() { places[instrument] = place }
        let start = OffsetTable.medianOffsets(stars, from: zero, count: table.instruments.count)
        let free = connected.filter { $0 != zero }
        guard
            let posterior = OffsetPosterior(
                stars, places: places, start: free.map { start[$0] }, hasColours: colours != nil)
        else { throw .undetermined(free.map { table.instruments[$0] }) }

        self.gauge = gauge
        self.offsets = Self.offsets(table, connected, places, posterior, stars, hasColours: colours != nil)
        self.covariance = Self.covariance(connected, places, posterior.covariance, hasColours: colours != nil)
        referenceColour = table.referenceColour
        unconnected = groups.filter { !$0.contains(zero) }.map { $0.map { table.instruments[$0] } }
        self.stars = stars.map { star in
            let evidence = posterior.best.evidence(star)
            let scatter = zip(evidence.probabilities, posterior.best.scatters).reduce(0) { $0 + $1.0 * $1.1 }
            return Star(
                id: star.id, magnitude: evidence.mean, error: evidence.variance.squareRoot(),
                scatterBetweenInstruments: scatter, scatterOfPoints: star.scatterOfPoints)
        }
        leftOutCount = measurements.count - usable.count
    }

    /// [mag]
    private static let possibleMagnitudes = -100.0...100.0
    private static let possibleErrors = 1e-6...100.0

    private static func offsets(
        _ table: OffsetTable, _ connected: [Int], _ places: [Int?], _ posterior: OffsetPosterior,
        _ stars: [OffsetStar], hasColours: Bool
    ) -> [Offset] {
        let free = connected.count - 1
        return connected.map { instrument in
            let shared = stars.count { $0.cells.contains { $0.instrument == instrument } }
            func value(_ shift: Int) -> (Double, Double) {
                guard let place = places[instrument].map({ $0 + shift }) else { return (0, 0) }
                let size = posterior.parameters.count
                return (posterior.parameters[place], posterior.covariance[place * size + place].squareRoot())
            }
            let (offset, error) = value(0)
            let colour = hasColours ? value(free) : nil
            return Offset(
                instrument: table.instruments[instrument], magnitude: offset, error: error, colourTerm: colour?.0,
                colourTermError: colour?.1, starCount: shared)
        }
    }

    private static func covariance(
        _ connected: [Int], _ places: [Int?], _ covariance: [Double], hasColours: Bool
    ) -> [[Double]] {
        let free = connected.count - 1
        let offsets = connected.map { places[$0] }
        let all = hasColours ? offsets + offsets.map { $0.map { $0 + free } } : offsets
        let size = hasColours ? 2 * free : free
        return all.map { row in
            all.map { column in
                guard let row, let column else { return 0 }
                return covariance[row * size + column]
            }
        }
    }
}

/// Measurements as stars with cells, instruments by number.
struct OffsetTable {
    /// In the order of their names.
    let instruments: [String]
    /// In the order of their names.
    let stars: [OffsetStar]
    /// Median of the stars' colours.
    let referenceColour: Double?

    init(_ measurements: [InstrumentMeasurement], colours: [String: Double]?) {
        let names = Set(measurements.map(\.instrument)).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let ofStars = Dictionary(grouping: measurements, by: \.star)
        let reference = colours.flatMap { colours in
            RobustStatistics.median(ofStars.keys.sorted().compactMap { colours[$0] })
        }
        instruments = names
        referenceColour = reference
        stars = ofStars.keys.sorted().map { id in
            let points = Dictionary(grouping: ofStars[id] ?? [], by: \.instrument)
            return OffsetStar(
                id: id, colour: (colours?[id] ?? 0) - (reference ?? 0),
                points: points.keys.sorted().map { name in
                    let own = (points[name] ?? []).sorted { ($0.magnitude, $0.error) < ($1.magnitude, $1.error) }
                    return (numbers[name] ?? 0, own.map { .init(magnitude: $0.magnitude, error: $0.error) })
                })
        }
    }

    /// Instruments that are connected by shared stars, each group and the groups in the order of names.
    var groups: [[Int]] {
        var leader = Array(instruments.indices)
        func lead(_ instrument: Int) -> Int {
            var top = instrument
            while leader[top] != top { top = leader[top] }
            return top
        }
        for star in stars {
            for cell in star.cells.dropFirst() {
                let (one, other) = (lead(star.cells[0].instrument), lead(cell.instrument))
                leader[max(one, other)] = min(one, other)
            }
        }
        let members = Dictionary(grouping: instruments.indices, by: lead)
        return members.keys.sorted().map { members[$0] ?? [] }
    }

    /// Where the fit begins: medians over shared stars, instrument by instrument from the gauge outwards.
    static func medianOffsets(_ stars: [OffsetStar], from gauge: Int, count: Int) -> [Double] {
        var offsets = [Double?](repeating: nil, count: count)
        offsets[gauge] = 0
        while true {
            var found: [Int: [Double]] = [:]
            for star in stars {
                let known = star.cells.compactMap { cell in offsets[cell.instrument].map { cell.magnitude - $0 } }
                guard let magnitude = RobustStatistics.median(known) else { continue }
                for cell in star.cells where offsets[cell.instrument] == nil {
                    found[cell.instrument, default: []].append(cell.magnitude - magnitude)
                }
            }
            // The one with the most shared stars; of equals the first.
            guard let best = found.keys.sorted().max(by: { found[$0]?.count ?? 0 < found[$1]?.count ?? 0 }) else {
                return offsets.map { $0 ?? 0 }
            }
            offsets[best] = RobustStatistics.median(found[best] ?? [])
        }
    }
}
