internal import CKernels
internal import Detection

/// Sums over the good pixels of an aperture, each pixel weighted by the part w of it that lies inside.
struct PixelSums: Equatable {
    /// sum w D [e-].
    var light = 0.0
    /// sum w^2 D [e-]: the variance that the light's own photons give `light`.
    var ownVariance = 0.0
    /// sum w^2 V [e-^2].
    var variance = 0.0
    /// sum w [px], and sum w^2.
    var area = 0.0
    var squaredArea = 0.0
    /// sum w of pixels that carry no measurement [px].
    var missingArea = 0.0

    static func += (left: inout PixelSums, right: PixelSums) {
        left.light += right.light
        left.ownVariance += right.ownVariance
        left.variance += right.variance
        left.area += right.area
        left.squaredArea += right.squaredArea
        left.missingArea += right.missingArea
    }

    /// Adds one pixel, partly.
    @inline(__always)
    fileprivate mutating func add(_ planes: FramePlanes, _ index: Int, weight: Double) {
        let square = weight * weight
        let missing = Double(planes.marks[index] & PixelMarks.excluded)
        light += weight * Double(planes.residual[index])
        ownVariance += square * Double(planes.residual[index])
        variance += square * Double(planes.variance[index])
        area += weight * (1 - missing)
        squaredArea += square * (1 - missing)
        missingArea += weight * missing
    }

    /// Adds a stretch of whole pixels.
    @inline(__always)
    mutating func addSpan(_ planes: FramePlanes, _ columns: Range<Int>, row: Int) {
        guard !columns.isEmpty else { return }
        let (start, end) = (row * planes.width + columns.lowerBound, row * planes.width + columns.upperBound)
        var (evenLight, oddLight, evenVariance, oddVariance) = (0.0, 0.0, 0.0, 0.0)
        var index = start
        while index + 1 < end {
            evenLight += Double(planes.residual[index])
            oddLight += Double(planes.residual[index + 1])
            evenVariance += Double(planes.variance[index])
            oddVariance += Double(planes.variance[index + 1])
            index += 2
        }
        if index < end {
            evenLight += Double(planes.residual[index])
            evenVariance += Double(planes.variance[index])
        }
        var missing = 0
        if planes.hasExcluded {
            for index in start..<end { missing += Int(planes.marks[index] & PixelMarks.excluded) }
        }
        light += evenLight + oddLight
        ownVariance += evenLight + oddLight
        variance += evenVariance + oddVariance
        area += Double(end - start - missing)
        squaredArea += Double(end - start - missing)
        missingArea += Double(missing)
    }
}

extension FramePlanes {
    /// Sums within apertures around one centre, each inside the next, in one pass over the pixels: whole pixels are
    /// added to the first aperture that holds them, and apertures are added up at the end.
    ///
    /// - Parameter sums: as many as apertures; set.
    func sum(_ apertures: [EllipseOverlap], into sums: inout [PixelSums]) {
        for index in sums.indices { sums[index] = PixelSums() }
        guard let largest = apertures.last else { return }
        if apertures.count == 1 {
            sums[0] = sum(largest)
            return
        }
        for row in largest.rows(height: height) {
            var held = 0..<0
            for (index, aperture) in apertures.enumerated() where aperture.rows(height: height).contains(row) {
                let interior = aperture.interior(row: row, width: width)
                if interior.isEmpty { continue }
                if held.isEmpty {
                    sums[index].addSpan(self, interior, row: row)
                } else {
                    let low = min(held.lowerBound, interior.lowerBound)
                    let high = max(held.upperBound, interior.upperBound)
                    sums[index].addSpan(self, low..<held.lowerBound, row: row)
                    sums[index].addSpan(self, held.upperBound..<high, row: row)
                }
                held = interior
            }
        }
        for index in sums.indices where index > 0 { sums[index] += sums[index - 1] }
        for (index, aperture) in apertures.enumerated() {
            var rim = PixelSums()
            aperture.forEachPart(
                width: width, height: height,
                rim: { column, row, weight in rim.add(self, row * width + column, weight: weight) }, span: { _, _ in })
            sums[index] += rim
        }
    }

    /// Sums within one aperture.
    func sum(_ aperture: EllipseOverlap) -> PixelSums {
        aperture.withKernelAperture(height: height) { aperture in
            var (sums, frame) = (kernel_pixel_sums(), apertureFrame)
            kernel_ellipse_sum(&sums, aperture, &frame)
            return PixelSums(sums)
        }
    }
}

extension PixelSums {
    init(_ sums: kernel_pixel_sums) {
        self.init(
            light: sums.light, ownVariance: sums.own_variance, variance: sums.variance, area: sums.area,
            squaredArea: sums.squared_area, missingArea: sums.missing_area)
    }
}

extension EllipseOverlap {
    /// Lends what kernels need to sum the pixels of a frame within the ellipse.
    func withKernelAperture<Result>(height: Int, _ body: (UnsafePointer<kernel_ellipse_aperture>) -> Result) -> Result {
        let rows = rows(height: height)
        return withUnsafePointer(to: self) { shape in
            var aperture = kernel_ellipse_aperture(
                outline: kernelOutline, form: kernelForm, row: rows.lowerBound, rows: rows.count, shape: shape,
                overlap: { shape, column, row in
                    shape?.load(as: EllipseOverlap.self).overlap(column: Int(column), row: Int(row)) ?? 0
                })
            return body(&aperture)
        }
    }
}
