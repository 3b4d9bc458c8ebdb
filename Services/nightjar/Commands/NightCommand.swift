internal import Foundation

let nightCommand = Command(
    name: "night", usage: "night FRAMES... --setup DIR --out DIR [--catalog DIR] [--workers N] [--patience TIME]",
    summary: "Runs one night in one go: frames in, light curves, alerts and a report out.",
    options: [
        Option("setup", "DIR", "instruments/, targets/, sequences/, rules/ and photometry/ to use"),
        Option("out", "DIR", "where the results go; made when it is not there"),
        Option("catalog", "DIR", "reference catalogue for zero points (nightjar catalog build makes one)"),
        Option("workers", "N", "photometers to run (default: 2)"),
        Option("shuffle", "SEED", "hand the frames in in a random order"),
        Option("patience", "TIME", "without progress for so long it ends with what there is, status 75 (default: 10m)"),
        Option("json", nil, "print the ledger as JSON"),
    ]
) { arguments in
    let setup = try SetupFolder(try arguments.required("setup"))
    let out = URL(fileURLWithPath: try arguments.required("out"))
    let files = try HandIn.files(arguments.positional)
    guard !files.isEmpty else { throw UsageError("no frames given: nightjar night FRAMES... --setup DIR --out DIR") }
    var run = NightRun(
        setup: setup, out: out, workers: try arguments.integer("workers", in: 1...64) ?? 2,
        shuffleSeed: try arguments.integer("shuffle", in: 0...Int.max))
    run.catalogue = try arguments.text("catalog").map { try CatalogueChoice($0, mayBeStored: false) }
    if let patience = try arguments.text("patience").map({ try TimeSpan($0, option: "patience") }) {
        guard patience.seconds >= 10 else { throw UsageError("--patience: give 10s or more") }
        run.patienceSeconds = patience.seconds
    }
    let ledger = try run.run(files)
    Terminal.say(arguments.has("json") ? String(decoding: try prettyJSON(ledger), as: UTF8.self) : ledger.text)
    Terminal.complain("results are in \(out.path)")
    return ledger.addsUp && ledger.files == files.count ? 0 : 1
}
