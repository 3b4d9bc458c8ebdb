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

/// Our own loops in C, where a measurement asked for wider vectors than Swift makes: always optimised, and without
/// fused products, so that every machine gives the same bits. Each has a plain Swift twin in its tests.
func kernels(_ name: String) -> Target {
    .target(
        name: name, path: "Shared/\(name)", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off", "-Wall", "-Werror"])])
}

/// Rooms that loop over pixels or points are optimised in debug builds too: their tests would take minutes otherwise.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

func room(_ name: String, sees: [Target.Dependency] = [], loops: Bool = false) -> Target {
    .target(
        name: name, dependencies: sees, path: "Shared/\(name)", swiftSettings: loops ? strict + optimised : strict)
}
func service(_ name: String, sees: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: sees, path: "Services/\(name)", swiftSettings: strict)
}
func tests(_ name: String, sees: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: sees, path: "Tests/\(name)", exclude: exclude, swiftSettings: strict)
}
func bench(_ name: String, sees: [Target.Dependency], exclude: [String] = []) -> Target {
    .executableTarget(
        name: name, dependencies: sees, path: "Benchmarks/\(name)", exclude: exclude, swiftSettings: strict + optimised)
}

let cLibraries: [Target] = [
    library("CRdKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
    library("CFITSIO", pkgConfig: "cfitsio", apt: "libcfitsio-dev"),
    library("CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
    library("CZLib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    library("CWCSLIB", pkgConfig: "wcslib", apt: "wcslib-dev"),
    library("CERFA", pkgConfig: "erfa", apt: "liberfa-dev"),
    library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
    library("CCairo", pkgConfig: "cairo", apt: "libcairo2-dev"),
    kernels("CKernels"),
]

let adapters: [Target] = [
    room("Hashing", sees: ["CCrypto"]),
    room("FITS", sees: ["CFITSIO", "CZLib", "Imaging"], loops: true),
    room("KafkaBus", sees: ["CRdKafka", "Events", "Pipeline"]),
    room("PostgresStore", sees: ["CLibPQ", "Events", "Pipeline"]),
    room("FrameStore", sees: ["Events", "FITS", "Hashing", "Pipeline"]),
    room("DetectionCatalogue", sees: ["Astrometry", "FITS", "Imaging", "PSF", "Photometry", "Sky"]),
    room("CatalogueTables", sees: ["FITS", "ReferenceCatalogue"], loops: true),
    room("CatalogueTiles", sees: ["Hashing", "PlateSolving", "ReferenceCatalogue", "Sky"], loops: true),
    room("StoredCatalogues", sees: ["CatalogueTiles", "FrameStore", "Pipeline", "ReferenceCatalogue"]),
    room("AstrometryNet", sees: ["FITS", "FrameSolving", "Hashing", "PlateSolving", "Sky"]),
    room("Plots", sees: ["CCairo", "Documents"]),
    room("DropFolder"),
]

let science: [Target] = [
    room("Imaging", sees: ["CKernels"], loops: true),
    room("PortableNumbers", loops: true),
    room("LinearAlgebra", sees: ["PortableNumbers"], loops: true),
    room("Statistics", loops: true),
    room("Sky", sees: ["CERFA"]),
    room("Documents"),
    room("Instruments", sees: ["Documents", "Imaging", "Sky"]),
    room("Calibration", sees: ["CKernels", "Imaging", "LinearAlgebra", "Statistics"], loops: true),
    room("Detection", sees: ["CKernels", "Imaging", "LinearAlgebra", "Statistics"], loops: true),
    room("Photometry", sees: ["CKernels", "Detection", "Imaging", "LinearAlgebra", "Statistics"], loops: true),
    room(
        "PSF", sees: ["CKernels", "Detection", "Imaging", "LinearAlgebra", "PortableNumbers", "Statistics"],
        loops: true),
    room(
        "Completeness", sees: ["Detection", "Imaging", "LinearAlgebra", "PSF", "PortableNumbers", "Statistics"],
        loops: true),
    room("ReferenceCatalogue", sees: ["Documents", "Sky"], loops: true),
    room(
        "Astrometry", sees: ["CWCSLIB", "Imaging", "LinearAlgebra", "PortableNumbers", "Sky", "Statistics"],
        loops: true),
    room("PlateSolving", sees: ["ReferenceCatalogue", "Sky"], loops: true),
    room(
        "FrameSolving",
        sees: ["Astrometry", "Detection", "Imaging", "PlateSolving", "ReferenceCatalogue", "Sky", "Statistics"],
        loops: true),
    room("StarFields", sees: ["PlateSolving", "PortableNumbers", "ReferenceCatalogue", "Sky"], loops: true),
    room("Resampling", sees: ["Astrometry", "CKernels", "Imaging"], loops: true),
    room("CosmicRays", sees: ["CKernels", "Detection", "Imaging", "Statistics"], loops: true),
    room("LightCurves", sees: ["LinearAlgebra", "Sky", "Statistics"], loops: true),
    room(
        "PhotometricCalibration",
        sees: ["Documents", "LinearAlgebra", "PortableNumbers", "ReferenceCatalogue", "Statistics"], loops: true),
    room("Variability", sees: ["LinearAlgebra", "PortableNumbers", "Statistics"], loops: true),
    room("Association", sees: ["Sky"], loops: true),
    room("AlertRules", loops: true),
    room("ForeignPhotometry", loops: true),
    room("Simulation", sees: ["Imaging", "PortableNumbers", "Sky"], loops: true),
]
let contract: [Target] = [
    room("Events", sees: ["Hashing"]),
    room("Pipeline", sees: ["Events", "Hashing"]),
    room(
        "TestKit",
        sees: ["Events", "Imaging", "KafkaBus", "Pipeline", "PortableNumbers", "PostgresStore", "Simulation"],
        loops: true),
]
let services: [Target] = [
    service(
        "ingest",
        sees: [
            "Calibration", "Documents", "DropFolder", "Events", "FITS", "FrameStore", "Hashing", "Imaging",
            "Instruments", "KafkaBus", "Pipeline", "Sky",
        ]),
    service(
        "calibrator",
        sees: [
            "Calibration", "CosmicRays", "Events", "FITS", "FrameStore", "Hashing", "Imaging", "KafkaBus", "Pipeline",
        ]),
    service(
        "photometer",
        sees: [
            "Astrometry", "AstrometryNet", "CatalogueTiles", "Completeness", "Detection", "DetectionCatalogue",
            "Events", "FITS", "FrameSolving", "FrameStore", "Hashing", "Imaging", "KafkaBus", "PSF", "Photometry",
            "Pipeline", "PlateSolving", "Sky", "StoredCatalogues",
        ]),
    service(
        "harvester",
        sees: [
            "CatalogueTables", "DropFolder", "Events", "ForeignPhotometry", "Hashing", "KafkaBus", "Pipeline",
            "PostgresStore", "ReferenceCatalogue", "Sky",
        ]),
    service("alerter", sees: ["AlertRules", "Events", "Hashing", "Imaging", "KafkaBus", "Pipeline", "PostgresStore"]),
    service(
        "archiver",
        sees: [
            "Association", "Astrometry", "CatalogueTiles", "Events", "FITS", "FrameStore", "Hashing", "Imaging",
            "Instruments", "KafkaBus", "LightCurves", "PhotometricCalibration", "Pipeline", "PostgresStore",
            "ReferenceCatalogue", "Sky", "Statistics", "StoredCatalogues", "Variability",
        ]),
    service(
        "nightjar",
        sees: [
            "AlertRules", "Association", "Astrometry", "AstrometryNet", "Calibration", "CatalogueTables",
            "CatalogueTiles", "Completeness", "CosmicRays", "Detection", "DetectionCatalogue", "Documents", "Events",
            "FITS", "ForeignPhotometry", "FrameSolving", "FrameStore", "Hashing", "Imaging", "Instruments",
            "KafkaBus", "LightCurves", "PSF", "PhotometricCalibration", "Photometry", "Pipeline", "PlateSolving",
            "Plots", "PortableNumbers", "PostgresStore", "ReferenceCatalogue", "Resampling", "Simulation", "Sky",
            "Statistics", "Variability",
        ]),
]

let benchmarks: [Target] = [
    bench(
        "solvingfields",
        sees: ["CatalogueTiles", "PlateSolving", "PortableNumbers", "ReferenceCatalogue", "Sky", "StarFields"]),
    bench("zeropoints", sees: ["PhotometricCalibration", "PortableNumbers"]),
    // The archiver's own sources, by links: what is timed is what runs.
    bench(
        "objects",
        sees: [
            "Association", "Astrometry", "Events", "FITS", "FrameStore", "Imaging", "PhotometricCalibration",
            "Pipeline", "PortableNumbers", "PostgresStore", "ReferenceCatalogue", "Sky", "Variability",
        ], exclude: ["archiver/Objects/CalibratedObjects.swift"]),
]

let testTargets: [Target] = [
    tests("HashingTests", sees: ["Hashing"]),
    tests("FITSTests", sees: ["FITS", "Imaging", "PortableNumbers"]),
    tests("KafkaBusTests", sees: ["Events", "KafkaBus", "Pipeline", "TestKit"]),
    tests("PostgresStoreTests", sees: ["Events", "Pipeline", "PostgresStore", "TestKit"]),
    tests("FrameStoreTests", sees: ["Events", "FITS", "FrameStore", "Hashing", "Pipeline", "TestKit"]),
    tests("PlotsTests", sees: ["Plots"]),
    tests("ImagingTests", sees: ["Imaging"]),
    tests("PortableNumbersTests", sees: ["PortableNumbers"]),
    tests("LinearAlgebraTests", sees: ["LinearAlgebra", "PortableNumbers"]),
    tests("StatisticsTests", sees: ["PortableNumbers", "Statistics"]),
    tests("ReferenceCatalogueTests", sees: ["Documents", "ReferenceCatalogue", "Sky"]),
    tests(
        "CatalogueTablesTests",
        sees: ["CatalogueTables", "Documents", "FITS", "Imaging", "ReferenceCatalogue", "Sky"]),
    tests("CatalogueTilesTests", sees: ["CatalogueTiles", "PlateSolving", "ReferenceCatalogue", "Sky"]),
    tests("SkyTests", sees: ["Sky"]),
    tests("DocumentsTests", sees: ["Documents"]),
    tests("InstrumentsTests", sees: ["Documents", "Imaging", "Instruments", "Sky"]),
    tests("CalibrationTests", sees: ["CKernels", "Calibration", "Imaging", "Simulation"]),
    tests(
        "DetectionTests",
        sees: ["CKernels", "Detection", "Imaging", "PortableNumbers", "Simulation", "Statistics", "TestKit"]),
    tests(
        "PhotometryTests",
        sees: ["CKernels", "Detection", "Imaging", "Photometry", "PortableNumbers", "Simulation", "TestKit"]),
    tests(
        "DetectionCatalogueTests",
        sees: [
            "Detection", "DetectionCatalogue", "FITS", "Imaging", "PSF", "Photometry", "PortableNumbers", "Simulation",
        ]),
    tests("PSFTests", sees: ["CKernels", "Detection", "Imaging", "PSF", "Simulation"]),
    tests("CompletenessTests", sees: ["Completeness", "Detection", "Imaging", "PSF", "PortableNumbers", "Simulation"]),
    tests("AstrometryTests", sees: ["Astrometry", "Imaging", "PortableNumbers", "Sky"]),
    tests("PlateSolvingTests", sees: ["PlateSolving", "PortableNumbers", "ReferenceCatalogue", "Sky", "StarFields"]),
    tests(
        "AstrometryNetTests",
        sees: [
            "AstrometryNet", "FITS", "FrameSolving", "PlateSolving", "PortableNumbers", "ReferenceCatalogue", "Sky",
        ]),
    tests(
        "FrameSolvingTests",
        sees: [
            "Astrometry", "Calibration", "CatalogueTiles", "Detection", "FrameSolving", "Imaging", "PlateSolving",
            "PortableNumbers", "ReferenceCatalogue", "Simulation", "Sky",
        ]),
    tests("ResamplingTests", sees: ["Astrometry", "CKernels", "Imaging", "PortableNumbers", "Resampling"]),
    tests("CosmicRaysTests", sees: ["CKernels", "CosmicRays", "Imaging", "Simulation"]),
    tests("LightCurvesTests", sees: ["LightCurves", "PortableNumbers", "Sky", "Statistics"]),
    tests(
        "PhotometricCalibrationTests",
        sees: ["Documents", "PhotometricCalibration", "PortableNumbers", "ReferenceCatalogue"]),
    tests("VariabilityTests", sees: ["PortableNumbers", "Variability"]),
    tests("AssociationTests", sees: ["Association", "PortableNumbers", "Sky"]),
    tests("AlertRulesTests", sees: ["AlertRules", "PortableNumbers"]),
    tests("ForeignPhotometryTests", sees: ["ForeignPhotometry"]),
    tests("SimulationTests", sees: ["Imaging", "Simulation", "Sky"]),
    tests("EventsTests", sees: ["Events", "TestKit"]),
    tests("PipelineTests", sees: ["Events", "Hashing", "Pipeline", "TestKit"]),
    tests("DropFolderTests", sees: ["DropFolder"]),
    tests(
        "HarvesterTests",
        sees: [
            "DropFolder", "Events", "FITS", "Pipeline", "PostgresStore", "TestKit", "archiver", "harvester", "nightjar",
        ]),
    tests(
        "NightjarTests",
        sees: [
            "AlertRules", "Astrometry", "Calibration", "CatalogueTiles", "DetectionCatalogue", "Events", "FITS",
            "ForeignPhotometry", "FrameSolving", "FrameStore", "Imaging", "Instruments", "nightjar", "PSF",
            "PhotometricCalibration", "Pipeline", "PlateSolving", "Plots", "PortableNumbers", "PostgresStore",
            "ReferenceCatalogue", "Simulation", "Sky",
        ]),
    tests(
        "RealDataTests",
        sees: [
            "Astrometry", "Calibration", "CatalogueTiles", "Detection", "FITS", "FrameSolving", "Imaging",
            "PlateSolving", "ReferenceCatalogue", "Sky",
        ],
        exclude: ["ccdproc_reference.py"]),
    tests(
        "IngestTests",
        sees: [
            "DropFolder", "Events", "FITS", "FrameStore", "Hashing", "Imaging", "Instruments", "Pipeline", "TestKit",
            "ingest",
        ]),
    tests(
        "CalibratorTests",
        sees: [
            "Calibration", "DropFolder", "Events", "FITS", "FrameStore", "Hashing", "Imaging", "Instruments",
            "Pipeline", "Simulation", "TestKit", "calibrator", "ingest",
        ]),
    tests(
        "PhotometerTests",
        sees: [
            "CatalogueTiles", "DetectionCatalogue", "Events", "FITS", "FrameStore", "Hashing", "Imaging", "PSF",
            "Pipeline", "PortableNumbers", "ReferenceCatalogue", "Sky", "StoredCatalogues", "TestKit", "photometer",
        ]),
    tests(
        "ArchiverTests",
        sees: [
            "Association", "CatalogueTiles", "Events", "FITS", "FrameStore", "Imaging", "Instruments",
            "PhotometricCalibration", "Pipeline", "PortableNumbers", "PostgresStore", "ReferenceCatalogue", "Sky",
            "StoredCatalogues", "TestKit", "Variability", "archiver", "nightjar",
        ]),
    tests(
        "AlerterTests",
        sees: ["AlertRules", "Events", "Imaging", "Pipeline", "PostgresStore", "TestKit", "alerter"]),
    tests(
        "Night",
        sees: [
            "Events", "FITS", "Imaging", "Instruments", "KafkaBus", "LightCurves", "nightjar", "Pipeline",
            "PortableNumbers", "PostgresStore", "Simulation", "Sky",
        ]),
    tests("Hosts", sees: []),
]

let package = Package(
    name: "nightjar",
    products: services.map { .executable(name: $0.name, targets: [$0.name]) },
    targets: cLibraries + adapters + science + contract + services + benchmarks + testTargets
)
