internal import Foundation

/// Takes in the documents of a `--setup` folder: by the same rule as `nightjar instrument add` and the others.
struct SetupIntake {
    let data: DataFolder
    let report: (String) -> Void

    /// Files; needs no running system.
    func installInstruments(_ setup: SetupFolder) throws {
        let documents = try setup.instruments.map { try SubmittedDocument(.instrument, path: $0.file.path) }
        for outcome in try DocumentIntake(shelf: InstrumentFolder(data), raise: false).add(documents) {
            report("instrument \(outcome.line)")
        }
        for file in setup.photometry {
            let place = try HandIn.copy(file, into: data.harvest)
            if let place { report("photometry \(file.lastPathComponent): handed to the harvester as \(place.path)") }
        }
    }

    /// Rows of the record.
    func installDocuments(_ setup: SetupFolder, in record: Record) throws {
        let kinds = [
            (DocumentKind.target, setup.targetFiles), (.sequence, setup.sequenceFiles), (.rule, setup.ruleFiles),
        ]
        for (kind, files) in kinds {
            let documents = try files.map { try SubmittedDocument(kind, path: $0.path) }
            for outcome in try DocumentIntake(shelf: DocumentTable(kind, record), raise: false).add(documents) {
                report("\(kind.rawValue) \(outcome.line)")
            }
        }
    }
}
