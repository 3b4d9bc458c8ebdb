public import Imaging

extension MasterPlanes {
    /// A master that was combined elsewhere, see `Master.init(external:image:)`, whose rows are read again when they
    /// are wanted: error and mask are made from them and take no memory.
    ///
    /// - Parameters:
    ///   - image: the whole of it, to measure noise and surroundings by.
    ///   - read: the same pixels by rows; called from several threads at once.
    public init(
        external facts: MasterFacts, image: Image<Unit>,
        read: @escaping @Sendable (_ rows: Range<Int>, _ target: UnsafeMutablePointer<Float>) throws -> Void
    ) {
        let (facts, noise) = Master<Unit>.externalFacts(facts, image)
        let width = image.width
        let errors = [Float](repeating: noise, count: width)
        let finder = BadPixels(in: image, usualError: Double(noise), kind: facts.kind, frameNoise: facts.frameNoise)
        self.init(
            facts: facts, width: width, height: image.height,
            level: facts.kind == .dark ? Self.level(of: image.pixels) : nil
        ) { band in
            let count = band.rows.count * width
            band.error?.initialize(repeating: noise, count: count)
            guard band.image != nil || band.bits != nil else { return }
            let room = MasterRoom(rows: band.rows.count, width: width, parts: band.image == nil ? .image : [])
            guard let pixels = band.image ?? room.image else { return }
            try read(band.rows, pixels)
            guard let bits = band.bits else { return }
            for row in band.rows {
                let start = (row - band.rows.lowerBound) * width
                finder.mark(row, pixels: pixels + start, errors: errors, bits: bits + start)
            }
        }
    }
}
