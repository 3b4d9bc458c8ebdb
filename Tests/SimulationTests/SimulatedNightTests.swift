import Foundation
import Imaging
import Sky
import Testing

@testable import Simulation

@Suite struct SimulatedNightTests {
    private let demo: (night: SimulatedNight, targets: DemoTargets)

    init() throws {
        demo = try SimulatedNight.demo(seed: 5, lightCount: 8, width: 256, height: 256)
    }

    @Test("a night is the same bytes for the same seed, in whatever order it is rendered")
    func deterministic() throws {
        let again = try SimulatedNight.demo(seed: 5, lightCount: 8, width: 256, height: 256)
        let exposures = try demo.night.exposures().filter { $0.camera == 0 }
        let one = FrameRenderer(demo.night, camera: 0)
        let two = FrameRenderer(again.night, camera: 0)
        let first = try [exposures[3], exposures[12], exposures[18]].map { try one.render($0) }
        let second = try [exposures[18], exposures[3], exposures[12]].map { try two.render($0) }
        #expect(first[0] == second[1] && first[1] == second[2] && first[2] == second[0])
        let other = try SimulatedNight.demo(seed: 6, lightCount: 8, width: 256, height: 256)
        #expect(try FrameRenderer(other.night, camera: 0).render(exposures[12]).image != first[1].image)
    }

    @Test("aperture sums on calibrated frames give the true flux within the photon noise")
    func truth() throws {
        let night = try SimulatedNight.demo(seed: 5, lightCount: 8).night
        let renderer = FrameRenderer(night, camera: 1)
        let exposure = try #require(try night.exposures().first { $0.camera == 1 && $0.kind == .light })
        let frame = try renderer.render(exposure)
        let instrument = renderer.detector.instrument
        let sky = instrument.skyElectronsPerSecond * exposure.seconds
        // Bright stars that stand alone.
        var checked = 0
        for star in frame.truth where (2e4...3e5).contains(star.fluxElectrons) {
            let alone = frame.truth.allSatisfy {
                $0.starID == star.starID || hypot($0.x - star.x, $0.y - star.y) > 15
                    || $0.fluxElectrons < star.fluxElectrons / 300
            }
            guard alone, star.x > 14, star.y > 14, star.x < 369, star.y < 305 else { continue }
            var (sum, variance) = (0.0, 0.0)
            for y in Int(star.y) - 12...Int(star.y) + 12 {
                for x in Int(star.x) - 12...Int(star.x) + 12 where hypot(Double(x) - star.x, Double(y) - star.y) < 10 {
                    let i = y * instrument.width + x
                    let electrons = Double(frame.image.pixels[i] - renderer.detector.bias.pixels[i]) * instrument.gain
                    let dark = Double(renderer.detector.darkCurrent.pixels[i]) * exposure.seconds
                    sum += (electrons - dark) / Double(renderer.detector.flat.pixels[i]) - sky
                    variance += electrons + 81
                }
            }
            #expect(abs(sum - star.fluxElectrons) < 5 * variance.squareRoot() + 0.005 * star.fluxElectrons)
            checked += 1
        }
        #expect(checked >= 5)
    }

    @Test("the header's world coordinates put every star where the truth has it")
    func worldCoordinates() throws {
        let renderer = FrameRenderer(demo.night, camera: 0)
        let exposure = try #require(try demo.night.exposures().last { $0.camera == 0 })
        let frame = try renderer.render(exposure)
        func card(_ keyword: String) throws -> Double { try #require(frame.header.number(keyword)) }
        let (ra0, dec0) = (try card("CRVAL1") * .pi / 180, try card("CRVAL2") * .pi / 180)
        #expect(frame.truth.count > 20)
        for star in frame.truth {
            let dx = star.x + 1 - (try card("CRPIX1"))
            let dy = star.y + 1 - (try card("CRPIX2"))
            let xi = (try card("CD1_1") * dx + card("CD1_2") * dy) * .pi / 180
            let eta = (try card("CD2_1") * dx + card("CD2_2") * dy) * .pi / 180
            // Native spherical coordinates of TAN, then the rotation to the celestial pole (Calabretta & Greisen 2002).
            let theta = atan2(1, hypot(xi, eta))
            let phi = atan2(xi, -eta)
            let dec = asin(sin(theta) * sin(dec0) - cos(theta) * cos(dec0) * cos(phi))
            let turn = atan2(cos(theta) * sin(phi), sin(theta) * cos(dec0) + cos(theta) * sin(dec0) * cos(phi))
            #expect(abs(dec * 180 / .pi - star.position.decDegrees) * 3600 < 1e-5)
            #expect(abs((ra0 + turn) * 180 / .pi - star.position.raDegrees) * 3600 < 1e-5)
        }
    }

    @Test("the second camera writes neither world coordinates nor gain, and looks at the same stars")
    func secondCamera() throws {
        let exposures = try demo.night.exposures()
        let frames = try [0, 1].map { camera in
            try FrameRenderer(demo.night, camera: camera).render(
                try #require(exposures.first { $0.camera == camera && $0.kind == .light }))
        }
        #expect(frames[0].header.text("CTYPE1") == "RA---TAN")
        #expect(frames[0].header.number("EGAIN") == 1.5)
        #expect(frames[1].header["CTYPE1"] == nil && frames[1].header["EGAIN"] == nil)
        #expect(frames[1].header.text("FILTER") == "r")
        #expect(frames[0].image.width != frames[1].image.width)
        let common = Set(frames[0].truth.map(\.starID)).intersection(frames[1].truth.map(\.starID))
        #expect(common.isSuperset(of: demo.targets.comparisonStarIDs + [demo.targets.novaStarID]))
    }

    @Test("the nova is bright after its eruption and only then, and a night without it stays quiet")
    func nova() throws {
        let eruption = try #require(demo.targets.eruptionMJD)
        let quiet = try SimulatedNight.demo(seed: 5, withNova: false, lightCount: 8, width: 256, height: 256)
        #expect(quiet.targets.eruptionMJD == nil)
        for night in [demo.night, quiet.night] {
            let renderer = FrameRenderer(night, camera: 0)
            for exposure in try night.exposures() where exposure.camera == 0 && exposure.kind == .light {
                let frame = try renderer.render(exposure)
                let row = try #require(frame.truth.first { $0.starID == demo.targets.novaStarID })
                let isErupted = night == demo.night && exposure.midpointMJD >= eruption
                #expect(isErupted ? row.magnitude < 17.4 : row.magnitude == 21.5)
            }
        }
    }

    @Test("comparison stars and the variable stay below saturation, one star never does")
    func unsaturated() throws {
        for camera in 0...1 {
            let renderer = FrameRenderer(demo.night, camera: camera)
            for exposure in try demo.night.exposures() where exposure.camera == camera && exposure.kind == .light {
                let frame = try renderer.render(exposure)
                let wanted = demo.targets.comparisonStarIDs + [demo.targets.variableStarID]
                for star in frame.truth where wanted.contains(star.starID) {
                    let peak = frame.image[Int(star.x.rounded()), Int(star.y.rounded())]
                    #expect(peak < 58_000)
                }
                let brightest = try #require(frame.truth.max { $0.fluxElectrons < $1.fluxElectrons })
                let ceiling = renderer.detector.instrument.saturationADU
                #expect(frame.image[Int(brightest.x.rounded()), Int(brightest.y.rounded())] == Float(ceiling))
            }
        }
    }

    @Test("variability follows its definition")
    func variability() {
        let eclipse = Variability.eclipse(periodDays: 2, depthMagnitudes: 0.5, durationDays: 0.2, epochMJD: 10)
        #expect(eclipse.magnitudeOffset(at: 12) == 0.5)
        #expect(abs(eclipse.magnitudeOffset(at: 12.075) - 0.25) < 1e-12)
        #expect(eclipse.magnitudeOffset(at: 12.11) == 0)
        let nova = Variability.nova(
            eruptionMJD: 5, amplitudeMagnitudes: 6, riseDays: 1, declineMagnitudesPerDay: 0.5)
        #expect(nova.magnitudeOffset(at: 4.999) == 0)
        #expect(nova.magnitudeOffset(at: 5) == -3)
        #expect(nova.magnitudeOffset(at: 6) == -6)
        #expect(nova.magnitudeOffset(at: 8) == -5)
        let wave = Variability.sinusoid(periodDays: 1, semiAmplitudeMagnitudes: 0.2, epochMJD: 0)
        #expect(abs(wave.magnitudeOffset(at: 0.25) - 0.2) < 1e-12)
    }

    @Test("clouds dim and clear again, and headers say when the exposure began")
    func conditions() throws {
        let lights = try demo.night.exposures().filter { $0.kind == .light && $0.camera == 0 }
        let cloud = PassingCloud(startMJD: 10, endMJD: 12, depth: 0.35)
        #expect(cloud.transparency(at: 9.9) == 1 && cloud.transparency(at: 12.1) == 1)
        #expect(abs(cloud.transparency(at: 11) - 0.65) < 1e-12)
        #expect(lights.allSatisfy { ($0.airmass ?? 9) < 1.2 && $0.seeingArcseconds > 1 })
        let frame = try FrameRenderer(demo.night, camera: 0).render(lights[0])
        #expect(frame.header.text("DATE-OBS") == "2026-03-20T22:00:00.000")
        #expect(frame.fileName == "demo-a-light-0016.fits")
    }

    @Test("over 20 seeds the weather and the peak differ, the sky and the place of the first light do not")
    func seeds() throws {
        let nights = try (1...20).map { try SimulatedNight.demo(seed: $0, lightCount: 36) }
        let depths = try nights.map { try $0.night.exposures().map(\.transparency).min() ?? 1 }
        #expect(depths.min() ?? 1 < 0.3 && depths.max() ?? 0 > 0.5)
        #expect(Set(nights.map(\.night.seeingArcseconds)).count == 20)
        let peaks = try nights.map { night, targets in
            let nova = try #require(night.field.stars.first { $0.id == targets.novaStarID })
            return try night.exposures().map { nova.magnitude + nova.variability.magnitudeOffset(at: $0.midpointMJD) }
                .min() ?? 0
        }
        #expect(peaks.min() ?? 99 < 11.2 && peaks.max() ?? 0 > 12.8)
        for (night, targets) in nights {
            #expect(targets.nova == nights[0].targets.nova && targets.comparisons == nights[0].targets.comparisons)
            let constant = night.field.stars.filter { $0.variability == .constant }
            #expect(constant == nights[0].night.field.stars.filter { $0.variability == .constant })
            #expect(constant.filter { targets.comparisonStarIDs.contains($0.id) }.count == 5)
            let eruption = try #require(targets.eruptionMJD)
            for camera in 0...1 {
                let lights = try night.exposures().filter { $0.camera == camera && $0.kind == .light }
                #expect(lights[0].shiftX == 0 && lights[0].shiftY == 0 && lights[0].rotationDegrees == 0)
                #expect(lights.count { $0.midpointMJD < eruption } >= 12)
                #expect(lights.count { $0.midpointMJD > eruption } >= 12)
            }
        }
    }
}
