internal import Glibc
public import Sky

/// A cloud that passes: transparency falls to 1 - depth and comes back, as a squared sine.
public struct PassingCloud: Sendable, Equatable {
    public var startMJD: Double
    public var endMJD: Double
    public var depth: Double

    public init(startMJD: Double, endMJD: Double, depth: Double) {
        self.startMJD = startMJD
        self.endMJD = endMJD
        self.depth = depth
    }

    func transparency(at mjd: Double) -> Double {
        guard mjd > startMJD, mjd < endMJD else { return 1 }
        let wave = sin(.pi * (mjd - startMJD) / (endMJD - startMJD))
        return 1 - depth * wave * wave
    }
}

/// What one instrument does in a night: calibration frames first, then lights at a steady pace.
public struct ObservingPlan: Sendable, Equatable {
    public var biasCount = 5
    public var darkCount = 3
    public var darkSeconds = 60.0
    public var flatCount = 3
    public var flatSeconds = 2.0
    /// Mean exposure level of a flat [e-].
    public var flatElectrons = 30_000.0
    public var lightCount = 20
    public var lightSeconds = 60.0
    /// From the end of one exposure to the start of the next [s].
    public var overheadSeconds = 10.0
    /// Of the field on the detector, per hour [px].
    public var driftX = 3.0
    public var driftY = -2.0
    /// Scatter of the guiding from frame to frame [px].
    public var jitter = 0.3
    /// Of the field, per hour [deg].
    public var rotationDegreesPerHour = 0.02

    public init() {}
}

public struct SimulatedCamera: Sendable, Equatable {
    public var instrument: SimulatedInstrument
    public var plan: ObservingPlan

    public init(_ instrument: SimulatedInstrument, plan: ObservingPlan = ObservingPlan()) {
        self.instrument = instrument
        self.plan = plan
    }
}

/// A night of one or more cameras on one field. The same scenario gives the same bytes, whatever is rendered first.
public struct SimulatedNight: Sendable, Equatable {
    public var seed: UInt64
    public var objectName: String
    public var field: StarField
    public var site: Site
    public var cameras: [SimulatedCamera]
    /// First light, MJD UTC [d]; calibration frames end ten minutes before.
    public var startMJD: Double
    /// FWHM at the zenith, typical of the night [arcsec].
    public var seeingArcseconds = 2.5
    public var clouds: [PassingCloud] = []

    public init(
        seed: UInt64, objectName: String, field: StarField, site: Site, cameras: [SimulatedCamera], startMJD: Double
    ) {
        self.seed = seed
        self.objectName = objectName
        self.field = field
        self.site = site
        self.cameras = cameras
        self.startMJD = startMJD
    }

    /// Everything that is exposed, camera by camera, in order of time.
    public func exposures() throws(SkyError) -> [SimulatedExposure] {
        var all: [SimulatedExposure] = []
        for camera in cameras.indices { all += try exposures(of: camera) }
        return all
    }

    private func exposures(of camera: Int) throws(SkyError) -> [SimulatedExposure] {
        let plan = cameras[camera].plan
        let kinds =
            Array(repeating: SimulatedExposure.Kind.bias, count: plan.biasCount)
            + Array(repeating: .dark, count: plan.darkCount) + Array(repeating: .flat, count: plan.flatCount)
        let day = 86_400.0
        let spent = kinds.reduce(0) { $0 + seconds(of: $1, plan) + plan.overheadSeconds }
        var time = startMJD - (spent + 600) / day
        var made: [SimulatedExposure] = []
        for (index, kind) in kinds.enumerated() {
            let length = seconds(of: kind, plan)
            made.append(SimulatedExposure(camera: camera, index: index, kind: kind, seconds: length, startMJD: time))
            time += (length + plan.overheadSeconds) / day
        }
        for light in 0..<plan.lightCount {
            let index = kinds.count + light
            let start = startMJD + Double(light) * (plan.lightSeconds + plan.overheadSeconds) / day
            var exposure = SimulatedExposure(
                camera: camera, index: index, kind: .light, seconds: plan.lightSeconds, startMJD: start)
            try place(&exposure, plan, isFirst: light == 0)
            made.append(exposure)
        }
        return made
    }

    private func seconds(of kind: SimulatedExposure.Kind, _ plan: ObservingPlan) -> Double {
        switch kind {
        case .bias: 0
        case .dark: plan.darkSeconds
        case .flat: plan.flatSeconds
        case .light: plan.lightSeconds
        }
    }

    /// Sky and tracking of one light. The guiding holds on to where the first light was, so that one has no offset.
    private func place(
        _ exposure: inout SimulatedExposure, _ plan: ObservingPlan, isFirst: Bool
    ) throws(SkyError) {
        var random = RandomStream(seed: seed, 200, UInt64(exposure.camera), UInt64(exposure.index))
        let mjd = exposure.midpointMJD
        let hours = isFirst ? 0 : (mjd - startMJD) * 24 - plan.lightSeconds / 7200
        exposure.airmass = field.centre.horizontal(at: try UTCInstant(mjd: mjd), from: site).airmass
        let wave = 1 + 0.1 * sin(2 * .pi * hours / 1.7) + 0.04 * random.gaussian()
        exposure.seeingArcseconds = seeingArcseconds * pow(exposure.airmass ?? 1, 0.6) * max(wave, 0.5)
        exposure.transparency = clouds.reduce(1) { $0 * $1.transparency(at: mjd) }
        let jitter = isFirst ? 0 : plan.jitter
        exposure.shiftX = plan.driftX * hours + jitter * random.gaussian()
        exposure.shiftY = plan.driftY * hours + jitter * random.gaussian()
        exposure.rotationDegrees = plan.rotationDegreesPerHour * hours
    }
}

/// One exposure of a simulated night, before any photon is thrown.
public struct SimulatedExposure: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case bias, dark, flat, light
    }

    /// Index into `SimulatedNight.cameras`.
    public let camera: Int
    /// Position in the camera's night.
    public let index: Int
    public let kind: Kind
    public let seconds: Double
    /// MJD UTC [d]
    public let startMJD: Double
    /// Nil below the horizon (rendered as airmass 1) and for calibration frames.
    public internal(set) var airmass: Double?
    /// FWHM of the stars [arcsec].
    public internal(set) var seeingArcseconds = 0.0
    public internal(set) var transparency = 1.0
    /// Of the field on the detector [px, px, deg].
    public internal(set) var shiftX = 0.0
    public internal(set) var shiftY = 0.0
    public internal(set) var rotationDegrees = 0.0

    public var midpointMJD: Double { startMJD + seconds / 2 / 86_400 }

    init(camera: Int, index: Int, kind: Kind, seconds: Double, startMJD: Double) {
        self.camera = camera
        self.index = index
        self.kind = kind
        self.seconds = seconds
        self.startMJD = startMJD
    }
}
