internal import Foundation
internal import Simulation

let simulateCommand = Command(
    name: "simulate", usage: "simulate --out DIR [--seed N] [--scenario demo|single|crowded] [--frames N] [--size N]",
    summary: "Writes raw frames of a simulated night with their truth, and a setup for 'nightjar night'.",
    options: [
        Option("out", "DIR", "gets frames/, setup/ and truth.csv"),
        Option("seed", "N", "same number, same bytes (default: 1)"),
        Option("scenario", "NAME", "demo: two cameras and a nova; single: one camera; crowded (default: single)"),
        Option("frames", "N", "lights of each camera, beside bias, dark and flat frames (default: 20)"),
        Option("size", "N", "pixels along a side (default: 1024; demo: 512)"),
        Option("stars", "N", "stars on the frame (default: what the scenario has; not for demo)"),
        Option("json", nil, "print a summary as JSON"),
    ]
) { arguments in
    guard arguments.positional.isEmpty else { throw UsageError("'\(arguments.positional[0])' is not an option") }
    let out = URL(fileURLWithPath: try arguments.required("out"))
    let name = arguments.text("scenario") ?? "single"
    guard let scenarioName = SimulatedScenario.Name(rawValue: name) else {
        let names = SimulatedScenario.Name.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("--scenario \(name): give one of \(names)")
    }
    var choices = SimulatedScenario.Choices()
    choices.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1)
    choices.lights = try arguments.integer("frames", in: 1...100_000) ?? choices.lights
    choices.size = try arguments.integer("size", in: 64...16_384) ?? (scenarioName == .demo ? 512 : choices.size)
    choices.stars = try arguments.integer("stars", in: 0...10_000_000)
    if scenarioName == .demo, choices.stars != nil { throw UsageError("--stars: the demo's stars are its own") }
    let scenario = try SimulatedScenario(scenarioName, choices)
    var progress = Progress("frames")
    let frames = try SimulatedFrames(night: scenario.night).write(to: out.appending(path: "frames")) { done, total in
        progress.show(done: done, of: total)
    }
    progress.end()
    try scenario.writeSetup(out.appending(path: "setup"))
    try Data(SimulatedFrames.truthCSV(frames).utf8).write(to: out.appending(path: "truth.csv"), options: .atomic)
    let summary = SimulationSummary(
        out: out.path, seed: choices.seed, scenario: name, files: frames.count,
        lights: frames.filter { $0.exposure.kind == .light }.count,
        instruments: scenario.night.cameras.map(\.instrument.name),
        targets: scenario.targetIDs, truthRows: frames.reduce(0) { $0 + $1.truth.count })
    Terminal.say(
        arguments.has("json") ? String(decoding: try prettyJSON(summary).dropLast(), as: UTF8.self) : summary.text)
    return 0
}

private struct SimulationSummary: Encodable {
    let out: String
    let seed: UInt64
    let scenario: String
    let files: Int
    let lights: Int
    let instruments: [String]
    let targets: [String]
    let truthRows: Int

    var text: String {
        """
        \(files) frames (\(lights) lights) of \(instruments.joined(separator: ", ")) are in \(out)/frames,
        \(truthRows) stars with their true places and fluxes in \(out)/truth.csv; try
          nightjar night \(out)/frames --setup \(out)/setup --out \(out)/night
        """
    }
}
