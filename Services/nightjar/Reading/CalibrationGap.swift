internal import Calibration

/// How many measured lights of an instrument lack something of their calibration: what a reader of their light curves
/// must know.
struct CalibrationGap: Codable, Equatable {
    let instrument: String
    /// Name of a calibration flag: `noFlat`, ...
    let flag: String
    let frames: Int
    /// Measured lights of the instrument.
    let of: Int

    /// "12 of 30 frames of cam had no flat (noFlat)"
    var text: String { "\(frames) of \(of) frames of \(instrument) \(Self.words[flag] ?? "have the flag") (\(flag))" }

    /// Flags that are no gaps, such as `overscanUsed`, are not counted here.
    private static let told: [(flag: CalibrationFlags, words: String)] = [
        (.noBias, "had no bias"), (.noDark, "had no dark"), (.noFlat, "had no flat"),
        (.masterOfOtherNight, "were calibrated by a master of another night"),
        (.gainUnknown, "have no known gain"),
        (.gainDisagrees, "have a gain that differs by more than 20 % from their own noise or photon transfer"),
        (.fringeNotFitted, "have fringes that could not be measured"),
    ]

    private static let words = Dictionary(
        uniqueKeysWithValues: told.flatMap { gap in gap.flag.names.map { ($0, gap.words) } })

    /// By instrument, then in the order of the flags.
    static func gaps(of frames: [Ledger.Frame]) -> [CalibrationGap] {
        let lights = Dictionary(grouping: frames.filter { $0.fate == "measured" }, by: \.instrument)
        return lights.keys.sorted().flatMap { instrument -> [CalibrationGap] in
            let lights = lights[instrument] ?? []
            return told.flatMap(\.flag.names).compactMap { flag in
                let count = lights.count { $0.calibrationFlags?.contains(flag) ?? false }
                return count > 0
                    ? CalibrationGap(instrument: instrument, flag: flag, frames: count, of: lights.count) : nil
            }
        }
    }
}
