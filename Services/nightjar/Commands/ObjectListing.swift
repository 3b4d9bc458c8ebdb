internal import Foundation

/// Objects as text for people.
func objectText(_ objects: [(RecordedObject, JoinedInstruments?)]) -> String {
    objects.map { object, joined -> String in
        let summary = object.summary
        var lines = [
            "\(summary.object)  NJ \(summary.name)",
            "RA \(number(summary.raDegrees, 7)) Dec \(number(summary.decDegrees, 7))"
                + " +- \(number(summary.errorArcsec, 3)) arcsec, \(number(summary.epoch, 2))",
        ]
        if let catalogue = summary.catalogue { lines.append("\(catalogue) \(summary.catalogueNumber ?? "")") }
        if let merged = summary.mergedInto {
            lines.append(merged == summary.object ? "nothing is left of it" : "is now part of \(merged)")
        }
        var table = TextTable([
            "instrument", "filter", "system", "points", "mean", "+-", "scatter", "chi2", "J", "K", "von Neumann",
        ])
        table.rows = summary.series.map { series in
            [
                series.instrument, series.filter, series.magnitudeSystem, String(series.counted),
                number(series.weightedMean, 4), number(series.weightedMeanError, 4), number(series.robustScatter, 4),
                number(series.chiSquared, 1), number(series.stetsonJ, 3), number(series.stetsonK, 3),
                number(series.vonNeumannRatio, 3),
            ]
        }
        if !table.rows.isEmpty { lines.append(table.text) }
        if let scale = summary.scale { lines.append(scale) }
        if let joined { lines.append(offsetText(joined)) }
        return lines.joined(separator: "\n").appending("\n")
    }.joined(separator: "\n")
}

private func offsetText(_ joined: JoinedInstruments) -> String {
    guard !joined.offsets.isEmpty else { return "one instrument in each system: nothing to join" }
    var table = TextTable(["instrument", "filter", "system", "offset", "+-", "stars"])
    table.rows = joined.offsets.map { entry in
        [
            entry.instrument, entry.filter, entry.magnitudeSystem,
            entry.offset.map { number($0, 4) } ?? "no shared stars",
            entry.isGauge ? "gauge" : number(entry.error, 4), String(entry.stars),
        ]
    }
    return table.text
}

/// Every measurement as CSV; with offsets also what the magnitude is on the gauge's scale.
func objectCSV(_ objects: [(RecordedObject, JoinedInstruments?)]) -> String {
    let isJoined = objects.contains { $0.1 != nil }
    let heading =
        "object,instrument,filter,mag_system,mid_mjd_utc,mag,mag_err,level_err,flux_electrons,flux_electrons_err,flags,"
        + "association,chi_squared,counts,frame_id,recipe,valid_from"
        + (isJoined ? ",offset,offset_err,mag_joined" : "") + "\n"
    return objects.flatMap { object, joined in
        object.points.map { point in
            var fields = [
                object.summary.object, point.instrument, point.filter, point.magnitudeSystem,
                number(point.midpointMJDUTC, 8), number(point.magnitude, 5), number(point.magnitudeError, 5),
                number(point.levelError, 5), number(point.fluxElectrons, 3), number(point.fluxErrorElectrons, 3),
                String(point.flags), point.association.joined(separator: " "), number(point.chiSquared, 3),
                point.counts ? "true" : "false", point.frameID, point.recipe, point.validFrom,
            ]
            if isJoined {
                let entry = joined?.offset(of: point)
                let magnitude = point.magnitude.flatMap { own in entry?.offset.map { own - $0 } }
                fields += [number(entry?.offset, 5), number(entry?.error, 5), number(magnitude, 5)]
            }
            return fields.map(LightCurve.quoted).joined(separator: ",") + "\n"
        }
    }.reduce(heading, +)
}

private func number(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? ""
}
