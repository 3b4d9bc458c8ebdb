// usage: PROGRAM FOLDER WIDTH HEIGHT FWHM [--repeat N]
//
// Reads signal.f32, variance.f32 [e-] and mask.u16 from the folder, writes the pixels hit to hits.u16, and prints the
// CPU seconds of the search as JSON: the median of N runs. A FWHM of 0: seeing unknown.

import CosmicRays
import Foundation
import Imaging

func read<Element>(_ name: String, as: Element.Type) throws -> [Element] {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1] + "/" + name))
    return bytes.withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
}

let arguments = CommandLine.arguments
guard arguments.count >= 5, let width = Int(arguments[2]), let height = Int(arguments[3]),
    let fwhm = Double(arguments[4])
else { exit(2) }
let frame = CalibratedFrame(
    signal: Image(width: width, height: height, pixels: try read("signal.f32", as: Float.self)),
    variance: Image(width: width, height: height, pixels: try read("variance.f32", as: Float.self)),
    mask: Mask(width: width, height: height, bits: try read("mask.u16", as: UInt16.self)))
var times: [Double] = []
var hits: CosmicRayHits?
for _ in 0..<(arguments.count > 6 ? Int(arguments[6]) ?? 1 : 1) {
    let start = clock()
    let parameters =
        fwhm > 0
        ? CosmicRayParameters(fineStructure: .pointSpread(SampledPointSpread(fwhmPixels: fwhm))) : CosmicRayParameters()
    hits = cosmicRays(in: frame, parameters: parameters)
    times.append(Double(clock() - start) / Double(CLOCKS_PER_SEC))
}
let bits = hits?.mask.bits ?? []
try bits.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: arguments[1] + "/hits.u16"))
print("{\"cpuSeconds\": \(times.sorted()[times.count / 2]), \"objects\": \(hits?.objectCount ?? 0)}")
