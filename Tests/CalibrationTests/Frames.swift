import Calibration
import Imaging
import Simulation

/// Frames of one simulated detector, by id, for the tests of this room.
struct Frames {
    let detector: SimulatedDetector
    private(set) var images: [String: Image<ADU>] = [:]
    private(set) var facts: [CalibrationFrameFacts] = []
    private let seed: UInt64

    var instrument: SimulatedInstrument { detector.instrument }
    var mode: DetectorMode {
        DetectorMode(instrument: instrument.name, width: instrument.width, height: instrument.height)
    }
    var detectorFacts: DetectorFacts {
        DetectorFacts(
            gain: instrument.gain, readNoiseElectrons: instrument.readNoiseElectrons,
            saturationADU: instrument.saturationADU)
    }

    init(_ instrument: SimulatedInstrument, seed: UInt64 = 1) {
        detector = SimulatedDetector(instrument)
        self.seed = seed
    }

    static func instrument(width: Int = 256, height: Int = 256) -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "cam", width: width, height: height)
        instrument.dustRings = 3
        return instrument
    }

    mutating func take(_ kind: FrameKind, count: Int, seconds: Double = 0, electrons: Double = 0) {
        for _ in 0..<count {
            let light = LightMap(width: instrument.width, height: instrument.height, level: electrons)
            add(kind, seconds: seconds, light: electrons > 0 ? light : nil)
        }
    }

    mutating func add(_ kind: FrameKind, seconds: Double, light: LightMap?) {
        var random = RandomStream(seed: seed, UInt64(facts.count))
        add(kind, seconds: seconds, image: detector.expose(light, exposureSeconds: seconds, random: &random))
    }

    mutating func add(_ kind: FrameKind, seconds: Double, image: Image<ADU>) {
        let id = "\(kind.rawValue)-\(facts.count)"
        images[id] = image
        facts.append(
            CalibrationFrameFacts(
                id: id, kind: kind, mode: mode, filter: kind == .flat ? "V" : nil, exposureSeconds: seconds,
                temperatureCelsius: -10, midpointMJD: 60_000 + Double(facts.count) / 1000, night: "2023-02-24"))
    }

    mutating func change(_ id: String, _ body: (inout Image<ADU>) -> Void) {
        if images[id] != nil { body(&images[id]!) }
    }

    func group(_ kind: FrameKind, seconds: Double? = nil) -> MasterGroup {
        let wanted = facts.filter { $0.kind == kind && (seconds == nil || $0.exposureSeconds == seconds) }
        return MasterGroup.groups(of: wanted)[0]
    }

    func rows(_ group: MasterGroup) -> RowProvider {
        { index, range in
            let image = images[group.frames[index].id]!
            return Array(image.pixels[(range.lowerBound * image.width)..<(range.upperBound * image.width)])
        }
    }

    func builder(_ method: CombineMethod = .clippedMean(sigma: 4), bandBytes: Int = 64 << 20) -> MasterBuilder {
        MasterBuilder(method: method, detector: detectorFacts, bandBytes: bandBytes)
    }

    /// Bias, dark and flat of this detector from everything that was taken.
    func masters(withBias: Bool = true, withDark: Bool = true, withFlat: Bool = true) throws -> MasterSet {
        var masters = MasterSet()
        let builder = builder()
        if withBias { masters.bias = try builder.bias(group(.bias), id: "bias", rows: rows(group(.bias))).master }
        if withDark {
            masters.dark = try builder.dark(group(.dark), id: "dark", bias: masters.bias, rows: rows(group(.dark)))
                .master
        }
        if withFlat {
            let dark = masters.bias == nil ? nil : masters.dark
            masters.flat = try builder.flat(
                group(.flat), id: "flat", bias: masters.bias, dark: dark, rows: rows(group(.flat))
            ).master
        }
        return masters
    }
}

/// Standard deviation and mean.
func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return (mean, variance.squareRoot())
}
