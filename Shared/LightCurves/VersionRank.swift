/// Which of several versions of a measurement is current: the highest, not the last to arrive.
///
/// Compared in this order: software, revision of the documents (instrument, target), rank of the masters (better
/// masters rank higher), revision of the ensemble.
public struct VersionRank: Sendable, Hashable, Comparable {
    /// Numbers of the software version, "0.3.1" as [0, 3, 1]; missing ones count as 0.
    public var software: [Int]
    public var documentRevision: Int
    public var masterRank: Int
    public var ensembleRevision: Int

    public init(software: [Int], documentRevision: Int, masterRank: Int, ensembleRevision: Int) {
        // Without trailing zeros, so that 1.2 and 1.2.0 are one version.
        self.software = Array(software.prefix((software.lastIndex { $0 != 0 } ?? -1) + 1))
        self.documentRevision = documentRevision
        self.masterRank = masterRank
        self.ensembleRevision = ensembleRevision
    }

    /// - Parameter software: "0.3.1", with or without "v" before or "-rc1", "+build" behind (which do not count);
    ///   `nil` for anything else.
    public init?(software: String, documentRevision: Int, masterRank: Int, ensembleRevision: Int) {
        let plain = (software.hasPrefix("v") ? software.dropFirst() : software[...]).prefix { !"-+".contains($0) }
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (48...57).contains($0) } ? Int(part) : nil
        }
        guard !parts.isEmpty, numbers.count == parts.count else { return nil }
        self.init(
            software: numbers, documentRevision: documentRevision, masterRank: masterRank,
            ensembleRevision: ensembleRevision)
    }

    public static func < (left: VersionRank, right: VersionRank) -> Bool {
        if left.software != right.software { return left.software.lexicographicallyPrecedes(right.software) }
        return (left.documentRevision, left.masterRank, left.ensembleRevision)
            < (right.documentRevision, right.masterRank, right.ensembleRevision)
    }
}
