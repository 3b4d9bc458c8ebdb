internal import Astrometry
internal import FITS
internal import Foundation
internal import Imaging
internal import Resampling

/// The header of a frame on another grid: its own cards, with the world coordinates of the reference.
struct AlignedHeader {
    private let own: [HeaderCard]
    private let world: [HeaderCard]
    private let reference: String

    init(of header: Header, on reference: Header, reference name: String) {
        let replaced: Set<String> = [
            "NJRECIPE", "NJFLAGS", "NJALIGN", "NJALIGNB", "NJVARRAT", "NJCORREL", "NJALRMS", "NJALSTAR", "NJALMODL",
            "NJALCERR",
        ]
        own = header.cards.filter {
            !replaced.contains($0.keyword.uppercased()) && !Self.isWorldCoordinate($0.keyword)
        }
        world = reference.cards.filter { Self.isWorldCoordinate($0.keyword) }
        self.reference = printable(name)
    }

    func cards(
        _ placement: FrameAligner.Placement, _ result: ResampledFrame, flags: [String], recipe: String
    ) -> Header {
        var header = Header(own + world)
        header.append("NJRECIPE", .string(recipe), comment: "recipe of this alignment")
        header.append("NJFLAGS", .string(flags.joined(separator: " ")), comment: "calibration flags")
        header.append("NJALIGN", .string(reference), comment: "frame whose grid this is")
        header.append("NJALIGNB", .string(placement.by), comment: "what related the two frames")
        if let match = placement.match {
            header.append("NJALRMS", .real(match.rmsPixels), comment: "[pix] rms distance of the stars of both frames")
            header.append("NJALSTAR", .integer(match.count), comment: "stars of both frames")
        }
        if let model = placement.model { header.append("NJALMODL", .string(model.rawValue), comment: "star map") }
        if let error = placement.cornerErrorPixels {
            header.append("NJALCERR", .real(error), comment: "[pix] error of the star map in the worst corner")
        }
        if result.noise.varianceRatio.isFinite, result.noise.correlationFactor.isFinite {
            header.append("NJVARRAT", .real(result.noise.varianceRatio), comment: "variance after / before resampling")
            header.append(
                "NJCORREL", .real(result.noise.correlationFactor), comment: "noise of a wide sum / from VARIANCE")
        }
        return header
    }

    /// Whether a keyword belongs to the world coordinates of the primary description or their distortions.
    static func isWorldCoordinate(_ keyword: String) -> Bool {
        let name = keyword.uppercased()
        let words: Set<String> = [
            "WCSAXES", "WCSNAME", "RADESYS", "RADECSYS", "EQUINOX", "LONPOLE", "LATPOLE", "A_ORDER", "B_ORDER",
            "AP_ORDER", "BP_ORDER", "A_DMAX", "B_DMAX",
        ]
        if words.contains(name) { return true }
        let patterns = [
            "CTYPE#", "CRVAL#", "CRPIX#", "CDELT#", "CUNIT#", "CROTA#", "CD#_#", "PC#_#", "PV#_#", "PS#_#", "A_#_#",
            "B_#_#", "AP_#_#", "BP_#_#", "WAT#_#", "CPDIS#", "CQDIS#", "DP#", "DQ#",
        ]
        var shape = ""
        for character in name {
            if !character.isNumber {
                shape.append(character)
            } else if shape.last != "#" {
                shape.append("#")
            }
        }
        return patterns.contains(shape)
    }
}

/// What a FITS card can hold.
func printable(_ text: String) -> String {
    String(text.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" })
}
