public import Imaging

/// How the pixels of a colour camera see a test field.
public struct ColourField: Sendable, Equatable {
    public let pattern: BayerPattern

    public init(_ pattern: BayerPattern) { self.pattern = pattern }

    /// Sky and flat lamp through the three filters, relative to green.
    public static let lamp: [BayerChannel: Double] = [.red: 0.7, .green: 1, .blue: 0.5]

    /// What falls on the four pixels of a cell, row by row, of light that is this bright in each channel.
    func cell(_ brightness: [BayerChannel: Double]) -> [Double] {
        var cell = [0.0, 0, 0, 0]
        for channel in BayerChannel.allCases {
            for place in pattern.places(of: channel) { cell[2 * place.y + place.x] = brightness[channel] ?? 0 }
        }
        return cell
    }

    /// Brightness of one star relative to green: up to a factor of 1.6 redder or bluer.
    static func star(_ id: Int, seed: UInt64) -> [BayerChannel: Double] {
        var random = RandomStream(seed: seed, 502, UInt64(id))
        let colour = random.uniform(0.625...1.6)
        return [.red: colour, .green: 1, .blue: 1 / colour]
    }

    /// Share of a star's light of one colour that the channel's frame holds: one pixel of four, or the sum of two.
    static func share(of channel: BayerChannel) -> Double { channel == .green ? 0.5 : 0.25 }
}

extension TestField {
    /// A flat as the lamp makes it: each colour at its own level.
    public func lampLight(on flat: Image<Relative>) -> Image<Relative> {
        guard let colours else { return flat }
        let cell = colours.cell(ColourField.lamp).map { Float($0) }
        var lit = flat
        for y in 0..<lit.height {
            for x in 0..<lit.width { lit[x, y] *= cell[y % 2 * 2 + x % 2] }
        }
        return lit
    }

    /// What a channel of the frame truly holds of a star, as its frame counts: green in electrons of both pixels [e-].
    public func flux(of star: TestStar, in channel: BayerChannel) -> Double {
        star.fluxElectrons * (ColourField.star(star.id, seed: seed)[channel] ?? 1) * ColourField.share(of: channel)
    }
}

extension LightMap {
    /// Multiplies by what each pixel of a cell lets through, row by row.
    mutating func multiply(cell: [Double]) {
        for index in electrons.indices { electrons[index] *= cell[(index / width % 2) * 2 + index % width % 2] }
    }
}
