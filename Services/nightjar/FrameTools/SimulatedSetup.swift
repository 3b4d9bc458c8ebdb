internal import Foundation
internal import Instruments
internal import Simulation
internal import Sky

/// The documents that go with a simulated night: what an observer with these cameras would have written.
struct SimulatedSetup {
    let night: SimulatedNight
    let targets: [TargetDocument]

    init(_ night: SimulatedNight, targets: [TargetDocument]) {
        self.night = night
        self.targets = targets
    }

    /// Writes `instruments/` and `targets/` into a folder, which is made. Same input, same bytes.
    func write(to folder: URL) throws {
        for instrument in night.cameras.map({ Self.document(of: $0.instrument, site: night.site) }) {
            try write(try prettyJSON(instrument), folder, "instruments", instrument.id)
        }
        for target in targets { try write(try prettyJSON(target), folder, "targets", target.id) }
    }

    private func write(_ json: Data, _ folder: URL, _ kind: String, _ id: String) throws {
        let place = folder.appending(path: kind)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try json.write(to: place.appending(path: "\(id).json"), options: .atomic)
    }

    /// A camera as its owner describes it.
    static func document(of instrument: SimulatedInstrument, site: Site) -> InstrumentDocument {
        var document = InstrumentDocument(id: instrument.name)
        document.name = "\(instrument.telescope), camera \(instrument.name), simulated"
        document.match = MatchPatterns(camera: [instrument.name])
        document.gain.electronsPerADU = instrument.gain
        document.readNoiseElectrons = instrument.readNoiseElectrons
        document.saturationADU = instrument.saturationADU
        document.pixelScaleArcsec = instrument.pixelScaleArcseconds
        document.binning = instrument.binning
        document.site = SiteDocument(
            latitude: .degrees(site.latitudeDegrees), longitude: .degrees(site.longitudeDegrees),
            elevationMeters: site.elevationMeters)
        document.telescope = TelescopeDocument(name: instrument.telescope, apertureMeters: 0.4)
        return document
    }

    /// A target at a place of the sky with its comparison stars.
    static func target(
        _ id: String, at position: SkyPosition, of night: SimulatedNight, comparisons: [SkyPosition]
    ) -> TargetDocument {
        var target = TargetDocument(id: id)
        target.ra = .degrees(position.raDegrees)
        target.dec = .degrees(position.decDegrees)
        target.objectNames = [night.objectName]
        target.forcedPhotometry = .whenMissing
        target.comparisonStars = comparisons.enumerated().map { index, place in
            var star = ComparisonStar(id: "C\(index + 1)", pixel: PixelPosition(x: 0, y: 0))
            (star.pixel, star.ra, star.dec) = (nil, .degrees(place.raDegrees), .degrees(place.decDegrees))
            return star
        }
        return target
    }
}
