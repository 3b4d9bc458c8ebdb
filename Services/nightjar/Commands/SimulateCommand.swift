internal import Foundation
internal import Simulation

let simulateCommand = Command(
    name: "simulate", usage: "simulate --out DIR [--seed N] [--scenario NAME] [--frames N] [--size N]",
    summary: "Writes raw frames with their truth: a night with a setup for 'nightjar night', or a test field.",
    options: [
        Option("out", "DIR", "gets frames/ and truth.csv; of a night setup/, of a test field masters/"),
        Option("seed", "N", "same number, same bytes (default: 1)"),
        Option(
            "scenario", "NAME",
            "nights: demo (two cameras and a nova), single, crowded; test fields: isolated, dense (default: single)"),
        Option("frames", "N", "lights of each camera, beside bias, dark and flat frames (default: 20)"),
        Option("size", "N", "pixels along a side (default: 1024; demo: 512)"),
        Option("stars", "N", "stars on the frame (default: what the scenario has; not for demo)"),
        Option("force", nil, "writes into a folder that holds something else"),
        Option("json", nil, "print a summary as JSON"),
    ] + SimulatedTestField.options
) { arguments in
    guard arguments.positional.isEmpty else { throw UsageError("'\(arguments.positional[0])' is not an option") }
    let out = URL(fileURLWithPath: try arguments.required("out"))
    let name = arguments.text("scenario") ?? "single"
    if SimulatedTestField.names.contains(name) { return try simulateTestField(name, arguments, to: out) }
    guard let scenarioName = SimulatedScenario.Name(rawValue: name) else {
        let names = SimulatedScenario.Name.allCases.map(\.rawValue) + SimulatedTestField.names
        throw UsageError("--scenario \(name): give one of \(names.joined(separator: ", "))")
    }
    if let option = SimulatedTestField.options.first(where: { arguments.text($0.name) != nil || arguments.has($0.name) }
    ) {
        throw UsageError("--\(option.name) is for the scenarios \(SimulatedTestField.names.joined(separator: ", "))")
    }
    return try simulateNight(scenarioName, arguments, to: out)
}

private func simulateTestField(_ name: String, _ arguments: Arguments, to out: URL) throws -> Int32 {
    let field = try SimulatedTestField(name, arguments)
    try SimulationFolder(out, arguments).prepare()
    var progress = Progress("frames")
    let summary = try field.write(to: out) { done, total in progress.show(done: done, of: total) }
    progress.end()
    Terminal.say(
        arguments.has("json") ? String(decoding: try prettyJSON(summary).dropLast(), as: UTF8.self) : summary.text)
    return 0
}

private func simulateNight(
    _ scenarioName: SimulatedScenario.Name, _ arguments: Arguments, to out: URL
) throws -> Int32 {
    var choices = SimulatedScenario.Choices()
    choices.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1)
    choices.lights = try arguments.integer("frames", in: 1...100_000) ?? choices.lights
    choices.size = try arguments.integer("size", in: 64...16_384) ?? (scenarioName == .demo ? 512 : choices.size)
    choices.stars = try arguments.integer("stars", in: 0...10_000_000)
    if scenarioName == .demo, choices.stars != nil { throw UsageError("--stars: the demo's stars are its own") }
    let scenario = try SimulatedScenario(scenarioName, choices)
    try SimulationFolder(out, arguments).prepare()
    var progress = Progress("frames")
    let frames = try SimulatedFrames(night: scenario.night).write(to: out.appending(path: "frames")) { done, total in
        progress.show(done: done, of: total)
    }
    progress.end()
    try scenario.writeSetup(out.appending(path: "setup"))
    try Data(SimulatedFrames.truthCSV(frames).utf8).write(to: out.appending(path: "truth.csv"), options: .atomic)
    let summary = SimulationSummary(
        out: out.path, seed: choices.seed, scenario: scenarioName.rawValue, files: frames.count,
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
