internal import Imaging
public import PSF
public import Photometry

extension DetectionCatalogue {
    /// Puts what was fitted into the rows of a table.
    ///
    /// - Parameter fitted: in the order of the sources, or of the given positions; nil: the frame has no star image,
    ///   and every row says `psfFailed`.
    /// - Returns: chi^2 per degree of freedom of each row, for `table`.
    public static func add(_ fitted: [PSFMeasurement]?, to rows: inout [Measurement]) -> [Double] {
        let own: SourceFlags = [.psfFailed, .psfPoorFit, .psfUncertain]
        return rows.indices.map { index in
            guard let fitted else {
                rows[index].flags.insert(.psfFailed)
                return .nan
            }
            let star = fitted[rows[index].sourceIndex ?? index]
            (rows[index].fluxPSF, rows[index].fluxPSFError) = (star.flux, star.fluxError)
            rows[index].flags.formUnion(star.flags.intersection(own))
            return star.chiSquaredPerDegree
        }
    }
}
