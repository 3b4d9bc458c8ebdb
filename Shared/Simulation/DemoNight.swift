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
    /// coordinates and its gain, the second neither), passing clouds, a sinusoidal variable, five comparison stars,
    /// and a star of magnitude 17.5 that erupts by 5 magnitudes halfway through the lights, or stays as it is.
    public static func demo(
        seed: UInt64, withNova: Bool = true, lightCount: Int = 20, width: Int = 512, height: Int = 512
    ) throws(SkyError) -> (night: SimulatedNight, targets: DemoTargets) {
        // 2026-03-20 22:00 UTC from southern Europe: the field culminates at about that time, near the zenith.
        let start = 61_119.916_666_666_664
        let site = try Site(latitudeDegrees: 43.93, longitudeDegrees: 5.71, elevationMeters: 650)
        let centre = try SkyPosition(raDegrees: 156.0, decDegrees: 42.0)
        var field = try StarField(seed: seed, centre: centre, sideDegrees: 0.3, count: 220, magnitudes: 12...18.5)
        let first = SimulatedCamera(wideCamera(width, height), plan: plan(lightCount, seconds: 60))
        let second = SimulatedCamera(plainCamera(width, height), plan: plan(lightCount, seconds: 45))
        let length = Double(lightCount) * 70 / 86_400
        let eruption = start + 0.5 * length
        let variability = Variability.nova(
            eruptionMJD: eruption, amplitudeMagnitudes: 5, riseDays: 0.1 * length, declineMagnitudesPerDay: 0.5)
        // Everything that matters stays on the smaller detector, whatever the size.
        let unit = Double(min(width, height)) / 512
        let novaID = try field.place(
            eastDegrees: 0.012 * unit, northDegrees: -0.009 * unit, magnitude: 17.5,
            variability: withNova ? variability : .constant)
        let variableID = try field.place(
            eastDegrees: -0.017 * unit, northDegrees: 0.014 * unit, magnitude: 13.2,
            variability: .sinusoid(periodDays: 0.06, semiAmplitudeMagnitudes: 0.2, epochMJD: start))
        let offsets = [(0.03, 0.02), (-0.03, -0.025), (0.005, 0.035), (0.034, -0.03), (-0.036, 0.004)]
        var comparisonIDs: [Int] = []
        for (index, offset) in offsets.enumerated() {
            let id = try field.place(
                eastDegrees: offset.0 * unit, northDegrees: offset.1 * unit, magnitude: 12.4 + 0.25 * Double(index))
            comparisonIDs.append(id)
        }
        var night = SimulatedNight(
            seed: seed, objectName: "NJ DEMO", field: field, site: site, cameras: [first, second], startMJD: start)
        night.seeingArcseconds = 3
        night.clouds = [PassingCloud(startMJD: start + 0.2 * length, endMJD: start + 0.42 * length, depth: 0.35)]
        let place = { (id: Int) in field.stars.first { $0.id == id }?.position ?? centre }
        let targets = DemoTargets(
            nova: place(novaID), novaStarID: novaID, eruptionMJD: withNova ? eruption : nil,
            variable: place(variableID),
            variableStarID: variableID, comparisons: comparisonIDs.map(place), comparisonStarIDs: comparisonIDs)
        return (night, targets)
    }

    private static func plan(_ lightCount: Int, seconds: Double) -> ObservingPlan {
        var plan = ObservingPlan()
        plan.lightCount = lightCount
        plan.lightSeconds = seconds
        plan.overheadSeconds = 70 - seconds
        return plan
    }

    private static func wideCamera(_ width: Int, _ height: Int) -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "demo-a", width: width, height: height)
        instrument.pixelScaleArcseconds = 1.1
        instrument.positionAngleDegrees = 1.5
        instrument.seed = 11
        return instrument
    }

    private static func plainCamera(_ width: Int, _ height: Int) -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "demo-b", width: width * 3 / 4, height: height * 5 / 8)
        instrument.telescope = "Simulated 0.25 m"
        instrument.pixelScaleArcseconds = 1.4
        instrument.positionAngleDegrees = 178
        instrument.isMirrored = true
        instrument.filter = "R"
        instrument.gain = 1.2
        instrument.readNoiseElectrons = 9
        instrument.biasADU = 300
        instrument.zeroPointMagnitude = 21.6
        instrument.colourTerm = -0.05
        instrument.extinctionPerAirmass = 0.1
        instrument.pointSpread = .gaussian
        instrument.writesWorldCoordinates = false
        instrument.writesGain = false
        instrument.seed = 12
        return instrument
    }
}
