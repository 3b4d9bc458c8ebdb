internal import Foundation
internal import Instruments
internal import Simulation
internal import Sky

/// The nights that `nightjar simulate` knows.
struct SimulatedScenario {
    enum Name: String, CaseIterable {
        /// Two cameras, clouds, a variable star and a nova.
        case demo
        /// One camera on a field with a few hundred stars.
        case single
        /// One camera on a field where stars touch each other.
        case crowded
    }

    /// The demonstration's cameras are not all of the size asked for, and its stars are its own.
    struct Choices {
        var seed: UInt64 = 1
        var lights = 20
        var size = 1024
        var stars: Int?
    }

    let night: SimulatedNight
    let targetIDs: [String]
    /// Writes `instruments/`, `targets/` and `rules/` into a folder.
    let writeSetup: (URL) throws -> Void

    init(_ name: Name, _ choices: Choices) throws {
        switch name {
        case .demo: self = try Self.demo(choices)
        case .single: self = try Self.oneCamera(choices, starsPerMegapixel: 300, faintest: 19)
        case .crowded: self = try Self.oneCamera(choices, starsPerMegapixel: 6000, faintest: 20)
        }
    }

    private init(night: SimulatedNight, targetIDs: [String], writeSetup: @escaping (URL) throws -> Void) {
        self.night = night
        self.targetIDs = targetIDs
        self.writeSetup = writeSetup
    }

    private static func demo(_ choices: Choices) throws -> SimulatedScenario {
        let (night, places) = try SimulatedNight.demo(
            seed: choices.seed, lightCount: choices.lights, width: choices.size, height: choices.size)
        let documents = try DemoDocuments(night: night, targets: places)
        return SimulatedScenario(night: night, targetIDs: documents.targets.map(\.id), writeSetup: documents.write)
    }

    /// One camera of a 0.4 m telescope, 1 arcsec per pixel; the target is a sinusoidal variable near the middle.
    private static func oneCamera(
        _ choices: Choices, starsPerMegapixel: Double, faintest: Double
    ) throws -> SimulatedScenario {
        // 2026-03-20 22:00 UTC: the field culminates at about that time, near the zenith.
        let start = 61_119.916_666_666_664
        let site = try Site(latitudeDegrees: 43.93, longitudeDegrees: 5.71, elevationMeters: 650)
        let centre = try SkyPosition(raDegrees: 156.0, decDegrees: 42.0)
        var instrument = SimulatedInstrument(name: "sim-a", width: choices.size, height: choices.size)
        instrument.seed = choices.seed
        var plan = ObservingPlan()
        plan.lightCount = choices.lights
        // The field is a little wider than the detector, for it drifts and turns.
        let side = Double(choices.size) * 1.1
        let count = choices.stars.map { Double($0) * 1.21 } ?? starsPerMegapixel * side * side / 1e6
        var field = try StarField(
            seed: choices.seed, centre: centre, sideDegrees: side / 3600, count: Int(count), magnitudes: 11...faintest)
        let unit = Double(choices.size) / 3600
        let variability = Variability.sinusoid(periodDays: 0.06, semiAmplitudeMagnitudes: 0.2, epochMJD: start)
        let target = try field.place(
            eastDegrees: 0.05 * unit, northDegrees: -0.04 * unit, magnitude: 14, variability: variability)
        var comparisons: [Int] = []
        for (east, north, magnitude) in [(0.2, 0.1, 13.6), (-0.15, 0.2, 13.9), (-0.2, -0.25, 14.2), (0.3, -0.2, 14.4)] {
            comparisons.append(
                try field.place(eastDegrees: east * unit, northDegrees: north * unit, magnitude: magnitude))
        }
        let night = SimulatedNight(
            seed: choices.seed, objectName: "NJ FIELD", field: field, site: site,
            cameras: [SimulatedCamera(instrument, plan: plan)], startMJD: start)
        let place = { (id: Int) in field.stars.first { $0.id == id }?.position ?? centre }
        let document = SimulatedSetup.target(
            "variable", at: place(target), of: night, comparisons: comparisons.map(place))
        let setup = SimulatedSetup(night, targets: [document])
        return SimulatedScenario(night: night, targetIDs: [document.id], writeSetup: setup.write)
    }
}
