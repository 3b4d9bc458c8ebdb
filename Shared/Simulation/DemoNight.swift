internal import Glibc
public import Sky

/// Where the demonstration's two targets are in its field.
public struct DemoTargets: Sendable, Equatable {
    public let nova: SkyPosition
    public let novaStarID: Int
    /// When the nova erupts, MJD UTC [d]; nil when it does not.
    public let eruptionMJD: Double?
    public let variable: SkyPosition
    public let variableStarID: Int
    public let comparisons: [SkyPosition]
    public let comparisonStarIDs: [Int]
}

extension SimulatedNight {
    /// The demonstration: two cameras of different size, scale, filter and gain on one field (the first writes world
    /// coordinates and its gain, the second neither), passing clouds, a sinusoidal variable, five comparison stars, one
    /// star that is always saturated, and a star of magnitude 21.5, below what either camera sees, that erupts about
    /// halfway through the lights, or stays as it is.
    ///
    /// The sky is the same for every seed, so that documents about it can be written ahead. The seed makes the weather
    /// (one to three clouds that take 20 to 90 % of the light, seeing, sky brightness, tracking), the hour of the
    /// eruption, its peak (10.8 to 13.2 mag: the brightest saturate) and every photon.
    public static func demo(
        seed: UInt64, withNova: Bool = true, lightCount: Int = 20, width: Int = 512, height: Int = 512
    ) throws(SkyError) -> (night: SimulatedNight, targets: DemoTargets) {
        // 2026-03-20 22:00 UTC from southern Europe: the field culminates at about that time, near the zenith.
        let start = 61_119.916_666_666_664
        let length = Double(lightCount) * DemoWeather.cadenceSeconds / 86_400
        let weather = DemoWeather(seed: seed, startMJD: start, lengthDays: length)
        let site = try Site(latitudeDegrees: 43.93, longitudeDegrees: 5.71, elevationMeters: 650)
        var sky = try DemoSky(unit: Double(min(width, height)) / 512)
        let eruption = weather.eruptionMJD
        try sky.placeTargets(
            nova: withNova
                ? .nova(
                    eruptionMJD: eruption, amplitudeMagnitudes: DemoSky.quietMagnitude - weather.peakMagnitude,
                    riseDays: weather.riseDays, declineMagnitudesPerDay: 2) : .constant,
            variableEpochMJD: start + weather.variablePhase * DemoSky.variablePeriodDays)
        let cameras = [
            SimulatedCamera(
                wideCamera(width, height, weather), plan: plan(lightCount, seconds: 60, dark: 60, weather)),
            SimulatedCamera(
                plainCamera(width, height, weather), plan: plan(lightCount, seconds: 45, dark: 90, weather)),
        ]
        var night = SimulatedNight(
            seed: seed, objectName: "NJ DEMO", field: sky.field, site: site, cameras: cameras, startMJD: start)
        night.seeingArcseconds = weather.seeingArcseconds
        night.clouds = weather.clouds
        return (night, sky.targets(eruptionMJD: withNova ? eruption : nil))
    }

    private static func plan(
        _ lightCount: Int, seconds: Double, dark: Double, _ weather: DemoWeather
    ) -> ObservingPlan {
        var plan = ObservingPlan()
        plan.darkCount = 5
        plan.darkSeconds = dark
        plan.flatCount = 5
        plan.lightCount = lightCount
        plan.lightSeconds = seconds
        plan.overheadSeconds = DemoWeather.cadenceSeconds - seconds
        plan.driftX = weather.driftX
        plan.driftY = weather.driftY
        return plan
    }

    private static func wideCamera(_ width: Int, _ height: Int, _ weather: DemoWeather) -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "demo-a", width: width, height: height)
        instrument.pixelScaleArcseconds = 1.1
        instrument.positionAngleDegrees = 1.5
        instrument.filter = "g"
        instrument.skyMagnitudePerSquareArcsecond = weather.skyMagnitude
        instrument.seed = 11
        return instrument
    }

    private static func plainCamera(_ width: Int, _ height: Int, _ weather: DemoWeather) -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "demo-b", width: width * 25 / 32, height: height * 19 / 32)
        instrument.telescope = "Simulated 0.25 m"
        instrument.pixelScaleArcseconds = 1.4
        instrument.positionAngleDegrees = 178
        instrument.isMirrored = true
        instrument.filter = "r"
        instrument.gain = 1.2
        instrument.readNoiseElectrons = 9
        instrument.biasADU = 300
        instrument.zeroPointMagnitude = 21
        instrument.colourTerm = -0.6
        instrument.extinctionPerAirmass = 0.1
        instrument.skyMagnitudePerSquareArcsecond = weather.skyMagnitude - 0.4
        instrument.pointSpread = .gaussian
        instrument.writesWorldCoordinates = false
        instrument.writesGain = false
        instrument.seed = 12
        return instrument
    }
}

/// The sky of the demonstration, the same on every night but for the eruption and the phase of the variable.
private struct DemoSky {
    static let quietMagnitude = 21.5
    static let variablePeriodDays = 0.03
    /// East and north of the centre [deg], magnitude, colour.
    private static let comparisons = [
        (0.03, 0.02, 12.4, 0.55), (-0.03, -0.025, 12.65, 0.8), (0.005, 0.035, 12.9, 0.65), (0.034, -0.03, 13.15, 0.95),
        (-0.036, 0.004, 13.4, 0.7),
    ]

    private(set) var field: StarField
    /// Everything that matters stays on the smaller detector, whatever its size.
    private let unit: Double
    private var novaID = 0
    private var variableID = 0
    private var comparisonIDs: [Int] = []

    init(unit: Double) throws(SkyError) {
        self.unit = unit
        let centre = try SkyPosition(raDegrees: 156.0, decDegrees: 42.0)
        field = try StarField(seed: 2026, centre: centre, sideDegrees: 0.3, count: 220, magnitudes: 12...18.5)
    }

    mutating func placeTargets(nova: Variability, variableEpochMJD: Double) throws(SkyError) {
        try field.place(eastDegrees: -0.058 * unit, northDegrees: -0.052 * unit, magnitude: 8.5)
        for star in Self.comparisons {
            let id = try field.place(
                eastDegrees: star.0 * unit, northDegrees: star.1 * unit, magnitude: star.2, colour: star.3,
                clearingArcseconds: 40 * unit)
            comparisonIDs.append(id)
        }
        variableID = try field.place(
            eastDegrees: -0.017 * unit, northDegrees: 0.014 * unit, magnitude: 13.2, colour: 0.5,
            variability: .sinusoid(
                periodDays: Self.variablePeriodDays, semiAmplitudeMagnitudes: 0.2, epochMJD: variableEpochMJD),
            clearingArcseconds: 40 * unit)
        novaID = try field.place(
            eastDegrees: 0.012 * unit, northDegrees: -0.009 * unit, magnitude: Self.quietMagnitude, variability: nova,
            clearingArcseconds: 40 * unit)
    }

    func targets(eruptionMJD: Double?) -> DemoTargets {
        let place = { (id: Int) in field.stars.first { $0.id == id }?.position ?? field.centre }
        return DemoTargets(
            nova: place(novaID), novaStarID: novaID, eruptionMJD: eruptionMJD, variable: place(variableID),
            variableStarID: variableID, comparisons: comparisonIDs.map(place), comparisonStarIDs: comparisonIDs)
    }
}

/// What differs from one night of the demonstration to the next.
private struct DemoWeather {
    /// From the start of one light to the start of the next [s].
    static let cadenceSeconds = 70.0

    let seeingArcseconds: Double
    let skyMagnitude: Double
    let clouds: [PassingCloud]
    let driftX: Double
    let driftY: Double
    let eruptionMJD: Double
    let riseDays: Double
    let peakMagnitude: Double
    let variablePhase: Double

    init(seed: UInt64, startMJD: Double, lengthDays: Double) {
        var random = RandomStream(seed: seed, 400)
        seeingArcseconds = random.uniform(2.5...3.6)
        skyMagnitude = random.uniform(19.8...21)
        driftX = random.uniform(-4...4)
        driftY = random.uniform(-4...4)
        eruptionMJD = startMJD + random.uniform(0.4...0.6) * lengthDays
        riseDays = random.uniform(0.06...0.16) * lengthDays
        peakMagnitude = random.uniform(10.8...13.2)
        variablePhase = random.uniform()
        var passing: [PassingCloud] = []
        for _ in 0..<(1 + Int(random.uniform() * 3)) {
            let middle = startMJD + random.uniform(0.1...0.9) * lengthDays
            let half = random.uniform(0.05...0.2) * lengthDays
            passing.append(
                PassingCloud(startMJD: middle - half, endMJD: middle + half, depth: random.uniform(0.2...0.9)))
        }
        clouds = passing
    }
}
