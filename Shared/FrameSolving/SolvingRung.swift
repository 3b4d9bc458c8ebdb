internal import PlateSolving
internal import Sky

/// The steps of the ladder, in the order in which they are tried.
public enum SolvingRung: String, Sendable, Hashable, Codable, CaseIterable {
    /// The header's own world coordinate system, verified or repaired by the stars.
    case header
    /// The last good solution of the instrument, moved to the new pointing.
    case previous
    /// Quads from the catalogue around the pointing.
    case hint
    /// The same in a wider radius, with fainter stars and other scales.
    case wide
    /// Anywhere on the sky.
    case blind
    /// By an engine of another make, with an index of its own.
    case engine
}

/// How one rung ended.
public struct RungAttempt: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable, Codable {
        case solved, failed
        /// What it starts from is not there.
        case notTried
    }

    public let rung: SolvingRung
    public let outcome: Outcome
    /// In words: what was searched and what came of it.
    public let reason: String
    /// What would help, where it failed.
    public let advice: SolvingAdvice?
    /// Stars that were compared.
    public let imageStars: Int
    public let catalogueStars: Int
    /// Arrangements of stars that looked alike.
    public let hypotheses: Int
    /// ln odds against chance of the best; `nil` where there was none.
    public let logOdds: Double?
    /// By the ladder's stopwatch [s].
    public let seconds: Double
}

/// What would help a frame that is not solved.
public enum SolvingAdvice: String, Sendable, Hashable, Codable, CaseIterable {
    case givePointing, giveScale, otherScale, moreStars, deeperCatalogue, repairCatalogue, checkDate, searchBlind

    /// In words.
    public var text: String {
        switch self {
        case .givePointing: "say where the telescope pointed"
        case .giveScale: "say the pixel scale"
        case .otherScale: "allow the scale at which the stars fit"
        case .moreStars: "expose longer, or detect fainter stars"
        case .deeperCatalogue: "take a catalogue with fainter stars"
        case .repairCatalogue: "build the catalogue again"
        case .checkDate: "correct the date of the exposure"
        case .searchBlind: "search the whole sky"
        }
    }
}

/// Why one rung has no solution.
enum RungFailure: Error {
    /// What it starts from is not there.
    case absent(String, SolvingAdvice?)
    /// The catalogue has failed, which says nothing of the frame.
    case catalogue(any Error)
    /// Another engine has failed, which says nothing of the frame either.
    case engine(any Error)
    /// What the frame asks of the catalogue has no answer.
    case impossible(SkyError)
    case unusable(String)
    case notSolved(NotSolved)
    case fit(String)

    var reason: String {
        switch self {
        case .absent(let text, _), .unusable(let text): text
        case .catalogue(let error): "the catalogue gives no stars there: \(error)"
        case .engine(let error): "\(error)"
        case .impossible(let error): "there are no stars for such an exposure: \(error)"
        case .notSolved(let reason): reason.description
        case .fit(let text): "the stars match, but no world coordinate system fits them: \(text)"
        }
    }

    var advice: SolvingAdvice? {
        switch self {
        case .absent(_, let advice): advice
        case .catalogue: .repairCatalogue
        case .engine: nil
        case .impossible(.outOfRange(let quantity, _, _)) where quantity.hasPrefix("epoch"): .checkDate
        case .impossible: nil
        case .unusable: nil
        case .notSolved(.tooFewImageStars), .fit: .moreStars
        case .notSolved(.tooFewCatalogueStars): .deeperCatalogue
        case .notSolved(.outsideHint): .otherScale
        case .notSolved(.unusableHint): .giveScale
        case .notSolved(.noMatch): nil
        }
    }

    var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }

    /// Asks the catalogue; what it throws is told apart by its type.
    static func asking<Result>(_ question: () throws -> Result) throws(RungFailure) -> Result {
        do {
            return try question()
        } catch let error as SkyError {
            throw .impossible(error)
        } catch {
            throw .catalogue(error)
        }
    }
}
