internal import Events
internal import Foundation
internal import LightCurves

/// A light curve with a line in airmass taken out of each series: the points of one instrument, filter and night (more
/// than 6 hours without a point begin another). The measured magnitudes stay what they are.
struct DetrendedCurve {
    /// One series and its line, nil where too few points or too small a range of airmass tell nothing of it.
    struct Series: Encodable {
        let instrument: String
        let filter: String
        let firstMJDUTC: Double
        let lastMJDUTC: Double
        let points: Int
        let pointsUsed: Int
        let pointsClipped: Int
        let slopeMagnitudesPerAirmass: Double?
        let slopeError: Double?
        let meanAirmass: Double?
    }

    /// A point with its line taken out.
    struct Point: Encodable {
        let frameID: String
        let magnitude: Double
        let magnitudeError: Double
    }

    static let columns = ["mag_detrended", "mag_detrended_err", "airmass_slope", "airmass_slope_err"]

    let curve: LightCurve
    let series: [Series]
    /// For each point of the curve; nil where it has no magnitude, error or airmass, or its series no line.
    private(set) var detrended: [(magnitude: Double, error: Double, trend: AirmassTrend)?]

    /// - Parameter event: BJD_TDB from and to of an event, such as a transit, that the lines are not fitted to.
    init(_ curve: LightCurve, leavingOut event: ClosedRange<Double>?) {
        self.curve = curve
        detrended = Array(repeating: nil, count: curve.points.count)
        var series: [Series] = []
        for indices in Self.nights(of: curve) {
            let points = indices.map { curve.points[$0] }
            let quiet = points.filter { point in event.map { !$0.contains(point.midpointBJDTDB ?? .nan) } ?? true }
            let trend = AirmassTrend(
                airmasses: quiet.map { $0.airmass ?? .nan }, magnitudes: quiet.map { $0.magnitude ?? .nan },
                errors: quiet.map { $0.magnitudeError ?? .nan })
            series.append(Series(points, trend))
            guard let trend else { continue }
            for index in indices {
                let point = curve.points[index]
                guard let magnitude = point.magnitude, let error = point.magnitudeError, let airmass = point.airmass
                else { continue }
                let made = trend.detrended(magnitude: magnitude, error: error, airmass: airmass)
                detrended[index] = (made.magnitude, made.error, trend)
            }
        }
        self.series = series
    }

    /// Indices of the points of each series, series in order of their first point.
    private static func nights(of curve: LightCurve) -> [[Int]] {
        var nights: [[Int]] = []
        var latest: [String: Int] = [:]
        for (index, point) in curve.points.enumerated() {
            let key = "\(point.instrument)\u{0}\(point.filter)\u{0}\(point.magnitudeSystem)"
            if let night = latest[key], let last = nights[night].last,
                point.midpointMJDUTC - curve.points[last].midpointMJDUTC < 0.25
            {
                nights[night].append(index)
            } else {
                latest[key] = nights.count
                nights.append([index])
            }
        }
        return nights
    }

    // MARK: What is shown

    /// The curve's table with `columns` appended.
    var csv: String {
        let lines = curve.csvRows.enumerated().map { index, row in
            guard let made = detrended[index] else { return row + String(repeating: ",", count: Self.columns.count) }
            return row
                + String(
                    format: ",%.5f,%.5f,%.5f,%.5f", made.magnitude, made.error, made.trend.slope, made.trend.slopeError)
        }
        return (["\((LightCurve.columns + Self.columns).joined(separator: ","))"] + lines).joined(separator: "\n")
            + "\n"
    }

    var points: [Point] {
        zip(curve.points, detrended).compactMap { point, made in
            made.map { Point(frameID: point.frameID, magnitude: $0.magnitude, magnitudeError: $0.error) }
        }
    }

    /// The curve with the detrended magnitudes in place of the measured ones, for a figure; points without one are
    /// left out.
    var replaced: LightCurve {
        let points = zip(curve.points, detrended).compactMap { point, made -> PhotometryMeasured? in
            guard let made else { return nil }
            var point = point
            (point.magnitude, point.magnitudeError) = (made.magnitude, made.error)
            return point
        }
        return LightCurve(target: curve.target, points: points)
    }

    /// A sentence for each series.
    var remarks: [String] {
        series.map { night in
            let name = "\(night.instrument) \(night.filter) from MJD \(String(format: "%.4f", night.firstMJDUTC))"
            guard let slope = night.slopeMagnitudesPerAirmass, let error = night.slopeError else {
                return "\(name): no line in airmass through \(night.points) points; "
                    + "\(AirmassTrend.fewestPoints) points over \(AirmassTrend.smallestRange) airmass are needed"
            }
            let clipped = night.pointsClipped > 0 ? ", \(night.pointsClipped) left out as wild" : ""
            return String(format: "\(name): %+.4f +- %.4f mag per airmass", slope, error)
                + " from \(night.pointsUsed) points\(clipped)"
        }
    }
}

extension DetrendedCurve.Series {
    fileprivate init(_ points: [PhotometryMeasured], _ trend: AirmassTrend?) {
        instrument = points[0].instrument
        filter = points[0].filter
        firstMJDUTC = points[0].midpointMJDUTC
        lastMJDUTC = points[points.count - 1].midpointMJDUTC
        self.points = points.count
        pointsUsed = trend?.pointsUsed ?? 0
        pointsClipped = trend?.pointsClipped ?? 0
        slopeMagnitudesPerAirmass = trend?.slope
        slopeError = trend?.slopeError
        meanAirmass = trend?.meanAirmass
    }
}
