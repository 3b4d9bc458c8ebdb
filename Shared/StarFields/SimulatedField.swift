public import PlateSolving
public import PortableNumbers
public import Sky

/// A frame, a catalogue, a hint, and the truth.
public struct SimulatedField: Sendable {
    public var image: [ImageStar] = []
    public var catalogue: [GuideStar] = []
    public var hint: PointingHint
    public var size: FrameSize
    public var truth: TangentSolution
    /// Of each detection, the catalogue star that it is; -1 for a false one.
    public var partner: [Int] = []

    /// Stars around a centre.
    public typealias Sky = (_ centre: SkyPosition, _ radiusDegrees: Double, _ words: inout SplitMix64) throws ->
        [GuideStar]

    public init(_ recipe: FieldRecipe, seed: UInt64, sky: Sky? = nil) throws {
        var words = SplitMix64(seed: seed &* 0x1234_5679 &+ 77)
        size = FrameSize(width: recipe.width, height: recipe.height)
        let z = Self.sine(recipe.declinations, &words)
        let centre = try SkyPosition(raDegrees: 360 * words.uniform(), decDegrees: z)
        truth = Self.tangent(recipe, centre, &words)
        let distance = recipe.hintOffset ?? words.uniform().squareRoot()
        let hinted = centre.displaced(
            separationDegrees: distance * recipe.uncertainty, positionAngleDegrees: 360 * words.uniform())
        let nominal = recipe.scale / (1 + recipe.scaleTolerance * 0.9 * (2 * words.uniform() - 1))
        hint = PointingHint(
            centre: hinted, uncertaintyDegrees: recipe.uncertainty,
            scaleRange: (nominal * (1 - recipe.scaleTolerance))...(nominal * (1 + recipe.scaleTolerance)),
            parity: recipe.parity == .unknown ? .unknown : truth.parity)
        let side = Double(recipe.width * recipe.width + recipe.height * recipe.height).squareRoot()
        let radius = recipe.uncertainty + 0.6 * side * hint.scaleRange.upperBound / 3600
        // The truth's own surroundings, whether or not the hint is near: the catalogue is what is around the hint.
        let area = Double(recipe.width * recipe.height) * (recipe.scale / 3600) * (recipe.scale / 3600)
        let stars =
            try sky.map { try $0(hinted, radius, &words) }
            ?? Self.uniformSky(hinted, radius, perSquareDegree: recipe.starsInFrame / area, &words)
        var real = stars
        if (recipe.hintOffset ?? 0) > 1 {
            real =
                try sky.map { try $0(centre, 0.6 * side * recipe.scale / 3600, &words) }
                ?? Self.uniformSky(
                    centre, side * recipe.scale / 3600, perSquareDegree: recipe.starsInFrame / area, &words)
        }
        catalogue = stars
        if recipe.cluster > 0 {
            addCluster(recipe, centre, &words)
            real = catalogue
        }
        expose(real, recipe, &words)
        addFalse(recipe, &words)
        catalogue = catalogue.map { $0.scattered(by: recipe.catalogueError, &words) }
    }

    private static func sine(_ range: ClosedRange<Double>, _ words: inout SplitMix64) -> Double {
        // Even over the sphere where the whole of it is asked for; even in declination elsewhere.
        let share = words.uniform()
        return range.lowerBound + (range.upperBound - range.lowerBound) * share
    }

    private static func tangent(
        _ recipe: FieldRecipe, _ centre: SkyPosition, _ words: inout SplitMix64
    ) -> TangentSolution {
        let flip: Double = (recipe.mirrored ?? (words.uniform() < 0.5)) ? 1 : -1
        let step = recipe.scale / 3600
        // Any rotation, from a rational point of the circle.
        let t = 2 * words.uniform() - 1
        let half = (2 * t) / (1 + t * t)
        let cosine = (1 - t * t) / (1 + t * t)
        let (c, s) = (cosine * cosine - half * half, 2 * cosine * half)
        return TangentSolution(
            referencePosition: centre, referenceX: Double(recipe.width - 1) / 2,
            referenceY: Double(recipe.height - 1) / 2, cd11: flip * step * c, cd12: step * s, cd21: -flip * step * s,
            cd22: step * c)
    }

    /// Stars evenly over a cap, fainter ones more: N(m) grows as 10^(0.35 m).
    public static func uniformSky(
        _ centre: SkyPosition, _ radius: Double, perSquareDegree: Double, _ words: inout SplitMix64
    ) -> [GuideStar] {
        let count = words.poisson(perSquareDegree * Double.pi * radius * radius)
        var stars = (0..<Int(count)).map { _ in
            let distance = radius * words.uniform().squareRoot()
            let place = centre.displaced(separationDegrees: distance, positionAngleDegrees: 360 * words.uniform())
            return GuideStar(position: place, magnitude: 14 + Elementary.log(words.uniform()) / (2.3026 * 0.35))
        }
        stars.sort { $0.magnitude < $1.magnitude }
        return stars
    }

    private mutating func addCluster(_ recipe: FieldRecipe, _ centre: SkyPosition, _ words: inout SplitMix64) {
        for _ in 0..<recipe.cluster {
            let distance = 0.04 * recipe.scale * Double(recipe.width) / 3600 * Elementary.log(1 / words.uniform())
            let place = centre.displaced(separationDegrees: distance, positionAngleDegrees: 360 * words.uniform())
            catalogue.append(
                GuideStar(position: place, magnitude: 13 + Elementary.log(words.uniform()) / (2.3026 * 0.35)))
        }
        catalogue.sort { $0.magnitude < $1.magnitude }
    }

    private mutating func expose(_ real: [GuideStar], _ recipe: FieldRecipe, _ words: inout SplitMix64) {
        let inside = real.indices.compactMap { index -> (Int, Double, Double, Double)? in
            guard let pixel = truth.pixel(of: real[index].position), pixel.x > -0.5, pixel.y > -0.5,
                pixel.x < Double(recipe.width) - 0.5, pixel.y < Double(recipe.height) - 0.5
            else { return nil }
            let magnitude = real[index].magnitude + recipe.magnitudeScatter * words.gaussian()
            return (index, pixel.x, pixel.y, magnitude)
        }
        let kept = inside.sorted { $0.3 < $1.3 }.prefix(Int((Double(inside.count) * recipe.depth).rounded(.up)))
        let (dragX, dragY) = (recipe.trail * words.gaussian(), recipe.trail * words.gaussian())
        let hole = recipe.cluster > 0 ? 0.12 * Double(recipe.width) : 0
        let belongs = (recipe.hintOffset ?? 0) <= 1
        for (index, x, y, magnitude) in kept where words.uniform() > recipe.missing {
            let (dx, dy) = (x - truth.referenceX, y - truth.referenceY)
            guard dx * dx + dy * dy >= hole * hole else { continue }
            let corner = truth.referenceX * truth.referenceX + truth.referenceY * truth.referenceY
            let bend = recipe.distortion * (dx * dx + dy * dy) / (corner * corner.squareRoot())
            let noise = recipe.centroidError * (1 + 0.5 * words.uniform())
            let along = recipe.trail * words.gaussian()
            image.append(
                ImageStar(
                    x: x + bend * dx + noise * words.gaussian() + dragX + along,
                    y: y + bend * dy + noise * words.gaussian() + dragY + 0.5 * along,
                    flux: Elementary.exp(-0.921_034 * (magnitude - 14)),
                    positionErrorPixels: recipe.claimedError
                        * (noise * noise + recipe.trail * recipe.trail).squareRoot()))
            partner.append(belongs ? index : -1)
        }
    }

    private mutating func addFalse(_ recipe: FieldRecipe, _ words: inout SplitMix64) {
        let spurious = Int((Double(image.count) * recipe.falseShare / (1 - recipe.falseShare)).rounded())
        let fluxes = image.map(\.flux)
        for _ in 0..<spurious {
            let flux = fluxes.isEmpty ? 1 : fluxes[Int(words.uniform() * Double(fluxes.count))]
            add(x: Double(recipe.width) * words.uniform(), y: Double(recipe.height) * words.uniform(), flux: flux)
        }
        let dim = fluxes.sorted()
        for _ in 0..<Int(Double(fluxes.count) * recipe.fainter) {
            let flux = dim[dim.count / 10] * words.uniform()
            add(x: Double(recipe.width) * words.uniform(), y: Double(recipe.height) * words.uniform(), flux: flux)
        }
        let (x, y) = (Double(recipe.width) * words.uniform(), Double(recipe.height) * words.uniform())
        let brightest = fluxes.max() ?? 1
        for _ in 0..<recipe.comet {
            add(x: x + 30 * words.gaussian(), y: y + 15 * words.gaussian(), flux: brightest * words.uniform())
        }
    }

    private mutating func add(x: Double, y: Double, flux: Double) {
        image.append(ImageStar(x: x, y: y, flux: flux, positionErrorPixels: 0.2))
        partner.append(-1)
    }

    /// Greatest distance between a solution and the truth at the frame's centre and corners [px].
    public func error(of solution: TangentSolution) -> Double {
        let (right, top) = (Double(size.width - 1), Double(size.height - 1))
        let places = [(0.5 * right, 0.5 * top), (0, 0), (right, 0), (0, top), (right, top)]
        return places.map { place in
            let sky = solution.position(x: place.0, y: place.1)
            guard let pixel = truth.pixel(of: sky) else { return Double.infinity }
            let (dx, dy) = (pixel.x - place.0, pixel.y - place.1)
            return (dx * dx + dy * dy).squareRoot()
        }.max() ?? .infinity
    }
}

extension GuideStar {
    /// With an error of its position [arcsec].
    public func scattered(by error: Double, _ words: inout SplitMix64) -> GuideStar {
        let (one, two) = Deviates.gaussianPair(&words)
        let length = error * (one * one + two * two).squareRoot()
        return GuideStar(
            position: position.displaced(
                separationDegrees: length / 3600, positionAngleDegrees: 360 * words.uniform()),
            magnitude: magnitude, positionErrorArcsec: error)
    }
}
