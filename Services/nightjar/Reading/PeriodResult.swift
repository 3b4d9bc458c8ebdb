internal import Foundation
internal import Plots
internal import Variability

/// A period with everything that is said of it.
struct PeriodResult {
    /// As JSON has it; frequencies in 1/d, periods and times in d.
    struct Document: Encodable {
        struct Peak: Encodable {
            let periodDays: Double
            let frequency: Double
            let power: Double
            let relation: String?
        }

        struct Filter: Encodable {
            let filter: String
            let points: Int
            let semiAmplitude: Double?
            let meanMagnitude: Double?
            let weightedMean: Double?
            let weightedMeanError: Double?
            let robustScatter: Double?
            let amplitude5To95: Double?
            let chiSquared: Double?
            let reducedChiSquared: Double?
            let chiSquaredProbability: Double?
            let stetsonJ: Double?
            let stetsonK: Double?
            let vonNeumannRatio: Double?
            let skewness: Double?
        }

        let target: String
        let timeStandard: String
        let points: Int
        let leftOut: Int
        let baselineDays: Double
        let periodDays: Double
        let periodErrorDays: Double?
        let frequency: Double
        let power: Double
        let falseAlarmProbability: Double?
        let bootstrapProbability: Double?
        let maximumTimeDays: Double?
        let shortestPeriodTried: Double
        let longestPeriodTried: Double
        let frequenciesTried: Int
        let rivals: [Peak]
        let relatives: [Peak]
        let filters: [Filter]
    }

    let points: PeriodPoints
    let document: Document

    /// - Throws: `SystemError` where there is too little to search in.
    init(_ points: PeriodPoints, _ options: PeriodOptions) throws {
        self.points = points
        let series = points.series
        guard let periodogram = LombScargle(series.map(\.series)) else {
            throw SystemError(
                "\(points.name.printable): no filter has \(LombScargle.fewestPoints) points with errors at different "
                    + "times and of different brightness")
        }
        guard
            let grid = periodogram.grid(
                shortestPeriodDays: options.shortestDays, longestPeriodDays: options.longestDays),
            let search = PeriodSearch(periodogram, grid: grid, rivalCount: options.rivals)
        else {
            throw SystemError(
                "\(points.name.printable): nothing to try between these periods; the points cover "
                    + String(format: "%.4g d", periodogram.baselineDays))
        }
        let fits = series.map { SinusoidFit($0.series, frequency: search.best.frequency) }
        document = Document(
            target: points.name, timeStandard: points.timeStandard.rawValue, points: periodogram.pointCount,
            leftOut: points.leftOutCount, baselineDays: periodogram.baselineDays, periodDays: search.best.periodDays,
            periodErrorDays: Self.error(fits), frequency: search.best.frequency, power: search.best.power,
            falseAlarmProbability: search.falseAlarmProbability,
            bootstrapProbability: options.trials.map { search.bootstrapProbability(trials: $0) },
            maximumTimeDays: fits.compactMap { $0 }.min { $0.frequencyError < $1.frequencyError }?.maximumTimeDays,
            shortestPeriodTried: 1 / grid.last, longestPeriodTried: 1 / grid.first, frequenciesTried: grid.count,
            rivals: search.rivals.map(Document.Peak.init), relatives: search.relatives.map(Document.Peak.init),
            filters: zip(series, fits).map { Document.Filter($0.filter, $0.series, $1) })
    }

    /// Of the frequencies of several filters, which are independent: their weighted mean's.
    private static func error(_ fits: [SinusoidFit?]) -> Double? {
        let known = fits.compactMap { $0 }.filter { $0.frequencyError > 0 }
        guard let frequency = known.first?.frequency else { return nil }
        let weight = known.reduce(0) { $0 + 1 / ($1.frequencyError * $1.frequencyError) }
        return 1 / weight.squareRoot() / (frequency * frequency)
    }

    /// Magnitudes over phase, two cycles, phase 0 at maximum light.
    func figure(asSVG: Bool) throws -> Data {
        let origin = document.maximumTimeDays ?? points.points.map(\.measured.timeDays).min() ?? 0
        let folded = points.points.flatMap { point -> [PlotPoint] in
            let cycles = (point.measured.timeDays - origin) / document.periodDays
            let phase = cycles - cycles.rounded(.down)
            return [phase, phase + 1].map {
                PlotPoint(
                    timeDays: $0, magnitude: point.measured.magnitude, magnitudeError: point.measured.error,
                    filter: point.filter, instrument: point.instrument)
            }
        }
        var plot = LightCurvePlot(
            title: points.name, subtitle: "\(document.points) points, period \(Self.period(document)), \(probability)",
            points: folded)
        // The axis' unit is 24 per day of the points.
        plot.points = folded.map { point in
            var scaled = point
            scaled.timeDays /= 24
            return scaled
        }
        plot.timeAxis = .hours(origin: 0, label: "phase, 0 at \(points.timeStandard.rawValue) \(number(origin, 5))")
        return asSVG ? Data((try plot.svg() + "\n").utf8) : try plot.png()
    }

    private func number(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
}

extension PeriodResult {
    /// For people.
    var text: String {
        var lines = [
            "\(document.target.printable): period \(Self.period(document))",
            String(format: "power %.4f, ", document.power) + probability,
            "\(document.points) points over \(String(format: "%.4g", document.baselineDays)) d "
                + "(\(document.timeStandard)), \(document.leftOut) left out; "
                + "\(document.frequenciesTried) frequencies tried, periods from "
                + String(format: "%.5g to %.5g d", document.shortestPeriodTried, document.longestPeriodTried),
        ]
        var filters = TextTable(["filter", "points", "mean", "semi-amplitude", "scatter", "chi2/dof", "J", "K", "eta"])
        for one in document.filters {
            filters.rows.append(
                [one.filter, String(one.points)]
                    + [
                        (one.meanMagnitude, 4), (one.semiAmplitude, 4), (one.robustScatter, 4),
                        (one.reducedChiSquared, 2),
                        (one.stetsonJ, 2), (one.stetsonK, 3), (one.vonNeumannRatio, 3),
                    ].map { value, decimals in value.map { String(format: "%.\(decimals)f", $0) } ?? "" })
        }
        var peaks = TextTable(["", "period [d]", "power", ""])
        for (kind, list) in [("rival", document.rivals), ("relative", document.relatives)] {
            for peak in list {
                peaks.rows.append(
                    [
                        kind, String(format: "%.6f", peak.periodDays), String(format: "%.4f", peak.power),
                        peak.relation ?? "",
                    ])
            }
        }
        lines += ["", filters.text]
        if !peaks.rows.isEmpty { lines.append(peaks.text) }
        return lines.joined(separator: "\n").trimmingCharacters(in: .newlines) + "\n"
    }

    /// `0.734001 +- 0.000002 d`, to two digits of the error.
    static func period(_ document: Document) -> String {
        guard let error = document.periodErrorDays, error > 0 else {
            return String(format: "%.6f d", document.periodDays)
        }
        let decimals = min(12, max(0, 1 - Int(log10(error).rounded(.down))))
        return String(format: "%.\(decimals)f +- %.\(decimals)f d", document.periodDays, error)
    }

    private var probability: String {
        var parts: [String] = []
        if let formula = document.falseAlarmProbability {
            parts.append(formula < 1e-99 ? "below 1e-99" : String(format: "%.2g", formula))
        }
        if let shuffled = document.bootstrapProbability { parts.append(String(format: "%.2g (shuffled)", shuffled)) }
        return "false-alarm probability "
            + (parts.isEmpty ? "not known for several filters without --bootstrap" : parts.joined(separator: ", "))
    }
}

extension PeriodResult.Document.Peak {
    fileprivate init(_ peak: PeriodSearch.Peak) {
        self.init(
            periodDays: peak.periodDays, frequency: peak.frequency, power: peak.power,
            relation: peak.relation.map { "\($0)" })
    }
}

extension PeriodResult.Document.Filter {
    fileprivate init(_ filter: String, _ series: LightCurveSeries, _ fit: SinusoidFit?) {
        let statistics = VariabilityStatistics(series)
        let moments = statistics?.moments
        self.init(
            filter: filter, points: series.count, semiAmplitude: fit?.semiAmplitude, meanMagnitude: fit?.meanMagnitude,
            weightedMean: moments?.weightedMean, weightedMeanError: moments?.weightedMeanError,
            robustScatter: statistics?.robustScatter, amplitude5To95: statistics?.amplitude(5),
            chiSquared: moments?.chiSquared, reducedChiSquared: moments?.reducedChiSquared,
            chiSquaredProbability: moments?.chiSquaredProbability, stetsonJ: statistics?.stetson?.j,
            stetsonK: statistics?.stetson?.k, vonNeumannRatio: moments?.vonNeumannRatio, skewness: moments?.skewness)
    }
}
