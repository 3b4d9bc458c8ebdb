internal import CKernels
internal import Detection
internal import Foundation
internal import LinearAlgebra

/// All stars of a frame, fitted group by group to what the others leave, in sweeps from bright to faint.
///
/// Within a group fluxes and places are solved at once (Gauss-Newton on dense normal equations, weights 1 / (V + model)
/// from the models of the sweep before); between groups the sweeps are block Gauss-Seidel steps on the common residual.
final class CrowdedFit {
    let planes: PixelPlanes
    let model: PointSpreadModel
    let parameters: PSFParameters
    /// The stars that were given, then companions.
    var stars: [FittedStar]
    let givenCount: Int
    private(set) var sky: SkyCorrection?
    let sampler: PointSpreadSampler
    let solver: GroupSolver
    private(set) var groups: [[Int]] = []
    let scratch: UnsafeMutablePointer<Float>
    /// Standard deviation of a sky pixel [e-].
    private let skyDeviation: Double
    /// Largest value of the image at each distance from its centre, in whole pixels.
    private let profile: [Double]

    init(
        _ planes: PixelPlanes, _ model: PointSpreadModel, _ parameters: PSFParameters, skyDeviation: Double,
        stars: [FittedStar]
    ) {
        self.planes = planes
        self.model = model
        self.parameters = parameters
        self.skyDeviation = skyDeviation.isFinite && skyDeviation > 0 ? skyDeviation : 1
        self.stars = stars
        givenCount = stars.count
        sampler = PointSpreadSampler(model)
        solver = GroupSolver(planes)
        sky = parameters.skyTileSize.map { SkyCorrection(width: planes.width, height: planes.height, tile: $0) }
        let largest = StampLayout(radius: 1000, table: model.table)
        scratch = .allocate(capacity: largest.count)
        scratch.initialize(repeating: 0, count: largest.count)
        profile = Self.profile(model)
    }

    deinit { scratch.deallocate() }

    private static func profile(_ model: PointSpreadModel) -> [Double] {
        let half = model.radiusPixels
        let (x, y) = (Double(model.frameWidth / 2), Double(model.frameHeight / 2))
        let image = model.image(x: x, y: y, halfSize: half).pixels
        let side = 2 * half + 1
        return (0...half).map { step in
            let centre = half * side + half
            return Double(
                max(
                    image[centre + step], image[centre - step], image[centre + step * side],
                    image[centre - step * side]))
        }
    }

    /// The stamp beyond which a star of this flux is below a tenth of the sky's noise.
    func layout(flux: Double) -> StampLayout {
        let limit = 0.1 * skyDeviation / max(flux, 1)
        let radius = profile.firstIndex { $0 < limit } ?? model.radiusPixels
        return StampLayout(radius: max(Double(radius), 1.5 * model.fwhmPixels), table: model.table)
    }

    /// A first guess of a flux from the pixel at its place.
    func peakFlux(x: Double, y: Double) -> Double {
        let (column, row) = (Int(x.rounded()), Int(y.rounded()))
        guard column >= 0, row >= 0, column < planes.width, row < planes.height, profile[0] > 0 else { return 0 }
        return max(Double(planes.data(row * planes.width + column)) / profile[0], 0)
    }

    /// Runs all sweeps. `guesses` are first estimates of the fluxes, for the size of stamps and the order of groups.
    func run(guesses: [Double], sweeps: Int) {
        for index in stars.indices { stars[index].layout = layout(flux: guesses[index]) }
        group()
        let bright = ordered { group in -Int(max(group.map { guesses[$0] }.max() ?? 1, 1).exponent) / 3 }
        for group in bright { solve(group, movesPlaces: false, resizes: true) }
        sky?.update(planes, step: 4)
        var finds = parameters.companionThreshold != nil
        for sweep in 1...sweeps {
            var isSettled = true
            for group in groups where sweep < 3 || !self.isSettled(group) {
                solve(group, movesPlaces: true, resizes: sweep < 3)
                isSettled = false
            }
            if sweep < min(sweeps, 3) { sky?.update(planes, step: sweep + 1 < min(sweeps, 3) ? 4 : 1) }
            if finds, sweep + 1 < sweeps { finds = findHidden(sweep) } else if isSettled { break }
        }
    }

    /// - Returns: whether it is worth while to look again.
    private func findHidden(_ sweep: Int) -> Bool {
        guard let threshold = parameters.companionThreshold else { return false }
        let isLess = sweep > 1 && giveUpHidden(threshold: threshold)
        let isMore = sweep < 4 && addHidden(threshold: threshold + 0.5)
        return isLess || isMore
    }

    func group() {
        let live = stars.indices.filter { !stars[$0].isGivenUp }
        groups = starGroups(
            live.map { (stars[$0].x, stars[$0].y) }, distance: 1.7 * model.fwhmPixels, largest: parameters.largestGroup
        ).map { group in group.map { live[$0] } }
        groups = ordered { _ in 0 }
    }

    /// Whether the last step of each star was a fiftieth of its errors or less; what is left is for the last step.
    private func isSettled(_ group: [Int]) -> Bool { group.allSatisfy { stars[$0].lastStep < 4e-4 } }

    /// The groups by class, then along bands of the frame, so that neighbours follow each other through the caches.
    private func ordered(_ classOf: ([Int]) -> Int) -> [[Int]] {
        let keys = groups.map { group -> (rank: Int, band: Int, x: Double) in
            let star = stars[group[0]]
            return (classOf(group), Int(star.y / 16), star.x)
        }
        return groups.indices.sorted {
            (keys[$0].rank, keys[$0].band, keys[$0].x, $0) < (keys[$1].rank, keys[$1].band, keys[$1].x, $1)
        }.map { groups[$0] }
    }

    private func solve(_ group: [Int], movesPlaces: Bool, resizes: Bool) {
        solver.load(&stars, group, sampler)
        let unknowns = GroupSolver.Unknowns(stars, group, movesPlaces: movesPlaces)
        var (matrix, right) = equations(group, unknowns)
        let size = unknowns.entries.count
        for index in 0..<size { matrix[index * size + index] *= 1 + 1e-6 }
        guard let factor = CholeskyFactor(matrix, order: size) else { return }
        right = factor.solve(right)
        for index in group { stars[index].lastStep = 0 }
        for (index, entry) in unknowns.entries.enumerated() {
            let star = group[entry.slot]
            stars[star].lastStep = max(stars[star].lastStep, right[index] * right[index] * matrix[index * size + index])
        }
        let before = group.map { stars[$0] }
        move(group, unknowns, right)
        for (slot, index) in group.enumerated() {
            let old = before[slot]
            if old.flux != 0 {
                planes.add(
                    solver.value(slot), scale: Float(old.flux), column: old.column, row: old.row, old.layout)
            }
            if resizes, !stars[index].isDead { stars[index].layout = layout(flux: stars[index].flux) }
            subtract(stars[index])
        }
    }

    /// The normal equations of a group that was loaded, a place that is hardly determined kept from moving (Levenberg):
    /// as if it were known to half a FWHM. Places are in units of flux times pixels.
    func equations(_ group: [Int], _ unknowns: GroupSolver.Unknowns) -> (matrix: [Double], right: [Double]) {
        var (matrix, right) = solver.equations(stars, group, unknowns)
        let size = unknowns.entries.count
        let softness = 2 / model.fwhmPixels
        for (index, entry) in unknowns.entries.enumerated() where entry.image > 0 {
            let flux = stars[group[entry.slot]].flux
            matrix[index * size + index] += softness * softness / (flux * flux)
        }
        return (matrix, right)
    }

    /// Reads a group as the fit has left it.
    func load(_ group: [Int]) -> GroupSolver.Unknowns {
        solver.load(&stars, group, sampler)
        return GroupSolver.Unknowns(stars, group, movesPlaces: true)
    }

    /// Puts a star back into the residual, and takes it out again.
    func restore(_ index: Int) {
        var star = stars[index]
        star.flux.negate()
        subtract(star)
    }

    func remove(_ index: Int) { subtract(stars[index]) }

    private func subtract(_ star: FittedStar) {
        guard star.flux != 0 else { return }
        sampler.image(x: star.x, y: star.y, half: star.layout.half, stride: star.layout.stride, into: scratch)
        planes.add(scratch, scale: -Float(star.flux), column: star.column, row: star.row, star.layout)
    }

    private func move(_ group: [Int], _ unknowns: GroupSolver.Unknowns, _ step: [Double]) {
        let reach = 0.3 * model.fwhmPixels
        for (entry, value) in zip(unknowns.entries, step) where entry.image == 0 {
            stars[group[entry.slot]].flux += value
        }
        for (entry, value) in zip(unknowns.entries, step) where entry.image > 0 {
            let index = group[entry.slot]
            guard stars[index].flux > 0 else { continue }
            let shift = min(max(value / stars[index].flux, -reach), reach)
            if entry.image == 1 { stars[index].x += shift } else { stars[index].y += shift }
        }
        for index in group where !stars[index].isFixed && !stars[index].isHeld {
            let star = stars[index]
            let (dx, dy) = (star.x - star.startX, star.y - star.startY)
            if star.flux <= 0 || (dx * dx + dy * dy).squareRoot() > 0.75 * model.fwhmPixels {
                stars[index].isHeld = true
                (stars[index].x, stars[index].y) = (star.startX, star.startY)
            }
        }
    }
}
