import CKernels
import PortableNumbers
import Testing

@testable import Detection

@Suite("Owners of pixels")
struct PixelOwnersTests {
    /// Runs of random lengths, some of which touch the ends of words and of rows.
    private static func runs(width: Int, height: Int) -> [Footprints.Run] {
        var random = SplitMix64(seed: UInt64(width * height))
        var (runs, count): ([Footprints.Run], Int) = ([], 0)
        for y in 0..<height {
            var x = Int(8 * random.uniform()) - 3
            while x < width {
                let (start, end) = (max(x, 0), min(width, max(x, 0) + 1 + Int(random.uniform() * 90)))
                runs.append(Footprints.Run(y: Int32(y), start: Int32(start), end: Int32(end), value: Int32(count)))
                count += end - start
                x = end + 1 + Int(random.uniform() * 70)
            }
        }
        return runs
    }

    @Test("each pixel that stands out has the number at its own place", arguments: [1, 63, 64, 65, 128, 300])
    func places(_ width: Int) {
        let height = 7
        let runs = Self.runs(width: width, height: height)
        let count = runs.reduce(0) { $0 + $1.pixels.count }
        // In an order that is not that of the rows, as groups are.
        var owners = PixelOwners(runs.reversed(), width: width, height: height)
        owners.withMutableNumbers { numbers in
            for index in 0..<count { numbers[index] = Int32(index + 1) }
        }
        for run in runs {
            for x in run.pixels {
                let expected = run.value + Int32(x) - run.start + 1
                #expect(owners.number(column: x, row: Int(run.y)) == expected)
                let found = owners.withFirstRow { first, wordsPerRow in
                    var row = kernel_owners(
                        words: first.words + Int(run.y) * wordsPerRow, before: first.before + Int(run.y) * wordsPerRow,
                        numbers: first.numbers)
                    return kernel_owner(&row, x)
                }
                #expect(found == expected)
            }
        }
    }

    @Test("a frame where nothing stands out has no numbers")
    func nothing() {
        let owners = PixelOwners([], width: 5, height: 3)
        #expect(owners.number(column: 4, row: 2) == 0)
    }
}
