internal import CatalogueTables
internal import CatalogueTiles
internal import Foundation
internal import Imaging
internal import Pipeline

@main
struct Nightjar {
    /// In the order of the help.
    static let commands: [Command] = [
        demoCommand, nightCommand,
        upCommand, submitCommand, closeCommand, ledgerCommand, lightCurveCommand, objectCommand, periodCommand,
        alertsCommand,
        deadLetterCommand,
        targetCommand, instrumentCommand, sequenceCommand, ruleCommand,
        measureCommand, solveCommand, masterCommand, calibrateCommand, alignCommand, simulateCommand, catalogCommand,
        topicsCommand, doctorCommand, brokerCommand,
    ]

    static func main() {
        // Planes of one frame serve the next step, and the next frame.
        reusePlaneStorage()
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            let status = try run(words)
            try Terminal.requireWritten()
            exit(status)
        } catch let error as UsageError {
            Terminal.complain("nightjar: \(error)")
            exit(2)
        } catch let error as SystemError {
            Terminal.complain("nightjar: \(error)")
            exit(error.status)
        } catch let error as CatalogueError {
            // Names of files may hold what steers a terminal.
            Terminal.complain("nightjar: \(error)".printable)
            exit(1)
        } catch let error as TableError {
            Terminal.complain("nightjar: \(error)".printable)
            exit(1)
        } catch {
            Terminal.complain("nightjar: \(error)")
            exit(1)
        }
    }

    static func run(_ words: [String]) throws -> Int32 {
        guard let name = words.first, !["help", "--help", "-h"].contains(name) else {
            Terminal.say(words.count > 1 ? try command(words[1]).help : overview)
            return 0
        }
        if name == "--version" {
            Terminal.say("nightjar \(Release.version)")
            return 0
        }
        let command = try command(name)
        if words.contains("--help") || words.contains("-h") {
            Terminal.say(command.help)
            return 0
        }
        return try command.run(Arguments(Array(words.dropFirst()), options: command.options))
    }

    private static func command(_ name: String) throws(UsageError) -> Command {
        if let command = commands.first(where: { $0.name == name }) { return command }
        let near = Arguments.suggestion(for: name, among: commands.map(\.name), prefix: "nightjar ")
        throw UsageError("there is no command '\(name)'\(near)\nnightjar help lists them")
    }

    private static var overview: String {
        let shown = commands.filter { !$0.isInternal }
        let width = shown.map(\.name.count).max() ?? 0
        let lines = shown.map { "  " + $0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.summary }
        return
            (["nightjar: from raw frames to light curves and alerts, while the night is still going on", ""] + lines
            + ["", "nightjar help COMMAND says more."]).joined(separator: "\n")
    }
}
