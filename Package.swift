// swift-tools-version: 6.2
import PackageDescription

// Rooms and the arrows between them. A room sees what is listed in `sees` and nothing else; services see Shared and
// never each other. `make check` builds with --explicit-target-dependency-import-check error, so an arrow that is not
// here does not compile.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// A C library: a module map and, where a macro needs one, a shim header.
func library(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func room(_ name: String, sees: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: sees, path: "Shared/\(name)", swiftSettings: strict)
}

func service(_ name: String, sees: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: sees, path: "Services/\(name)", swiftSettings: strict)
}

func tests(_ name: String, sees: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: sees, path: "Tests/\(name)", swiftSettings: strict)
}

let cLibraries: [Target] = [
    library("CRdKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
    library("CFITSIO", pkgConfig: "cfitsio", apt: "libcfitsio-dev"),
    library("CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
    library("CWCSLIB", pkgConfig: "wcslib", apt: "wcslib-dev"),
    library("CERFA", pkgConfig: "erfa", apt: "liberfa-dev"),
    library("CSEP", pkgConfig: nil, apt: "libsep-dev"),
    library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
    library("CCairo", pkgConfig: "cairo", apt: "libcairo2-dev"),
]

let adapters: [Target] = [
    room("Hashing", sees: ["CCrypto"]),
    room("FITS", sees: ["CFITSIO", "Imaging"]),
    room("KafkaBus", sees: ["CRdKafka", "Events", "Pipeline"]),
    room("PostgresStore", sees: ["CLibPQ", "Events", "Pipeline"]),
    room("FrameStore", sees: ["Events", "FITS", "Hashing", "Pipeline"]),
    room("Plots", sees: ["CCairo"]),
]

let science: [Target] = [
    room("Imaging"),
    room("Sky", sees: ["CERFA"]),
    room("Instruments", sees: ["Imaging", "Sky"]),
    room("Calibration", sees: ["Imaging"]),
    room("Detection", sees: ["CSEP", "Imaging"]),
    room("Photometry", sees: ["CSEP", "Detection", "Imaging"]),
    room("DetectionCatalogue", sees: ["Astrometry", "FITS", "Imaging", "Photometry", "Sky"]),
    room("Astrometry", sees: ["CWCSLIB", "Imaging", "Sky"]),
    room("LightCurves", sees: ["Sky"]),
    room("AlertRules"),
    room("ForeignPhotometry"),
    room("Simulation", sees: ["Imaging", "Sky"]),
]

let contract: [Target] = [
    room("Events", sees: ["Hashing"]),
    room("Pipeline", sees: ["Events", "Hashing"]),
    room("TestKit", sees: ["Events", "Imaging", "KafkaBus", "Pipeline", "Simulation"]),
]

let services: [Target] = [
    service(
        "ingest",
        sees: ["Events", "FITS", "FrameStore", "Hashing", "Imaging", "Instruments", "KafkaBus", "Pipeline", "Sky"]),
    service(
        "calibrator",
        sees: ["Calibration", "Events", "FITS", "FrameStore", "Hashing", "Imaging", "KafkaBus", "Pipeline"]),
    service(
        "photometer",
        sees: [
            "Astrometry", "Detection", "DetectionCatalogue", "Events", "FITS", "FrameStore", "Hashing", "Imaging",
            "KafkaBus", "Photometry", "Pipeline",
        ]),
    service(
        "harvester",
        sees: ["Events", "ForeignPhotometry", "Hashing", "KafkaBus", "Pipeline", "PostgresStore", "Sky"]),
    service("alerter", sees: ["AlertRules", "Events", "Hashing", "Imaging", "KafkaBus", "Pipeline", "PostgresStore"]),
    service(
        "archiver",
        sees: [
            "Astrometry", "Events", "FITS", "FrameStore", "Hashing", "Imaging", "Instruments", "KafkaBus", "LightCurves",
            "Pipeline", "PostgresStore", "Sky",
        ]),
    service(
        "nightjar",
        sees: [
            "AlertRules", "Astrometry", "Calibration", "Detection", "DetectionCatalogue", "Events", "FITS", "FrameStore",
            "Hashing", "Imaging", "Instruments", "KafkaBus", "LightCurves", "Photometry", "Pipeline", "Plots",
            "PostgresStore", "Simulation", "Sky",
        ]),
]

let testTargets: [Target] = [
    tests("HashingTests", sees: ["Hashing"]),
    tests("FITSTests", sees: ["FITS", "Imaging"]),
    tests("KafkaBusTests", sees: ["Events", "KafkaBus", "Pipeline", "TestKit"]),
    tests("PostgresStoreTests", sees: ["Events", "Pipeline", "PostgresStore"]),
    tests("FrameStoreTests", sees: ["Events", "FrameStore", "Hashing", "Pipeline"]),
    tests("PlotsTests", sees: ["Plots"]),
    tests("ImagingTests", sees: ["Imaging"]),
    tests("SkyTests", sees: ["Sky"]),
    tests("InstrumentsTests", sees: ["Imaging", "Instruments", "Sky"]),
    tests("CalibrationTests", sees: ["Calibration", "Imaging", "Simulation"]),
    tests("DetectionTests", sees: ["Detection", "Imaging", "Simulation"]),
    tests("PhotometryTests", sees: ["Detection", "Imaging", "Photometry", "Simulation"]),
    tests("AstrometryTests", sees: ["Astrometry", "Imaging", "Sky"]),
    tests("LightCurvesTests", sees: ["LightCurves", "Sky"]),
    tests("AlertRulesTests", sees: ["AlertRules"]),
    tests("ForeignPhotometryTests", sees: ["ForeignPhotometry"]),
    tests("SimulationTests", sees: ["Imaging", "Simulation", "Sky"]),
    tests("EventsTests", sees: ["Events", "TestKit"]),
    tests("PipelineTests", sees: ["Events", "Hashing", "Pipeline", "TestKit"]),
    tests("NightjarTests", sees: ["nightjar", "Pipeline", "PostgresStore"]),
    tests("Hosts", sees: []),
    tests("Night", sees: ["Events", "FITS", "Imaging", "Simulation", "TestKit"]),
]

let package = Package(
    name: "nightjar",
    products: services.map { .executable(name: $0.name, targets: [$0.name]) },
    targets: cLibraries + adapters + science + contract + services + testTargets
)
