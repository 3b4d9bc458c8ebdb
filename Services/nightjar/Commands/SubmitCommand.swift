internal import Foundation
internal import Instruments
internal import Pipeline

let submitCommand = Command(
    name: "submit", usage: "submit PATH... [--instrument ID] [--wait]",
    summary: "Hands in copies of frames, or of photometry files, to the system of a data folder.",
    options: [
        Option("instrument", "ID", "whose frames they are (default: the one whose document's 'match' fits)"),
        Option("photometry", nil, "the files are photometry of others, for the harvester"),
        Option("wait", nil, "wait until each frame has a fate; exit status 1 when one was refused or failed"),
        SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.jsonOption,
    ]
) { arguments in
    guard !arguments.positional.isEmpty else {
        throw UsageError("no files given: nightjar submit PATH... --instrument ID")
    }
    let address = try SystemAddress(arguments)
    guard FileManager.default.fileExists(atPath: address.data.root.path) else {
        throw SystemError(
            "there is no folder \(address.data.root.path): \(address.startCommand) makes it, or give --data")
    }
    let run = SubmitRun(address: address, isJSON: arguments.has("json"))
    if arguments.has("photometry") {
        guard !arguments.has("wait"), arguments.text("instrument") == nil else {
            throw UsageError(
                "--photometry goes without --wait and --instrument: the files name their targets themselves")
        }
        return try run.handInPhotometry(arguments.positional)
    }
    return try run.handInFrames(
        arguments.positional, instrument: arguments.text("instrument"), wait: arguments.has("wait"))
}

/// Hands in, and waits.
struct SubmitRun {
    let address: SystemAddress
    let isJSON: Bool
    private var data: DataFolder { address.data }

    // MARK: Photometry

    func handInPhotometry(_ paths: [String]) throws -> Int32 {
        let files = try paths.map { path in
            let file = URL(fileURLWithPath: path)
            try Self.checkRegular(file)
            guard !file.lastPathComponent.hasPrefix(".") else {
                throw UsageError("\(path.printable): hidden files are passed over; give it another name")
            }
            return file
        }
        struct Handed: Encodable {
            let file: String
            let handedInAs: String?
        }
        let handed = try files.map { Handed(file: $0.path, handedInAs: try HandIn.copy($0, into: data.harvest)?.path) }
        if isJSON {
            Terminal.say(String(decoding: try prettyJSON(handed).dropLast(), as: UTF8.self))
        } else {
            for file in handed {
                let text = file.handedInAs.map { "handed in as \($0)" } ?? "is there already"
                Terminal.say("\(file.file.printable): \(text.printable)")
            }
        }
        return 0
    }

    // MARK: Frames

    func handInFrames(_ paths: [String], instrument: String?, wait: Bool) throws -> Int32 {
        let plan = try plan(paths, instrument: instrument)
        // A system that cannot be asked is told of before anything is copied.
        let fates = wait ? try SubmittedFates(record: address.record(), data: data) : nil
        let submitted = try copy(plan, to: fates)
        if let fates {
            try fates.wait(for: submitted)
            return try show(try fates.outcomes(of: submitted), areFinal: true)
        }
        if address.holder() == nil {
            Terminal.complain(
                "no system runs on \(data.root.path); they are taken in when \(address.startCommand) runs")
        }
        return try show(
            submitted.map { SubmittedFates.Outcome($0, fate: "handedIn", text: $0.place.path) }, areFinal: false)
    }

    /// Whose frame each file is, bias first and lights last.
    private func plan(_ paths: [String], instrument: String?) throws -> [FileGuess] {
        let files = try HandIn.files(paths)
        guard !files.isEmpty else {
            throw UsageError(
                "no FITS files (.fits, .fit, .fts, also .gz and .fz) in \(paths.joined(separator: ", ").printable)")
        }
        for file in files { try Self.checkFrame(file) }
        let documents = try InstrumentFolder(data).all().compactMap { entry -> InstrumentDocument? in
            if case .instrument(let document) = entry.content { document } else { nil }
        }
        guard !documents.isEmpty else {
            throw SystemError("no instrument is known in \(data.instruments.path); nightjar instrument add FILE")
        }
        var candidates = documents
        if let instrument {
            candidates = documents.filter { $0.id == instrument }
            guard !candidates.isEmpty else {
                let ids = documents.map(\.id)
                let near = Arguments.suggestion(for: instrument, among: ids, prefix: "")
                throw UsageError(
                    "--instrument \(instrument.printable): known are \(ids.joined(separator: ", "))\(near)")
            }
        }
        let guesses = try files.map { try FileGuess($0, among: candidates) }
        return guesses.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(
            \.element)
    }

    private static func checkFrame(_ file: URL) throws {
        let name = file.lastPathComponent
        guard HandIn.isFITSName(name), !name.hasPrefix(".") else {
            throw UsageError(
                "\(file.path.printable): its name must end in .fits, .fit or .fts (also .gz, .fz) and not be hidden"
            )
        }
        try checkRegular(file)
    }

    private static func checkRegular(_ file: URL) throws {
        var status = stat()
        guard stat(file.path, &status) == 0 else {
            throw UsageError("\(file.path.printable): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw UsageError("\(file.path.printable): not a plain file") }
        guard access(file.path, R_OK) == 0 else {
            throw UsageError("\(file.path.printable): cannot be read: \(String(cString: strerror(errno)))")
        }
    }

    /// One folder per submission, and in it one per kind; a name that is taken opens the next folder.
    private func copy(_ plan: [FileGuess], to fates: SubmittedFates?) throws -> [SubmittedFrame] {
        let handIn = HandIn(data: data, batch: Self.batchName())
        Self.clearOldBatches(Set(plan.map(\.instrument)), in: data)
        var progress = Progress("handed in")
        defer { progress.end() }
        var taken: Set<String> = []
        var submitted: [SubmittedFrame] = []
        for (index, guess) in plan.enumerated() {
            var number = 0
            let name = guess.file.lastPathComponent
            while !taken.insert("\(guess.instrument)/\(guess.order)/\(number)/\(name)").inserted { number += 1 }
            let folder = "\(guess.order + 1)" + (number == 0 ? "" : "~\(number + 1)")
            let frameID = try fates?.frameID(of: guess.file)
            let known = try frameID.flatMap { try fates?.known($0) }
            let place = try handIn.hand(guess.file, to: guess.instrument, folder: folder)
            submitted.append(
                SubmittedFrame(
                    file: guess.file, instrument: guess.instrument, place: place, frameID: frameID,
                    duplicateID: fates == nil ? nil : SubmittedFates.duplicateID(of: place), known: known))
            progress.show(done: index + 1, of: plan.count)
        }
        return submitted
    }

    /// `submit-20261121T101500.123-4711`: in order of time, and never twice.
    private static func batchName() -> String {
        let time = iso8601(Pipeline.Clock.system.now()).filter { $0 != "-" && $0 != ":" && $0 != "Z" }
        return "submit-\(time)-\(getpid())"
    }

    /// Folders of earlier submissions that ingest has emptied; rmdir leaves those that hold something.
    private static func clearOldBatches(_ instruments: Set<String>, in data: DataFolder) {
        for instrument in instruments {
            let inbox = data.inbox.appending(path: instrument).path
            guard let walk = FileManager.default.enumerator(atPath: inbox) else { continue }
            let folders = walk.compactMap { $0 as? String }.filter { $0.hasPrefix("submit-") }
            for folder in folders.sorted(by: >) {
                var status = stat()
                let path = inbox + "/" + folder
                let isOld = stat(path, &status) == 0 && time(nil) - status.st_mtim.tv_sec > 3600
                if isOld { rmdir(path) }
            }
        }
    }

    private func show(_ outcomes: [SubmittedFates.Outcome], areFinal: Bool) throws -> Int32 {
        let failed = outcomes.filter { ["rejected", "deadLettered"].contains($0.fate) }
        if isJSON {
            Terminal.say(String(decoding: try prettyJSON(outcomes).dropLast(), as: UTF8.self))
        } else if areFinal {
            for outcome in outcomes where outcome.fate != "measured" && outcome.fate != "calibration" {
                Terminal.say("\(outcome.file.printable): \(outcome.fate), \(outcome.text.printable)")
            }
            let counts = Dictionary(grouping: outcomes, by: \.fate).mapValues(\.count).sorted { $0.key < $1.key }
            Terminal.say(counts.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        } else {
            let counts = Dictionary(grouping: outcomes, by: \.instrument).mapValues(\.count).sorted { $0.key < $1.key }
            for (instrument, count) in counts { Terminal.say("\(count) files handed in to \(instrument)") }
        }
        return failed.isEmpty ? 0 : 1
    }
}
