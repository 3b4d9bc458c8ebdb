public import Imaging

extension MasterPlanes {
    /// The master in memory, its rows read where they are not.
    ///
    /// - Throws: what reading the rows throws.
    public func inMemory() throws -> Master<Unit> {
        switch source {
        case .whole(var master):
            master.facts = facts
            return master
        case .rows(let read):
            var image = Image<Unit>(width: width, height: height)
            var error = image
            var mask = Mask(width: width, height: height)
            try image.pixels.withUnsafeMutableBufferPointer { image in
                try error.pixels.withUnsafeMutableBufferPointer { error in
                    try mask.bits.withUnsafeMutableBufferPointer { bits in
                        try read(
                            MasterBand(
                                rows: 0..<height, image: image.baseAddress, error: error.baseAddress,
                                bits: bits.baseAddress))
                    }
                }
            }
            return Master(facts: facts, image: image, error: error, mask: mask)
        }
    }

    /// The pixels, without error and mask.
    ///
    /// - Throws: what reading the rows throws.
    public func image() throws -> Image<Unit> {
        switch source {
        case .whole(let master): return master.image
        case .rows(let read):
            var image = Image<Unit>(width: width, height: height)
            try image.pixels.withUnsafeMutableBufferPointer {
                try read(MasterBand(rows: 0..<height, image: $0.baseAddress))
            }
            return image
        }
    }

    /// Whether any pixel is a number and carries a measurement; see `Master.hasUsablePixel`.
    ///
    /// - Throws: what reading the rows throws.
    public func hasUsablePixel() throws -> Bool {
        switch source {
        case .whole(let master): return master.hasUsablePixel
        case .rows(let read):
            let bad = PixelFlags.withoutMeasurement.rawValue
            var found = false
            try eachMasterBand(width: width, height: height, read) { rows, image, bits in
                found = (0..<rows.count * width).contains { image[$0].isFinite && bits[$0] & bad == 0 }
                return !found
            }
            return found
        }
    }
}

/// - Parameter body: gets rows of image and mask; returns whether it wants more.
func eachMasterBand(
    width: Int, height: Int, _ read: MasterReader,
    _ body: (_ rows: Range<Int>, _ image: UnsafePointer<Float>, _ bits: UnsafePointer<UInt16>) -> Bool
) throws {
    let room = MasterRoom(rows: MasterCursor.bandRows(width: width), width: width, parts: [.image, .bits])
    for rows in MasterCursor.bands(of: 0..<height, width: width) {
        try read(MasterBand(rows: rows, image: room.image, bits: room.bits))
        guard let image = room.image, let bits = room.bits, body(rows, image, bits) else { return }
    }
}

extension MasterPlanes where Unit == Relative {
    /// See `Master.normalisedToMean`.
    ///
    /// - Throws: what reading the rows throws.
    public func normalisedToMean() throws -> MasterPlanes {
        switch source {
        case .whole(var master):
            master.facts = facts
            return MasterPlanes(master.normalisedToMean())
        case .rows(let read):
            var (sum, count) = (0.0, 0)
            try eachMasterBand(width: width, height: height, read) { rows, image, _ in
                for index in 0..<rows.count * width where image[index].isFinite {
                    sum += Double(image[index])
                    count += 1
                }
                return true
            }
            return sum > 0 ? divided(by: sum / Double(count), read) : self
        }
    }

    private func divided(by level: Double, _ read: @escaping MasterReader) -> MasterPlanes {
        var facts = facts
        facts.frameNoise /= level
        let width = width
        return MasterPlanes(facts: facts, width: width, height: height, level: nil) { band in
            try read(band)
            for plane in [band.image, band.error] {
                guard let plane else { continue }
                for index in 0..<band.rows.count * width { plane[index] = Float(Double(plane[index]) / level) }
            }
        }
    }
}
