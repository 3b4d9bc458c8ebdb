internal import Astrometry
internal import Glibc
internal import PlateSolving
internal import ReferenceCatalogue
internal import Sky

/// A header's world coordinate system as the ladder uses it.
struct HeaderCoordinates {
    let coordinates: ApproximateCoordinates
    let arcsecPerPixel: Double

    /// Keeps wcslib's structure for the closure.
    private final class Holder {
        let world: WorldCoordinates

        init(_ world: consuming WorldCoordinates) {
            self.world = world
        }
    }

    /// - Throws: `RungFailure.absent` for a frame that was never solved, `unusable` for coordinates that are none.
    init(_ frame: FrameToSolve) throws(RungFailure) {
        let holder: Holder
        do {
            holder = Holder(try WorldCoordinates(frame.header))
        } catch .absent {
            throw .absent("the header has no world coordinate system", nil)
        } catch {
            throw .unusable(error.description)
        }
        let (x, y) = (Double(frame.size.width - 1) / 2, Double(frame.size.height - 1) / 2)
        guard let centre = holder.world.position(x: x, y: y), let scale = holder.world.scale(x: x, y: y) else {
            throw .unusable("the middle of the frame has no place on the sky by them")
        }
        coordinates = ApproximateCoordinates(centre: centre) { holder.world.pixel(of: $0) }
        arcsecPerPixel = scale.arcsecPerPixel
    }
}

extension PreviousSolution {
    /// As if the telescope had moved by the difference of the two pointings.
    func moved(to pointing: SkyPosition?) -> TangentSolution {
        guard let from = self.pointing, let pointing else { return tangent }
        let step = from.offset(to: pointing)
        // The tangent point is carried along; near a pole the axes turn with its meridian.
        let here = from.offset(to: tangent.referencePosition)
        let place = pointing.displaced(
            separationDegrees: here.separationDegrees, positionAngleDegrees: here.positionAngleDegrees)
        guard step.separationDegrees > 0 else { return tangent }
        return TangentSolution(
            referencePosition: place, referenceX: tangent.referenceX, referenceY: tangent.referenceY,
            cd11: tangent.cd11, cd12: tangent.cd12, cd21: tangent.cd21, cd22: tangent.cd22)
    }
}

extension ReferenceStar {
    var guide: GuideStar {
        GuideStar(
            position: position, magnitude: Double(star.rankingMagnitude), positionErrorArcsec: positionErrorArcsec)
    }
}

extension ClosedRange where Bound == Double {
    /// Parts of at most a ratio, the middle one first.
    func steps(ratio: Double) -> [ClosedRange<Double>] {
        guard lowerBound > 0, upperBound.isFinite, upperBound > lowerBound * ratio else { return [self] }
        let count = Int((log(upperBound / lowerBound) / log(ratio)).rounded(.up))
        let step = pow(upperBound / lowerBound, 1 / Double(count))
        let parts = (0..<count).map { part -> ClosedRange<Double> in
            let low = lowerBound * pow(step, Double(part))
            return low...Swift.min(upperBound, low * step)
        }
        let middle = Double(count - 1) / 2
        return parts.enumerated().sorted { abs(Double($0.offset) - middle) < abs(Double($1.offset) - middle) }
            .map(\.element)
    }
}
