internal import Detection
internal import LinearAlgebra

/// Stars hidden in the images of others: found in the residual, kept while the likelihood asks for them.
///
/// A candidate is judged with its neighbours' fluxes and places free: the gain of the likelihood ratio test is
/// (F / sigma_F)^2, sigma_F being what is left of its error once the neighbours have followed. What later falls below
/// the test, or runs into another star, is given up, and its light goes back to the others. What stays may be noise all
/// the same: the neighbours get the mean of the fits with and without it, by their probabilities.
///
/// - Source: Stetson 1987, PASP 99, 191, section III.D (new stars from the residual, merging, giving up faint ones).
extension CrowdedFit {
    /// Lets stars that the residual shows join the fit; they are in no result.
    ///
    /// - Parameter threshold: smallest F / sigma_F.
    /// - Returns: whether there were any.
    func addHidden(threshold: Double) -> Bool {
        let peaks = planes.hiddenPeaks()
        guard !peaks.isEmpty, peaks.count <= 4 * stars.count + 100 else { return false }
        let live = stars.indices.filter { !stars[$0].isGivenUp }
        let known = NeighbourGrid(live.map { (stars[$0].x, stars[$0].y) }, cell: model.fwhmPixels)
        var found: [(significance: Double, order: Int, star: FittedStar)] = []
        for (order, peak) in peaks.enumerated() {
            guard known.near(x: peak.x, y: peak.y, within: 0.5 * model.fwhmPixels).isEmpty else { continue }
            let near = known.near(x: peak.x, y: peak.y, within: 1.7 * model.fwhmPixels).map { live[$0] }
            guard let star = candidate(x: peak.x, y: peak.y, near: near) else { continue }
            if star.significance > threshold { found.append((star.significance, order, star.star)) }
        }
        return join(found.sorted { ($1.significance, $0.order) < ($0.significance, $1.order) }.map(\.star))
    }

    /// The most significant first, none within a FWHM of another.
    private func join(_ found: [FittedStar]) -> Bool {
        guard !found.isEmpty else { return false }
        let places = found.map { ($0.x, $0.y) }
        let grid = NeighbourGrid(places, cell: model.fwhmPixels)
        var isTaken = [Bool](repeating: false, count: found.count)
        for index in found.indices {
            let near = grid.near(index, within: model.fwhmPixels)
            guard !near.contains(where: { isTaken[$0] }) else { continue }
            isTaken[index] = true
            stars.append(found[index])
            remove(stars.count - 1)
        }
        group()
        return true
    }

    /// A star at a place, fitted with its nearest neighbours; nil where nothing can be said.
    private func candidate(
        x: Double, y: Double, near: [Int]
    ) -> (star: FittedStar, significance: Double)? {
        func square(_ index: Int) -> Double {
            let (dx, dy) = (stars[index].x - x, stars[index].y - y)
            return dx * dx + dy * dy
        }
        let nearest = Array(near.sorted { (square($0), $0) < (square($1), $1) }.prefix(4))
        var star = FittedStar(
            x: x, y: y, startX: x, startY: y, flux: 0, layout: layout(flux: peakFlux(x: x, y: y)), isFixed: false)
        let index = stars.count
        stars.append(star)
        defer { stars.removeLast() }
        let group = nearest + [index]
        let unknowns = load(group)
        guard !stars[index].isDead, stars[index].coverage > 0.5 else { return nil }
        let (matrix, right) = equations(group, unknowns)
        guard let factor = CholeskyFactor(matrix, order: right.count), let flux = factor.solve(right).last, flux > 0
        else { return nil }
        star.flux = flux
        star.layout = layout(flux: flux)
        return (star, flux / factor.lastError)
    }

    /// Gives up stars of our own finding that the fit does not ask for any more.
    ///
    /// - Returns: whether there were any.
    func giveUpHidden(threshold: Double) -> Bool {
        var lost: [Int] = []
        for group in groups where group.contains(where: { $0 >= givenCount }) {
            let unknowns = load(group)
            let (matrix, _) = equations(group, unknowns)
            let variances = CholeskyFactor(matrix, order: unknowns.entries.count)?.inverseDiagonal()
            for (entry, place) in zip(unknowns.entries, unknowns.entries.indices) where entry.image == 0 {
                let index = group[entry.slot]
                guard index >= givenCount else { continue }
                let error = variances?[place].squareRoot() ?? .infinity
                if !(stars[index].flux > threshold * error) || stars[index].isHeld || isMerged(index, in: group) {
                    lost.append(index)
                    for other in group { stars[other].lastStep = .infinity }
                }
            }
        }
        for index in lost where !stars[index].isGivenUp {
            restore(index)
            (stars[index].flux, stars[index].isGivenUp) = (0, true)
        }
        if !lost.isEmpty { group() }
        return !lost.isEmpty
    }

    /// Whether it has come within 0.35 FWHM of a star before it.
    private func isMerged(_ index: Int, in group: [Int]) -> Bool {
        let limit = 0.35 * model.fwhmPixels
        return group.contains { other in
            guard other < index, !stars[other].isGivenUp else { return false }
            let (dx, dy) = (stars[other].x - stars[index].x, stars[other].y - stars[index].y)
            return dx * dx + dy * dy < limit * limit
        }
    }

    /// Whether one of these stars is within a FWHM of a star.
    func hasCompanion(_ index: Int, _ companions: [Int]) -> Bool {
        let star = stars[index]
        return companions.contains { other in
            let (dx, dy) = (stars[other].x - star.x, stars[other].y - star.y)
            return dx * dx + dy * dy < model.fwhmPixels * model.fwhmPixels
        }
    }
}
