internal import Foundation

let demoCommand = Command(
    name: "demo", usage: "demo [--seed N] [--no-nova] [--out DIR] [--workers N] [--json]",
    summary: "Shows everything at work on this machine: a simulated night with a nova in it.",
    options: [
        Option("seed", "N", "another night: weather, eruption, noise (default: 1)"),
        Option("no-nova", nil, "a night in which nothing erupts and nothing may be alerted"),
        Option("out", "DIR", "a new folder for the results (default: ./nightjar-demo, numbered when in use)"),
        Option("workers", "N", "photometers to run (default: 2)"),
        Option("json", nil, "print ledger, light curve and alerts as JSON"),
    ]
) { arguments in
    if let word = arguments.positional.first { throw UsageError("demo takes no words, and '\(word)' is one") }
    let run = DemoRun(
        seed: try arguments.integer("seed", in: 0...Int.max) ?? 1, withNova: !arguments.has("no-nova"),
        out: try DemoFolder.choose(arguments.text("out")), workers: try arguments.integer("workers", in: 1...64) ?? 2)
    let result = try run.run()
    let asJSON = arguments.has("json")
    Terminal.say(asJSON ? String(decoding: try prettyJSON(result), as: UTF8.self) : DemoPages(result: result).text)
    Terminal.complain("results are in \(result.out); look at \(result.out)/report.html")
    return result.passed ? 0 : 1
}
