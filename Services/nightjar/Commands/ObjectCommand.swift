internal import Foundation
internal import Pipeline
internal import Sky

let objectCommand = Command(
    name: "object",
    usage: "object ID, or object --near RA,DEC [--radius ARCSEC] [--points] [--join-instruments] [--at TIME] [--json]",
    summary: "An object of the sky: where it is, how its light curves vary, and every measurement of it.",
    options: [
        Option("near", "RA,DEC", "the objects around a position, in degrees or as 05:34:31.9,+22:00:52"),
        Option("radius", "ARCSEC", "how far around it (5)"),
        Option("points", nil, "every measurement as CSV, or with --json as JSON"),
        Option("join-instruments", nil, "solve the offsets between instruments from the stars around the object"),
        Option("gauge", "INSTRUMENT", "with --join-instruments: whose offset is zero (the one with most points)"),
        Option("at", "TIME", "what was known then, for example 2026-11-21T20:00:00Z"),
        SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.jsonOption,
    ]
) { arguments in
    let isNear = arguments.text("near") != nil
    guard arguments.positional.count == (isNear ? 0 : 1) else {
        throw UsageError("give one object, nightjar object ID, or a position, nightjar object --near RA,DEC")
    }
    guard isNear || arguments.text("radius") == nil else { throw UsageError("--radius goes with --near RA,DEC") }
    let time = try arguments.text("at").map { try checkedTime($0) }
    let position = try arguments.text("near").map { try skyPosition($0) }
    let radius = try arguments.number("radius", in: 0...3600) ?? 5
    let record = try SystemAddress.record(arguments)
    let gauge = arguments.text("gauge")
    guard gauge == nil || arguments.has("join-instruments") else {
        throw UsageError("--gauge goes with --join-instruments")
    }
    let found = try wanted(arguments, position, radius, in: record, knownAt: time)
    let instruments = Set(found.flatMap { $0.points.compactMap(\.instrument) }).sorted()
    if let gauge, !found.isEmpty, !instruments.contains(gauge) {
        throw UsageError("--gauge \(gauge): the points here are from \(instruments.joined(separator: ", "))".printable)
    }
    let objects = try found.map { object in
        let joins = arguments.has("join-instruments")
        return (object, joins ? try JoinedInstruments(object, gauge: gauge, knownAt: time, in: record) : nil)
    }
    if arguments.has("json") {
        let points = arguments.has("points")
        try write(prettyJSON(objects.map { ObjectDocument($0, joined: $1, points: points) }), to: nil)
    } else {
        Terminal.write(arguments.has("points") ? objectCSV(objects) : objectText(objects))
    }
    return 0
}

/// As `--json` has it.
private struct ObjectDocument: Encodable {
    let object: RecordedObject.Summary
    let offsets: [JoinedInstruments.Offset]?
    let points: [RecordedObject.Point]?

    init(_ object: RecordedObject, joined: JoinedInstruments?, points: Bool) {
        self.object = object.summary
        offsets = joined?.offsets
        self.points = points ? object.points : nil
    }
}

private func wanted(
    _ arguments: Arguments, _ position: SkyPosition?, _ radius: Double, in record: Record, knownAt time: String?
) throws -> [RecordedObject] {
    guard let position else {
        let text = arguments.positional[0]
        guard let number = Int64(text), let object = try RecordedObject(record, object: number, knownAt: time) else {
            throw SystemError("there is no object \(text.printable); nightjar object --near RA,DEC finds them")
        }
        if let time, object.points.isEmpty {
            throw SystemError("nothing was known of object \(number) at \(time)")
        }
        return [object]
    }
    let year = 2000 + (Pipeline.Clock.system.now() / 86_400 + 40_587 - 51_544.5) / 365.25
    let found = try RecordedObject.near(position, radiusArcsec: radius, year: year, in: record)
    if found.isEmpty { Terminal.complain("no object within \(radius) arcsec") }
    let objects = try found.compactMap { try RecordedObject(record, object: $0.object, knownAt: time) }
    guard let time else { return objects }
    let known = objects.filter { !$0.points.isEmpty }
    if known.isEmpty, !objects.isEmpty {
        Terminal.complain("nothing was known at \(time) of the \(objects.count) objects within \(radius) arcsec")
    }
    return known
}

private func skyPosition(_ text: String) throws -> SkyPosition {
    let parts = text.components(separatedBy: ",")
    guard parts.count == 2 else { throw UsageError("--near \(text.printable): give RA,DEC") }
    do {
        return try SkyPosition(givenRA: parts[0], dec: parts[1])
    } catch {
        throw UsageError("--near \(text.printable): \(error)")
    }
}

func checkedTime(_ text: String) throws(UsageError) -> String {
    let parts = text.wholeMatch(of: /(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?Z?)?/)
    func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
    guard let parts else {
        throw UsageError("--at \(text.printable): give a time in UTC like 2026-11-21T20:00:00Z")
    }
    let (year, month, day) = (number(parts.1), number(parts.2), number(parts.3))
    let (hour, minute, second) = (number(parts.4), number(parts.5), number(parts.6))
    let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year >= 1, (1...12).contains(month), (1...days[month - 1]).contains(day), hour < 24, minute < 60, second < 61
    else { throw UsageError("--at \(text.printable): there is no such date or time") }
    // Without a zone the database would take it for a time of its own.
    return text.hasSuffix("Z") ? text : text + (parts.4 == nil ? " 00:00Z" : "Z")
}
