internal import Foundation

/// One run of a program with a limit of time, and the end of all that it started.
struct EngineProcess {
    let program: String
    let arguments: [String]
    /// Where it stands, and where it writes what it says.
    let folder: String
    let wallSeconds: Double

    struct End {
        let isGood: Bool
        let words: String
    }

    /// - Throws: `EngineError` where it cannot be started.
    func finish() throws -> End {
        let said = folder + "/said.txt"
        guard FileManager.default.createFile(atPath: said, contents: nil), let log = FileHandle(forWritingAtPath: said)
        else { throw EngineError("\(said) cannot be written") }
        defer { log.closeFile() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = log
        process.standardError = log
        do { try process.run() } catch {
            throw EngineError("\(program) cannot be started: \(error.localizedDescription)")
        }
        let deadline = Date().addingTimeInterval(wallSeconds)
        var pause = 0.002
        while process.isRunning && Date() < deadline {
            Thread.sleep(forTimeInterval: pause)
            pause = min(0.05, 1.5 * pause)
        }
        let wasEnded = process.isRunning
        // Its own children are of its process group.
        kill(-process.processIdentifier, SIGKILL)
        if wasEnded { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return end(process, wasEnded: wasEnded, said)
    }

    private func end(_ process: Process, wasEnded: Bool, _ said: String) -> End {
        if wasEnded { return End(isGood: false, words: "was ended after \(Int(wallSeconds)) s") }
        let status = process.terminationStatus
        guard process.terminationReason == .exit else { return End(isGood: false, words: "died of signal \(status)") }
        return End(isGood: status == 0, words: "ended with status \(status): \(lastWords(said))")
    }

    private static let mostWords = 300

    private func lastWords(_ said: String) -> String {
        guard let file = FileHandle(forReadingAtPath: said) else { return "it said nothing that can be read" }
        defer { file.closeFile() }
        let size = file.seekToEndOfFile()
        file.seek(toFileOffset: size > 4096 ? size - 4096 : 0)
        let text = String(decoding: file.readData(ofLength: 4096), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " / ")
        let printable = lines.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
        return printable.isEmpty
            ? "it said nothing" : String(String.UnicodeScalarView(printable).suffix(Self.mostWords))
    }
}
