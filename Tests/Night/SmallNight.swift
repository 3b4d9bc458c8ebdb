import FITS
import Foundation
import Imaging
import Simulation
import Sky

/// A simulated night small enough for tests: two cameras on one field with 60 stars, 40 exposures of 256 x 256 and 192
/// x 160 pixels. The first camera writes world coordinates and its gain, the second neither. A star erupts halfway.
struct SmallNight {
    static let novaMagnitude = 17.5
    static let novaTarget = "nova"
    static let steadyTarget = "steady"
    /// Its document names no comparison stars.
    static let lonelyTarget = "lonely"
    static let targets = [novaTarget, steadyTarget, lonelyTarget]

    /// Holds `setup/` and `frames/`.
    let folder: URL
    /// In order of time, camera by camera, calibration frames first.
    let frames: [NightFrame]
    let eruptionMJD: Double

    var setup: URL { folder.appending(path: "setup") }
    var lights: [NightFrame] { frames.filter { $0.kind == .light } }
    var calibration: [NightFrame] { frames.filter { $0.kind != .light } }

    /// Renders all of it. The same seed gives the same bytes.
    init(in folder: URL, seed: UInt64 = 20, lightsPerCamera: Int = 12) throws {
        self.folder = folder
        let field = try FieldOfTest(seed: seed, lightCount: lightsPerCamera)
        eruptionMJD = field.eruptionMJD
        let framesFolder = folder.appending(path: "frames")
        try FileManager.default.createDirectory(at: framesFolder, withIntermediateDirectories: true)
        let night = field.night
        var frames: [NightFrame] = []
        var firstLights: [SimulatedFrame] = []
        for camera in night.cameras.indices {
            let renderer = FrameRenderer(night, camera: camera)
            var isFirst = true
            for exposure in try night.exposures() where exposure.camera == camera {
                let frame = try renderer.render(exposure)
                let file = framesFolder.appending(path: frame.fileName)
                try FITSWriter.write(
                    counts: frame.image.pixels.map { UInt16($0) }, width: frame.image.width, height: frame.image.height,
                    header: frame.header, to: file.path)
                frames.append(
                    NightFrame(file: file, instrument: night.cameras[camera].instrument.name, kind: exposure.kind))
                if exposure.kind == .light, isFirst {
                    firstLights.append(frame)
                    isFirst = false
                }
            }
        }
        self.frames = frames
        try NightDocuments(field: field, anchor: firstLights[1]).write(to: folder.appending(path: "setup"))
    }
}

/// One file of the night, and where it is to be handed in.
struct NightFrame {
    let file: URL
    let instrument: String
    let kind: SimulatedExposure.Kind
    var name: String { file.lastPathComponent }
}

/// What is on the sky and what looks at it.
struct FieldOfTest {
    let night: SimulatedNight
    let novaID: Int
    let steadyID: Int
    let lonelyID: Int
    let comparisonIDs: [Int]
    let eruptionMJD: Double

    init(seed: UInt64, lightCount: Int) throws {
        let start = 61_119.916_666_666_664
        let centre = try SkyPosition(raDegrees: 156, decDegrees: 42)
        var field = try StarField(seed: seed, centre: centre, sideDegrees: 0.085, count: 55, magnitudes: 13.5...17)
        eruptionMJD = start + 0.5 * Double(lightCount) * 70 / 86_400
        let eruption = Variability.nova(
            eruptionMJD: eruptionMJD, amplitudeMagnitudes: 5, riseDays: 0.001, declineMagnitudesPerDay: 0.5)
        novaID = try field.place(
            eastDegrees: 0.006, northDegrees: -0.005, magnitude: SmallNight.novaMagnitude, variability: eruption)
        steadyID = try field.place(eastDegrees: -0.008, northDegrees: 0.006, magnitude: 14)
        lonelyID = try field.place(eastDegrees: -0.002, northDegrees: -0.012, magnitude: 14.2)
        var ids: [Int] = []
        for (index, offset) in [(0.014, 0.01), (-0.014, -0.011), (0.003, 0.015), (0.016, -0.013)].enumerated() {
            ids.append(
                try field.place(
                    eastDegrees: offset.0, northDegrees: offset.1, magnitude: 12.6 + 0.2 * Double(index)))
        }
        comparisonIDs = ids
        let site = try Site(latitudeDegrees: 43.93, longitudeDegrees: 5.71, elevationMeters: 650)
        var night = SimulatedNight(
            seed: seed, objectName: "NIGHT TEST", field: field, site: site, cameras: Self.cameras(lightCount),
            startMJD: start)
        night.seeingArcseconds = 3
        self.night = night
    }

    func star(_ id: Int) -> SimulatedStar? { night.field.stars.first { $0.id == id } }

    private static func cameras(_ lightCount: Int) -> [SimulatedCamera] {
        var plan = ObservingPlan()
        (plan.biasCount, plan.darkCount, plan.flatCount) = (3, 3, 2)
        (plan.lightCount, plan.lightSeconds, plan.overheadSeconds) = (lightCount, 60, 10)
        var wide = SimulatedInstrument(name: "alpha", width: 256, height: 256)
        wide.pixelScaleArcseconds = 1.1
        wide.positionAngleDegrees = 1.5
        wide.seed = 11
        var plain = SimulatedInstrument(name: "beta", width: 192, height: 160)
        plain.pixelScaleArcseconds = 1.4
        plain.positionAngleDegrees = 178
        plain.isMirrored = true
        plain.filter = "R"
        plain.writesWorldCoordinates = false
        plain.writesGain = false
        plain.seed = 12
        return [SimulatedCamera(wide, plan: plan), SimulatedCamera(plain, plan: plan)]
    }
}
