public import Imaging

/// Why a file that says it is a finished master fringe is none that can be used; for people.
public struct UnusableFringe: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
}

/// A finished master fringe that somebody hands in, judged before anything relies on it.
///
/// Its cards are those of `MasterFacts.cards(names:)`, as `nightjar master --kind fringe` writes them. Nothing of them
/// is taken on trust: what is missing, of another kind or beyond what a camera can be is named.
public enum FinishedFringe {
    /// Whether a header says that this is one, in whatever spelling: "master fringe", "Master_Fringe".
    public static func isClaimed(by header: Header) -> Bool {
        header.text("IMAGETYP")?.lowercased().filter(\.isLetter) == "masterfringe"
    }

    /// - Parameters:
    ///   - width, height: of its planes [px].
    ///   - instrument: the id of the document that it is handed in for.
    /// - Throws: `UnusableFringe` with the first card that is missing or wrong.
    public static func facts(
        _ header: Header, width: Int, height: Int, instrument: String
    ) throws(UnusableFringe) -> MasterFacts {
        let owner = try text("INSTRUME", header)
        guard owner == instrument else {
            throw UnusableFringe(
                reason: "INSTRUME '\(owner)' is not \(instrument): a master fringe is made with the document of its "
                    + "instrument (nightjar master --instrument)")
        }
        let readout = header.text("READOUT") ?? ""
        guard readout.isEmpty || BayerChannel(rawValue: readout) != nil else {
            throw UnusableFringe(reason: "READOUT '\(readout.prefix(40))' is no channel (TR, TG, TB)")
        }
        let x = try number("XBINNING", header, in: 1...64, isWhole: true)
        let y = try number("YBINNING", header, in: 1...64, isWhole: true)
        let mode = DetectorMode(
            instrument: instrument, width: width, height: height, binningX: Int(x), binningY: Int(y), readout: readout)
        let flags = Set((header.text("CALFLAGS") ?? "").split(separator: " ").map(String.init))
        return MasterFacts(
            id: try text("MASTERID", header), kind: .fringe, mode: mode, filter: header.text("FILTER"),
            exposureSeconds: try number("EXPTIME", header, in: 0...2_592_000),
            temperatureCelsius: try header.text("CCD-TEMP") == nil
                ? nil : number("CCD-TEMP", header, in: -260...80),
            midpointMJD: try number("MJD-AVG", header, in: 15_000...150_000), night: "",
            count: Int(try number("NCOMBINE", header, in: 3...1_000_000, isWhole: true)), inputIDs: [],
            frameNoise: try number("FRMNOISE", header, in: 0...1e6),
            flags: CalibrationFlags(CalibrationFlags.registry.filter { flags.contains($0.name) }.map(\.flag)))
    }

    /// - Returns: the fringe with the places its strength is measured at.
    /// - Throws: `UnusableFringe` for pixels that no lights make: a fringe is a small share of the sky, with an error,
    ///   and
    ///   differs from place to place by more than that.
    public static func checked(_ master: Master<Relative>) throws(UnusableFringe) -> FringeMaster {
        var (known, large, unlike): (Int, Int, Int) = (0, 0, 0)
        let first = master.image.pixels.first { $0.isFinite }
        for (value, error) in zip(master.image.pixels, master.error.pixels) where value.isFinite {
            guard !(error < 0), !error.isNaN, abs(value) <= 1e6, !error.isFinite || error <= 1e6 else {
                throw UnusableFringe(reason: "a pixel of \(value) with an error of \(error) is no share of the sky")
            }
            known += 1
            if abs(value) > 1 { large += 1 }
            if value != first { unlike += 1 }
        }
        guard let first, 2 * known >= master.image.pixels.count else {
            throw UnusableFringe(reason: "\(known) of \(master.image.pixels.count) pixels are numbers: half are needed")
        }
        guard unlike > 0 else { throw UnusableFringe(reason: "every pixel is \(first)") }
        guard 100 * large <= known else {
            throw UnusableFringe(reason: "\(large) of \(known) pixels are beyond +-1: it is not relative to the sky")
        }
        let fringe = FringeMaster(master)
        guard fringe.pairCount >= FringeMaster.fewestPairs else {
            throw UnusableFringe(
                reason: "\(fringe.pairCount) places where it stands out of its own error; its strength in a light is "
                    + "measured at \(FringeMaster.fewestPairs) or more")
        }
        return fringe
    }

    private static func text(_ keyword: String, _ header: Header) throws(UnusableFringe) -> String {
        guard let text = header.text(keyword) else { throw UnusableFringe(reason: "it has no \(keyword)") }
        return String(text.prefix(100))
    }

    private static func number(
        _ keyword: String, _ header: Header, in range: ClosedRange<Double>, isWhole: Bool = false
    ) throws(UnusableFringe) -> Double {
        let text = try text(keyword, header)
        guard let number = header.number(keyword), range.contains(number), !isWhole || number == number.rounded() else {
            throw UnusableFringe(
                reason: "\(keyword) '\(text.prefix(40))' is no \(isWhole ? "whole number" : "number") from "
                    + "\(MasterSelection.number(range.lowerBound)) to \(MasterSelection.number(range.upperBound))")
        }
        return number
    }
}
