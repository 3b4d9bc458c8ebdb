internal import Foundation
internal import Instruments
internal import PhotometricCalibration
internal import PostgresStore
internal import Sky

/// Which target each comparison sequence is for, and what keeps sequences and targets from being in force together.
struct SequenceClaims {
    /// Nearer than this a star is the target itself [arcsec].
    static let sameStarArcsec = 3.0

    typealias Named = (name: String, document: ComparisonSequence)

    let targets: [TargetDocument]
    let sequences: [Named]
    /// Whether a sequence of a target that is not among these is a mistake.
    let knowsAllTargets: Bool

    init(targets: [TargetDocument], sequences: [Named], knowsAllTargets: Bool) {
        self.targets = targets
        self.sequences = sequences
        self.knowsAllTargets = knowsAllTargets
    }

    /// Those in force when `documents` will be.
    init(_ record: Record, changedBy documents: [SubmittedDocument]) throws {
        let stored = try DocumentTable(.target, record).all() + DocumentTable(.sequence, record).all()
        let key = { (document: SubmittedDocument) in "\(document.kind.rawValue) \(document.id)" }
        let changed = Set(documents.map(key))
        let all = stored.filter { !changed.contains(key($0)) } + documents
        let targets = all.compactMap { document -> TargetDocument? in
            guard case .target(let target) = document.content else { return nil }
            return target
        }
        let sequences = all.compactMap { document -> Named? in
            guard case .sequence(let sequence) = document.content else { return nil }
            return (document.name, sequence)
        }
        self.init(targets: targets, sequences: sequences, knowsAllTargets: false)
    }

    /// A sentence each, with the name of the sequence's document.
    var problems: [String] {
        var found: [String] = []
        var names: [String: String] = [:]
        var claimed: [String: String] = [:]
        for (name, sequence) in sequences {
            if let other = names.updateValue(name, forKey: sequence.id) {
                found.append("\(name): id: '\(sequence.id)' is in \(other) too")
            }
            let own = targets.filter { $0.isCalled(sequence.target) }
            guard let target = own.first, own.count == 1 else {
                if own.count > 1 {
                    let list = own.map(\.id).joined(separator: ", ")
                    found.append("\(name): target: '\(sequence.target.printable)' is a name of \(list): give an id")
                } else if knowsAllTargets, let remark = Self.remark(on: sequence, among: targets.map(\.id)) {
                    found.append("\(name): \(remark)")
                }
                continue
            }
            if let other = claimed.updateValue(name, forKey: target.id) {
                found.append("\(name): target: \(target.id) has the sequence of \(other) already; one is allowed")
            }
            found += Self.objections(to: sequence, of: target).map { "\(name): \($0)" }
        }
        return found
    }

    private static func objections(to sequence: ComparisonSequence, of target: TargetDocument) -> [String] {
        guard target.comparisonStars.isEmpty else {
            let stars = target.comparisonStars.map(\.id).joined(separator: ", ").printable
            return [
                "target: \(target.id) has comparison stars of its own (\(stars)), and only one can come first: take "
                    + "comparisonStars out of the target's document, or do without the sequence"
            ]
        }
        do {
            guard let place = try target.position() else {
                return ["target: \(target.id) has no ra and dec, and a sequence is placed by the sky"]
            }
            return try sequence.stars.filter { star in
                let own = try SkyPosition(raDegrees: star.raDegrees, decDegrees: star.decDegrees)
                return own.separationDegrees(from: place) * 3600 < sameStarArcsec
            }.map { "stars: \($0.id.printable) is the target \(target.id) itself" }
        } catch {
            return ["\(error)"]
        }
    }

    /// What is to be said of a sequence whose target is not there; nil when it is.
    static func remark(on sequence: ComparisonSequence, among targets: [SubmittedDocument]) -> String? {
        let isThere = targets.contains { document in
            guard case .target(let target) = document.content else { return false }
            return target.isCalled(sequence.target)
        }
        return isThere ? nil : remark(on: sequence, among: targets.map(\.id))
    }

    private static func remark(on sequence: ComparisonSequence, among targets: [String]) -> String? {
        let near = Arguments.suggestion(for: sequence.target, among: targets, prefix: "")
        return "target: there is no target '\(sequence.target.printable)'\(near)"
    }

    /// For `nightjar doctor`: said only where there is something to say.
    static func checks(in record: Record) throws -> [Check] {
        let ready = try record.database.execute("select to_regclass('archive.sequence') is not null as ready")
        guard try ready[0].bool("ready") else { return [] }
        let claims = try SequenceClaims(record, changedBy: [])
        let problems = claims.problems
        guard problems.isEmpty else {
            return [
                .wrong("sequences", problems.joined(separator: "\n"), fix: "nightjar sequence remove ID, or target add")
            ]
        }
        let waiting = claims.sequences.filter { sequence in
            !claims.targets.contains { $0.isCalled(sequence.document.target) }
        }
        guard !waiting.isEmpty else { return [] }
        let text = waiting.map { "\($0.document.id) is for '\($0.document.target)', and there is no such target" }
        return [.warning("sequences", text.joined(separator: "\n"), fix: "nightjar target add FILE")]
    }
}
