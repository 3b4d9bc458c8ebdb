public import Imaging

/// Where a band of a master's rows is to go: `rows.count * width` elements of each plane that is wanted, row by row.
public struct MasterBand {
    public let rows: Range<Int>
    /// Nil where the plane is not wanted.
    public let image: UnsafeMutablePointer<Float>?
    public let error: UnsafeMutablePointer<Float>?
    public let bits: UnsafeMutablePointer<UInt16>?

    public init(
        rows: Range<Int>, image: UnsafeMutablePointer<Float>? = nil, error: UnsafeMutablePointer<Float>? = nil,
        bits: UnsafeMutablePointer<UInt16>? = nil
    ) {
        self.rows = rows
        self.image = image
        self.error = error
        self.bits = bits
    }
}

/// Fills a band with the rows of a master. Called from several threads at once, and more than once for the same rows,
/// which must be the same each time.
public typealias MasterReader = @Sendable (_ band: MasterBand) throws -> Void

/// The planes of a master: held in memory, or read band by band when a frame is calibrated.
///
/// A light calibrated by one has the bits of a light calibrated by the other.
public struct MasterPlanes<Unit: PixelUnit>: Sendable {
    public var facts: MasterFacts
    public let width: Int
    public let height: Int
    let source: Source
    /// Median of a sample of the pixels; nil where it has not been taken yet.
    private let knownLevel: Float?

    enum Source: Sendable {
        case whole(Master<Unit>)
        case rows(MasterReader)
    }

    /// Held in memory.
    public init(_ master: Master<Unit>) {
        facts = master.facts
        (width, height) = (master.image.width, master.image.height)
        source = .whole(master)
        knownLevel = nil
    }

    /// Read by rows, those of a dark once now.
    ///
    /// - Parameter read: gives rows of image, error and mask.
    /// - Throws: what `read` throws.
    public init(
        facts: MasterFacts, width: Int, height: Int, read: @escaping MasterReader
    ) throws {
        let level = facts.kind == .dark ? try Self.level(width: width, height: height, read) : nil
        self.init(facts: facts, width: width, height: height, level: level, read: read)
    }

    init(facts: MasterFacts, width: Int, height: Int, level: Float?, read: @escaping MasterReader) {
        self.facts = facts
        (self.width, self.height) = (width, height)
        source = .rows(read)
        knownLevel = level
    }

    /// The same master, every reading of its rows done within `body`, as to take its time.
    public func read(
        within body: @escaping @Sendable (_ reading: () throws -> Void) throws -> Void
    ) -> MasterPlanes {
        guard case .rows(let read) = source else { return self }
        return MasterPlanes(facts: facts, width: width, height: height, level: knownLevel) { band in
            try body { try read(band) }
        }
    }

    /// Median of about 100,000 pixels, every so manieth; 0 where none is a number.
    var level: Float {
        switch source {
        case .whole(let master): Self.level(of: master.image.pixels)
        case .rows: knownLevel ?? 0
        }
    }

    static func level(of pixels: [Float]) -> Float {
        let step = sampleStep(pixels.count)
        return Robust.median(stride(from: 0, to: pixels.count, by: step).map { pixels[$0] }) ?? 0
    }

    private static func sampleStep(_ count: Int) -> Int { max(1, count / 100_003) }

    private static func level(width: Int, height: Int, _ read: MasterReader) throws -> Float {
        let step = sampleStep(width * height)
        var sample: [Float] = []
        var next = 0
        try eachMasterBand(width: width, height: height, read) { rows, image, _ in
            let start = rows.lowerBound * width
            while next < rows.upperBound * width {
                sample.append(image[next - start])
                next += step
            }
            return true
        }
        return Robust.median(sample) ?? 0
    }
}

/// The planes of masters that go into one frame; a missing one is nil.
public struct LightMasters: Sendable {
    public var bias: MasterPlanes<ADU>?
    public var dark: MasterPlanes<ADU>?
    public var flat: MasterPlanes<Relative>?
    /// Of the light's filter.
    public var fringe: FringeMaster?

    public init(
        bias: MasterPlanes<ADU>? = nil, dark: MasterPlanes<ADU>? = nil, flat: MasterPlanes<Relative>? = nil,
        fringe: FringeMaster? = nil
    ) {
        self.bias = bias
        self.dark = dark
        self.flat = flat
        self.fringe = fringe
    }

    /// Held in memory.
    public init(_ set: MasterSet) {
        self.init(
            bias: set.bias.map { MasterPlanes($0) }, dark: set.dark.map { MasterPlanes($0) },
            flat: set.flat.map { MasterPlanes($0) }, fringe: set.fringe)
    }
}
