internal import Astrometry
internal import Foundation
internal import FrameSolving
internal import Imaging
internal import PlateSolving
internal import Sky

/// What became of one frame, as JSON and in words.
struct SolutionReport: Encodable {
    struct Attempt: Encodable {
        let rung: String
        let outcome: String
        let reason: String
        let imageStars: Int
        let catalogueStars: Int
        let hypotheses: Int
        let logOdds: Double?
        let cpuSeconds: Double
    }

    struct Solution: Encodable {
        let rung: String
        let raDegrees: Double
        let decDegrees: Double
        let scaleArcsecPerPixel: Double
        /// Direction of the y axis, north through east.
        let rotationDegrees: Double
        let isMirrored: Bool
        let stars: Int
        let clippedStars: Int
        /// Matched, but saturated or at an edge: their centroids are no part of the fit.
        let leftOutStars: Int
        let catalogueStarsInFrame: Int
        let rmsPixels: Double
        let rmsArcsec: Double
        let expectedRMSPixels: Double
        let expectedRMSArcsec: Double
        let logOdds: Double
        let distortionOrder: Int
        let orderReason: String
        let inverseErrorPixels: Double?
        /// Half axis of the error ellipse of one sigma at the frame's centre and in its worst corner.
        let centreErrorArcsec: Double?
        let cornerErrorArcsec: Double?
        let covarianceKeywords: [String]
        let covariance: [[Double]]
    }

    let file: String
    var out: String?
    let width: Int
    let height: Int
    let stars: Int
    let epoch: Double
    let catalogue: String
    let solved: Bool
    let solution: Solution?
    let notSolvedBecause: String?
    let attempts: [Attempt]
    let notes: [String]
    let steps: [StepTimes.Step]
    /// Of each repetition of the solving alone.
    let repeatedCPUSeconds: [Double]?

    init(_ file: String, _ outcome: FrameSolver.Outcome, catalogue: String, out: String?) {
        let (frame, result) = (outcome.frame, outcome.result)
        self.file = file
        self.catalogue = catalogue
        (width, height) = (frame.size.width, frame.size.height)
        (stars, epoch) = (frame.stars.count, frame.epoch)
        solved = result.solution != nil
        self.out = result.solution == nil ? nil : out
        solution = result.solution.map { Solution($0) }
        notSolvedBecause = result.notSolvedBecause.map {
            $0 + Self.options(result.advice, ofList: frame.header == Header())
        }
        attempts = result.attempts.map { attempt in
            Attempt(
                rung: attempt.rung.rawValue, outcome: attempt.outcome.rawValue, reason: attempt.reason,
                imageStars: attempt.imageStars, catalogueStars: attempt.catalogueStars,
                hypotheses: attempt.hypotheses, logOdds: attempt.logOdds, cpuSeconds: attempt.seconds)
        }
        notes = outcome.notes
        steps = outcome.times.steps
        repeatedCPUSeconds = outcome.repeatedCPUSeconds.isEmpty ? nil : outcome.repeatedCPUSeconds
    }

    /// The options that do what is advised.
    private static func options(_ advice: [SolvingAdvice], ofList isList: Bool) -> String {
        let words = advice.compactMap { advice -> String? in
            switch advice {
            case .givePointing: "--near RA,DEC"
            case .giveScale, .otherScale: "--scale LOW,HIGH"
            case .moreStars: isList ? nil : "--threshold 3"
            case .deeperCatalogue, .repairCatalogue: "--catalog DIR"
            case .searchBlind: "--blind"
            case .checkDate: nil
            }
        }
        return words.isEmpty ? "" : " (\(Array(NSOrderedSet(array: words)).map { "\($0)" }.joined(separator: ", ")))"
    }

    /// For people, one line, and one more for each remark.
    var text: String {
        let remarks = notes.map { "\n  \($0)" }.joined()
        guard let solution else { return "\(file): not solved, because \(notSolvedBecause ?? "")" + remarks }
        let position = String(
            format: "centre %.5f %+.5f, %.4f arcsec/px, y axis at %.2f deg", solution.raDegrees, solution.decDegrees,
            solution.scaleArcsecPerPixel, solution.rotationDegrees)
        let quality = String(
            format: "%d stars within %.3f px or %.2f arcsec (rms; expected %.3f px)", solution.stars,
            solution.rmsPixels, solution.rmsArcsec, solution.expectedRMSPixels)
        let seconds = steps.reduce(0) { $0 + $1.wallSeconds }
        return "\(file): solved \(SolutionReport.words(solution.rung)): \(quality), \(position)"
            + (solution.isMirrored ? ", mirrored" : "") + ", order \(solution.distortionOrder), "
            + String(format: "%.2f s", seconds) + (out.map { " -> \($0)" } ?? "") + remarks
    }

    private static func words(_ rung: String) -> String {
        switch SolvingRung(rawValue: rung) {
        case .header?: "by its own coordinates"
        case .previous?: "from the last frame"
        case .hint?: "around its pointing"
        case .wide?: "far around its pointing"
        case .engine?: "by solve-field's index"
        case .blind?, nil: "over the whole sky"
        }
    }
}

extension SolutionReport.Solution {
    init(_ solution: FrameSolution) {
        let fit = solution.fit
        let (right, top) = (Double(fit.width - 1), Double(fit.height - 1))
        let corners = [(0.0, 0.0), (right, 0), (0, top), (right, top)]
        let covariance = fit.covariance()
        rung = solution.rung.rawValue
        (raDegrees, decDegrees) = (solution.centre.raDegrees, solution.centre.decDegrees)
        scaleArcsecPerPixel = fit.arcsecPerPixel
        rotationDegrees = solution.rotationDegrees
        isMirrored = fit.isMirrored
        (stars, clippedStars) = (fit.residuals.used, fit.residuals.clipped)
        leftOutStars = solution.pairs.count(where: \.isLeftOut)
        catalogueStarsInFrame = solution.catalogueStarsInFrame
        (rmsPixels, rmsArcsec) = (solution.rmsPixels, solution.rmsArcsec)
        (expectedRMSPixels, expectedRMSArcsec) = (solution.expectedRMSPixels, solution.expectedRMSArcsec)
        logOdds = solution.logOdds
        (distortionOrder, orderReason) = (fit.order, solution.orderReason)
        inverseErrorPixels = fit.inverseErrorPixels.isFinite ? fit.inverseErrorPixels : nil
        centreErrorArcsec = fit.error(x: right / 2, y: top / 2)?.majorArcsec
        cornerErrorArcsec = corners.compactMap { fit.error(x: $0.0, y: $0.1)?.majorArcsec }.max()
        (covarianceKeywords, self.covariance) = (covariance.keywords, covariance.matrix)
    }
}
