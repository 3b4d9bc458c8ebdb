import Foundation

/// Fits zero points of simulated frames by the thousand and compares them with their truth; prints JSON.
///
///     zeropoints frames TRIALS [SEED [CASE]]      single frames
///     zeropoints nights NIGHTS [SEED [CASE]]      closed nights: colour term and scatter learnt from all fields
///     zeropoints beside FRAMES [SEED]             frames of each kind with the zero points fitted, for other programs
///
/// CASE: only cases whose names contain it.
@main
struct ZeroPoints {
    static func main() {
        do {
            let words = Array(CommandLine.arguments.dropFirst())
            guard (2...4).contains(words.count), let count = Int(words[1]), count > 0 else { throw Usage() }
            guard let seed = words.count > 2 ? UInt64(words[2]) : 1 else { throw Usage() }
            let wanted = words.count > 3 ? words[3] : ""
            switch words[0] {
            case "frames": try show(SingleFrames(trials: count, firstSeed: seed, wanted: wanted).run())
            case "nights": try show(ClosedNights(nights: count, firstSeed: seed, wanted: wanted).run())
            case "beside": try show(FramesBesidePeers(count: count, firstSeed: seed).run())
            default: throw Usage()
            }
        } catch {
            FileHandle.standardError.write(Data("zeropoints: \(error)\n".utf8))
            exit(1)
        }
    }

    private struct Usage: Error, CustomStringConvertible {
        let description = "say frames TRIALS [SEED [CASE]] | nights NIGHTS [SEED [CASE]] | beside FRAMES [SEED]"
    }

    private static func show(_ found: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(found), as: UTF8.self))
    }
}
