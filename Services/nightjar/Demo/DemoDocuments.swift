internal import AlertRules
internal import Foundation
internal import Instruments
internal import Simulation
internal import Sky

/// The setup of the demonstration, as an observer would have written it before the night: what is known of cameras,
/// targets and comparison stars, and nothing of what will happen. `examples/demo` holds the same documents.
struct DemoDocuments {
    static let nova = "demo-nova"
    static let variable = "demo-variable"
    static let novaRule = "demo-nova-erupts"

    let instruments: [InstrumentDocument]
    let targets: [TargetDocument]
    let rules: [RuleDocument]

    init(night: SimulatedNight, targets demo: DemoTargets) throws {
        instruments = night.cameras.map { Self.instrument($0.instrument, site: night.site) }
        let catalogue = try DemoCatalogue(night: night)
        let comparisons = try demo.comparisonStarIDs.enumerated().map { index, id in
            try catalogue.comparison("C\(index + 1)", starID: id)
        }
        func target(_ id: String, _ name: String, starID: Int) throws -> TargetDocument {
            let star = try catalogue.star(starID)
            var target = TargetDocument(id: id)
            target.name = name
            target.ra = .degrees(star.position.raDegrees.rounded(digits: 7))
            target.dec = .degrees(star.position.decDegrees.rounded(digits: 7))
            target.pixel = try catalogue.pixel(starID, naming: true)
            target.objectNames = [night.objectName]
            target.comparisonStars = comparisons
            target.forcedPhotometry = .always
            return target
        }
        targets = [
            try target(Self.nova, "Nova in the demonstration's field", starID: demo.novaStarID),
            try target(Self.variable, "Pulsating star in the demonstration's field", starID: demo.variableStarID),
        ]
        rules = Self.rules
    }

    private static func instrument(_ camera: SimulatedInstrument, site: Site) -> InstrumentDocument {
        var document = InstrumentDocument(id: camera.name)
        document.name = camera.telescope
        document.match = MatchPatterns(camera: [camera.name])
        if !camera.writesGain {
            document.gain.electronsPerADU = camera.gain
            document.readNoiseElectrons = camera.readNoiseElectrons
        }
        document.saturationADU = camera.saturationADU
        document.pixelScaleArcsec = camera.pixelScaleArcseconds
        document.site = SiteDocument(
            latitude: .degrees(site.latitudeDegrees), longitude: .degrees(site.longitudeDegrees),
            elevationMeters: site.elevationMeters)
        return document
    }

    /// The nova's own rule, and two that a quiet night must pass: a leap of anything, and a fading of the pulsating
    /// star beyond its known range that no cloud can feign.
    private static let rules = [
        RuleDocument(
            id: novaRule, name: "The nova erupts", revision: 1, target: nova,
            kind: .brighterThan(Threshold(magnitude: 16)), hysteresis: 16.5),
        RuleDocument(
            id: "demo-anything-leaps", name: "Any target leaps up from its usual brightness", revision: 1, target: "*",
            kind: .changedBy(Change(sigma: 5, direction: .brighter, minimumMagnitudes: 0.8)), hysteresis: 2.5),
        RuleDocument(
            id: "demo-variable-fades", name: "The pulsating star fades beyond its range", revision: 1, target: variable,
            kind: .fainterThan(Threshold(magnitude: 13.8)),
            confirmation: Confirmation(points: 3, outOf: 4, minimumSpanMinutes: 3), hysteresis: 13.7),
    ]

    /// Writes `instruments/`, `targets/` and `rules/`, a document each.
    func write(to folder: URL) throws {
        func put(_ document: some Encodable, _ kind: String, _ id: String) throws {
            let place = folder.appending(path: kind)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Self.json(document).write(to: place.appending(path: "\(id).json"), options: .atomic)
        }
        for document in instruments { try put(document, "instruments", document.id) }
        for document in targets { try put(document, "targets", document.id) }
        for document in rules { try put(document, "rules", document.id) }
    }

    /// As a person would write it: without the fields that say nothing.
    private static func json(_ document: some Encodable) throws -> Data {
        let full = try JSONSerialization.jsonObject(with: JSONEncoder().encode(document))
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try JSONSerialization.data(withJSONObject: withoutEmpty(full), options: options) + Data("\n".utf8)
    }

    private static func withoutEmpty(_ value: Any) -> Any {
        if let list = value as? [Any] { return list.map(withoutEmpty) }
        guard let object = value as? [String: Any] else { return value }
        return object.mapValues(withoutEmpty).filter { _, inner in
            !((inner as? [Any])?.isEmpty ?? false) && !((inner as? [String: Any])?.isEmpty ?? false)
        }
    }
}

/// What a catalogue and a look at the second camera's first light tell of the stars.
private struct DemoCatalogue {
    private let night: SimulatedNight
    private let anchor: SimulatedFrame

    init(night: SimulatedNight) throws {
        self.night = night
        let camera = try night.cameras.firstIndex { !$0.instrument.writesWorldCoordinates }.orThrow("a plain camera")
        let first = try night.exposures().first { $0.camera == camera && $0.kind == .light }.orThrow("a light")
        anchor = try FrameRenderer(night, camera: camera).render(first)
    }

    func star(_ id: Int) throws -> SimulatedStar {
        try night.field.stars.first { $0.id == id }.orThrow("star \(id)")
    }

    func pixel(_ id: Int, naming: Bool) throws -> PixelPosition {
        let place = try anchor.truth.first { $0.starID == id }.orThrow("star \(id) on \(anchor.fileName)")
        return PixelPosition(
            frame: naming ? anchor.fileName : nil, x: place.x.rounded(digits: 2), y: place.y.rounded(digits: 2))
    }

    func comparison(_ name: String, starID: Int) throws -> Instruments.ComparisonStar {
        let star = try star(starID)
        var comparison = Instruments.ComparisonStar(id: name, pixel: try pixel(starID, naming: false))
        comparison.ra = .degrees(star.position.raDegrees.rounded(digits: 7))
        comparison.dec = .degrees(star.position.decDegrees.rounded(digits: 7))
        for camera in night.cameras {
            comparison.magnitudes[camera.instrument.filter] = CatalogueMagnitude(
                magnitude: camera.instrument.magnitude(of: star).rounded(digits: 3), error: 0.005, system: .ab,
                source: "simulated")
        }
        return comparison
    }
}

extension Swift.Optional {
    /// - Throws: `SystemError` when a scenario of ours lacks what its documents speak of.
    fileprivate func orThrow(_ what: String) throws(SystemError) -> Wrapped {
        guard let self else { throw SystemError("the simulated night lacks \(what)") }
        return self
    }
}

extension Double {
    func rounded(digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        return (self * scale).rounded() / scale
    }
}
