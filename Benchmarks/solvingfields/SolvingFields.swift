import CatalogueTiles
import Foundation

/// Solves simulated star fields by the thousand and counts what became of them; prints JSON.
///
///     solvingfields hinted FIELDS [SEED]
///     solvingfields blind FIELDS CATALOG [SEED]        fields of the catalogue's sky
///     solvingfields nowhere FIELDS CATALOG [SEED]      stars at random places, which must not be found on it
///     solvingfields lists FIELDS CATALOG FOLDER        star lists with their truth
///     solvingfields index CATALOG                      makes the catalogue's index for blind solving
///
/// FIELDS is the number of fields of each kind.
@main
struct SolvingFields {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("solvingfields: \(error)\n".utf8))
            exit(1)
        }
    }

    private struct Usage: Error, CustomStringConvertible {
        let description = """
            say hinted FIELDS [SEED] | blind|nowhere FIELDS CATALOG [SEED] | lists FIELDS CATALOG FOLDER \
            | index CATALOG
            """
    }

    private static func run(_ words: [String]) throws {
        if words.count == 2, words[0] == "index" {
            let written = try TileFolder(words[1]).writeBlindIndex()
            print("\(written.stars) stars, \(written.quads) quads in \(written.layers) layers, \(written.bytes) bytes")
            return
        }
        guard words.count >= 2, let count = Int(words[1]), count > 0 else { throw Usage() }
        switch (words[0], words.count) {
        case ("hinted", 2...3):
            try show(
                FieldCount(kinds: FieldKind.hinted, fieldsOfEach: count, firstSeed: try seed(words, 2), blind: nil))
        case ("blind", 3...4), ("nowhere", 3...4):
            let kinds = words[0] == "blind" ? FieldKind.blind : FieldKind.nowhere
            try show(
                FieldCount(
                    kinds: kinds, fieldsOfEach: count, firstSeed: try seed(words, 3), blind: try BlindSky(words[2])))
        case ("lists", 4):
            try StarLists(sky: try BlindSky(words[2]), folder: words[3]).write(count, firstSeed: 1)
        default: throw Usage()
        }
    }

    private static func seed(_ words: [String], _ place: Int) throws -> UInt64 {
        guard words.count > place else { return 1 }
        guard let seed = UInt64(words[place]) else { throw Usage() }
        return seed
    }

    private static func show(_ count: FieldCount) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(try count.run()), as: UTF8.self))
    }
}
