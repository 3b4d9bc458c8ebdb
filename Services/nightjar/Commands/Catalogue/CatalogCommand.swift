internal import CatalogueTiles
internal import Foundation
internal import ReferenceCatalogue
internal import Sky

let catalogCommand: Command = Command(
    name: "catalog",
    usage: "catalog build TABLE... --columns MAP --out DIR | index DIR | cone DIR RA DEC RADIUS | info|publish DIR",
    summary: "Makes a catalogue of reference stars out of tables, and looks into it. No network.",
    options: [
        Option("columns", "FILE", "build: the document that says what the columns are (examples/catalogs has some)"),
        Option("out", "DIR", "build: the folder to make"),
        Option("format", "csv|fits|votable", "build: what the tables are (default: by their first bytes; - is CSV)"),
        Option("order", "N", "build: HEALPix order of the tiles, 0 to 6 (default: by the number of stars)"),
        Option("epoch", "YEAR", "cone: Julian year of the positions (default: today)"),
        Option("faintest", "MAG", "cone: only stars that are not fainter"),
        Option("limit", "N", "cone: only so many, the brightest"),
        Option("verify", nil, "info: read every tile and compare its checksum"),
        Option("frame-store", "URL", "publish: the frame store (file:///path) whose workers shall have the catalogue"),
        Option("data", "DIR", "publish: the folder of nightjar up, instead of --frame-store"),
        Option("json", nil, "print JSON"),
    ]
) { arguments in
    let words = arguments.positional.dropFirst()
    try refuseStrayOptions(arguments)
    switch arguments.positional.first {
    case "build": return try CatalogueBuild(arguments, tables: Array(words)).run()
    case "index": return try CatalogueIndex(arguments, words: Array(words)).run()
    case "cone": return try CatalogueCone(arguments, words: Array(words)).run()
    case "info": return try CatalogueInformation(arguments, words: Array(words)).run()
    case "publish": return try CataloguePublishing(arguments, words: Array(words)).run()
    default: throw UsageError("say what to do: nightjar catalog build | index | cone | info | publish")
    }
}

/// - Throws: `UsageError` for an option that the action would not look at.
private func refuseStrayOptions(_ arguments: Arguments) throws(UsageError) {
    let own = [
        "build": ["columns", "out", "format", "order"], "index": [], "cone": ["epoch", "faintest", "limit"],
        "info": ["verify"], "publish": ["frame-store", "data"],
    ]
    guard let action = arguments.positional.first, let known = own[action] else { return }
    for option in catalogCommand.options where option.name != "json" && !known.contains(option.name) {
        guard arguments.has(option.name) || arguments.text(option.name) != nil else { continue }
        let owners = own.keys.sorted().filter { own[$0]?.contains(option.name) == true }
        throw UsageError("--\(option.name) is not for catalog \(action), but for catalog \(owners.joined())")
    }
}

/// `nightjar catalog cone`: the stars around a position.
private struct CatalogueCone {
    let folder: String
    let cone: Cone
    let printsJSON: Bool

    init(_ arguments: Arguments, words: [String]) throws {
        guard words.count == 4 else {
            throw UsageError("give a folder, a position and a radius [deg]: nightjar catalog cone DIR RA DEC RADIUS")
        }
        guard let radius = Double(words[3]), radius >= 0, radius <= 180 else {
            throw UsageError("radius \(words[3].printable): give a number from 0 to 180 [deg]")
        }
        folder = words[0]
        var faintest = Float.infinity
        if let text = arguments.text("faintest") {
            guard let value = Float(text), value.isFinite else {
                throw UsageError("--faintest \(text.printable): give a magnitude")
            }
            faintest = value
        }
        let epoch =
            try arguments.number("epoch", in: CatalogueDescription.possibleEpochs) ?? Self.currentJulianYear
        cone = try Cone(
            centre: try SkyPosition(givenRA: words[1], dec: words[2]), radiusDegrees: radius, epoch: epoch,
            faintest: faintest, limit: try arguments.integer("limit", in: 1...1_000_000_000) ?? .max)
        printsJSON = arguments.has("json")
    }

    private static var currentJulianYear: Double { 2000 + (Date().timeIntervalSince1970 / 86_400 - 10_957.5) / 365.25 }

    func run() throws -> Int32 {
        let catalogue = try TileFolder(folder)
        let bands = catalogue.description.bands.map(\.name)
        let rows = try catalogue.stars(in: cone).map { star, position in
            CatalogueRow(star, at: position, epoch: cone.epoch, separationFrom: cone.centre, bands: bands)
        }
        if printsJSON {
            Terminal.write(String(decoding: try prettyJSON(rows), as: UTF8.self))
        } else {
            Terminal.say(CatalogueRow.heading(bands))
            for row in rows { Terminal.say(row.line) }
        }
        return 0
    }
}

/// `nightjar catalog info`: what a catalogue is, and whether it is whole.
private struct CatalogueInformation {
    let folder: String
    let verifies: Bool
    let printsJSON: Bool

    init(_ arguments: Arguments, words: [String]) throws {
        guard words.count == 1 else { throw UsageError("give one folder: nightjar catalog info DIR") }
        folder = words[0]
        verifies = arguments.has("verify")
        printsJSON = arguments.has("json")
    }

    private struct Summary: Encodable {
        let id: String
        let title: String
        let source: String
        let bands: [CatalogueBand]
        let stars: Int
        let tiles: Int
        let order: Int
        let tileDegrees: Double
        let epochs: [Double]
        let maximumMotionMasPerYear: Double
        let damaged: [String]?
    }

    func run() throws -> Int32 {
        let catalogue = try TileFolder(folder)
        let description = catalogue.description
        let damaged = verifies ? catalogue.damagedFiles() : nil
        let summary = Summary(
            id: description.id, title: description.title, source: description.source, bands: description.bands,
            stars: description.starCount, tiles: description.tiles.count, order: description.order,
            tileDegrees: SkyCell.sideDegrees(order: description.order),
            epochs: [description.epochs.lowerBound, description.epochs.upperBound],
            maximumMotionMasPerYear: description.maximumMotionMasPerYear, damaged: damaged)
        if printsJSON {
            Terminal.write(String(decoding: try prettyJSON(summary), as: UTF8.self))
        } else {
            say(summary)
        }
        return damaged?.isEmpty ?? true ? 0 : 1
    }

    private func say(_ summary: Summary) {
        let bands = summary.bands.map { "\($0.name) (\($0.system.rawValue))" }.joined(separator: ", ")
        let epochs = Set(summary.epochs).sorted().map { String($0) }.joined(separator: " to ")
        Terminal.say("\(summary.id): \(summary.title)".printable)
        Terminal.say("source:  \(summary.source)".printable)
        Terminal.say("bands:   \(bands)".printable)
        let side = summary.tileDegrees.rounded(places: 1)
        Terminal.say("stars:   \(summary.stars) in \(summary.tiles) tiles of \(side) deg")
        Terminal.say("epochs:  \(epochs); fastest star \(summary.maximumMotionMasPerYear.rounded(places: 0)) mas/yr")
        guard let damaged = summary.damaged else { return }
        for problem in damaged { Terminal.say(problem.printable) }
        Terminal.say(damaged.isEmpty ? "every file is whole" : "\(damaged.count) files are missing or damaged")
    }
}

extension TileFolder {
    /// The tiles that cannot be used, and the index for blind solving where it is there and cannot, each with file and
    /// reason.
    func damagedFiles() -> [String] {
        let reason = { (read: () throws(CatalogueError) -> Void) -> String? in
            do {
                try read()
                return nil
            } catch {
                return "\(error)"
            }
        }
        let tiles = description.tiles.keys.sorted().compactMap { number -> String? in
            guard let cell = SkyCell(order: description.order, number: number) else { return nil }
            return reason { () throws(CatalogueError) in _ = try tile(cell) }
        }
        let index = reason { () throws(CatalogueError) in
            if try blindIndexDigest() != nil { _ = try blindIndex() }
        }
        return tiles + [index].compactMap { $0 }
    }
}

extension Double {
    fileprivate func rounded(places: Int) -> String { String(format: "%.\(places)f", self) }
}
