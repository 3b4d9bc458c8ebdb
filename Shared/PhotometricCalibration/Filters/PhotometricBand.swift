public import ReferenceCatalogue

/// A band of a photometric system. Its magnitudes are AB or Vega, always named.
public struct PhotometricBand: Sendable, Hashable, Codable {
    public enum System: String, Sendable, Hashable, Codable, CaseIterable {
        case johnsonCousins = "Johnson-Cousins"
        case sdss = "SDSS"
        case panSTARRS = "Pan-STARRS"
        case gaia = "Gaia"
        case twoMASS = "2MASS"
        /// No filter, or one that passes all that the detector sees.
        case clear = "clear"
        /// Red, green and blue of a one-shot-colour camera, or of imaging filters.
        case oneShotColour = "one-shot colour"
    }

    public let system: System
    /// In its system: "V", "r", "BP", "TG".
    public let name: String

    /// AB for SDSS and Pan-STARRS, Vega for all others.
    public var magnitudeSystem: MagnitudeSystem { system == .sdss || system == .panSTARRS ? .ab : .vega }

    /// "Johnson-Cousins V"
    public var id: String { "\(system.rawValue) \(name)" }

    /// The band whose catalogue magnitudes stand for it: Gaia G for no filter; V, R and B for green, red and blue, as
    /// AAVSO has it for TG, TR and TB; itself for all others.
    ///
    /// - Source: AAVSO DSLR Observing Manual (TG, TR, TB: against V, R, B).
    public var calibrationBand: PhotometricBand {
        switch (system, name) {
        case (.clear, _): .init(.gaia, "G")
        case (.oneShotColour, "TR"): .init(.johnsonCousins, "R")
        case (.oneShotColour, "TG"): .init(.johnsonCousins, "V")
        case (.oneShotColour, "TB"): .init(.johnsonCousins, "B")
        default: self
        }
    }

    /// All bands, system by system, from short to long wavelengths.
    public static let all: [PhotometricBand] = System.allCases.flatMap { system in
        names(of: system).map { PhotometricBand(system, $0) }
    }

    /// - Returns: `nil` when the system has no band of the name.
    public init?(system: System, name: String) {
        guard Self.names(of: system).contains(name) else { return nil }
        self.init(system, name)
    }

    init(_ system: System, _ name: String) {
        self.system = system
        self.name = name
    }

    private static func names(of system: System) -> [String] {
        switch system {
        case .johnsonCousins: ["U", "B", "V", "R", "I"]
        case .sdss: ["u", "g", "r", "i", "z"]
        case .panSTARRS: ["g", "r", "i", "z", "y"]
        case .gaia: ["BP", "G", "RP"]
        case .twoMASS: ["J", "H", "K"]
        case .clear: ["clear"]
        case .oneShotColour: ["TB", "TG", "TR"]
        }
    }
}

extension PhotometricBand {
    /// m_AB - m_Vega [mag]; `nil` where no source was at hand.
    ///
    /// - Source: UBVRI, JHK: Blanton & Roweis 2007, AJ 133, 734, table 1. Gaia: the zero points of Riello et al. 2021,
    ///   A&A 649, A3, section 8 (AB 25.8010, 25.3540, 25.1040; Vega 25.6874, 25.3385, 24.7479 for G, BP, RP).
    public var abMinusVega: Double? {
        switch (system, name) {
        case (.johnsonCousins, "U"): 0.79
        case (.johnsonCousins, "B"): -0.09
        case (.johnsonCousins, "V"): 0.02
        case (.johnsonCousins, "R"): 0.21
        case (.johnsonCousins, "I"): 0.45
        case (.twoMASS, "J"): 0.91
        case (.twoMASS, "H"): 1.39
        case (.twoMASS, "K"): 1.85
        case (.gaia, "G"): 0.1136
        case (.gaia, "BP"): 0.0155
        case (.gaia, "RP"): 0.3561
        default: nil
        }
    }

    /// A magnitude of this band in the other system; `nil` where the offset is not known.
    public func magnitude(_ value: Double, from given: MagnitudeSystem, to wanted: MagnitudeSystem) -> Double? {
        if given == wanted { return value }
        return abMinusVega.map { wanted == .ab ? value + $0 : value - $0 }
    }

    /// Flux density of a magnitude of this band in its own system [nJy]: 10^(0.4 (31.4 - m_AB)); `nil` where the offset
    /// to AB is not known.
    ///
    /// - Source: Oke & Gunn 1983, ApJ 266, 713 (m_AB = 8.90 - 2.5 log10(f / Jy)).
    public func nanojansky(_ magnitude: Measured) -> Measured? {
        self.magnitude(magnitude.value, from: magnitudeSystem, to: .ab).map { ab in
            let flux = Magnitude.flux(ab - 31.4)
            return Measured(flux, error: flux * magnitude.error / Magnitude.perNeper)
        }
    }
}
