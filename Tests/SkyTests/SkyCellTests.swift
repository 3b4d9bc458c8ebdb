import Sky
import Testing

@Suite("Cells of the sky")
struct SkyCellTests {
    /// From healpy 1.20.1: `ang2pix(2**order, ra, dec, nest=True, lonlat=True)`.
    static let known: [(ra: Double, dec: Double, order: Int, number: Int64)] = [
        (0, 0, 0, 4),
        (0.01, 0.02, 5, 4864), (45, 41.8, 5, 255), (359.9999999, -1e-07, 10, 4_456_447), (0, 90, 8, 65535),
        (123.456, -90, 8, 589_824), (266.41683, -29.00781, 12, 118_088_263),
        (31.04283, 46.68783, 29, 178_174_156_902_829_442), (180, 66.4, 3, 175), (315, -41.9, 7, 184_319),
    ]

    @Test("numbers of cells agree with healpy's nested numbering")
    func numbers() throws {
        for cell in Self.known {
            let position = try SkyPosition(raDegrees: cell.ra, decDegrees: cell.dec)
            #expect(SkyCell(containing: position, order: cell.order).number == cell.number, "\(cell)")
        }
    }

    /// The same for 20,000 places, each number times an odd one, all by exclusive or.
    @Test(
        "all over the sky the numbers are healpy's",
        arguments: [
            (0, UInt64(99178)), (1, 1_343_158), (5, 244_354_873), (13, 31_302_613_875_123),
            (20, 512_864_616_495_764_108), (24, 2_166_133_403_938_562_708),
        ])
    func manyNumbers(order: Int, expected: UInt64) throws {
        var hash: UInt64 = 0
        for step in 0..<20_000 {
            let position = try SkyPosition(
                raDegrees: (Double(step) * 137.50776405003785).truncatingRemainder(dividingBy: 360),
                decDegrees: -90 + 180 * (Double(step) * 0.618_033_988_749_894_9).truncatingRemainder(dividingBy: 1))
            let number = SkyCell(containing: position, order: order).number
            hash ^= UInt64(number) &* UInt64(2 * step + 1)
        }
        #expect(hash == expected)
    }

    @Test("a cell contains its centre, and its parts are where it is", arguments: [0, 1, 4, 9, 18, 28])
    func centres(order: Int) throws {
        let count = SkyCell.count(order: order)
        for step in 0..<500 {
            let number = count / 500 * Int64(step) + count % 500 * Int64(step) / 500
            let cell = try #require(SkyCell(order: order, number: number))
            #expect(SkyCell(containing: cell.centre, order: order) == cell)
            for part in cell.parts {
                #expect(SkyCell(containing: part.centre, order: order) == cell)
                let reach = SkyCell.circumscribedRadiusDegrees(order: order)
                #expect(cell.centre.separationDegrees(from: part.centre) < reach)
            }
        }
    }

    @Test("there are no cells beyond the numbering")
    func bounds() {
        #expect(SkyCell(order: 3, number: 768) == nil)
        #expect(SkyCell(order: 3, number: -1) == nil)
        #expect(SkyCell(order: 30, number: 0) == nil)
        #expect(SkyCell(order: 29, number: SkyCell.count(order: 29) - 1) != nil)
        #expect(abs(SkyCell.sideDegrees(order: 0) - 58.632) < 0.001)
    }

    /// Every point of a cone must lie in one of its cells: on the rim and inside, at poles, right across RA 0.
    @Test("no cell of a cone is missing")
    func cones() throws {
        let centres = [(0.0, 0.0), (0.001, 89.999), (10, -90), (359.999, 41.81), (45, 66.44), (200, -12.5)]
        for (ra, dec) in centres {
            let centre = try SkyPosition(raDegrees: ra, decDegrees: dec)
            for (radius, order) in [(0.01, 9), (0.5, 6), (3, 4), (40, 3), (170, 2)] {
                let cells = SkyCell.cells(order: order, within: radius, of: centre)
                #expect(cells == cells.sorted() && Set(cells).count == cells.count)
                let numbers = Set(cells.map(\.number))
                for step in 0...300 {
                    // A spiral with the golden angle: even over the disc, the last one on its rim.
                    let point = centre.displaced(
                        separationDegrees: radius * (Double(step) / 300).squareRoot(),
                        positionAngleDegrees: 137.508 * Double(step))
                    #expect(numbers.contains(SkyCell(containing: point, order: order).number), "\(centre) \(point)")
                }
            }
            let near = SkyCell.cells(order: 9, within: 0.01, of: centre)
            #expect(near.count <= 20, "a small cone needs few cells: \(near.count)")
        }
        let all = SkyCell.cells(order: 3, within: 180, of: try SkyPosition(raDegrees: 1, decDegrees: 2))
        #expect(all.count == 768)
    }
}

@Suite("Proper motion")
struct ProperMotionTests {
    @Test("Barnard's star moves as astropy moves it")
    func barnard() throws {
        // astropy 8.0.2: SkyCoord(269.4520769586187 deg, 4.693364966441 deg, pm -801.551, 10362.394 mas/yr,
        // distance 1000/546.9759 pc, radial velocity 0, J2016).apply_space_motion(J2050)
        let motion = try ProperMotion(raMasPerYear: -801.551, decMasPerYear: 10362.394, parallaxMas: 546.9759)
        let start = try SkyPosition(raDegrees: 269.452_076_958_618_7, decDegrees: 4.693_364_966_441)
        let end = start.moved(by: motion, from: 2016, to: 2050)
        let expected = try SkyPosition(raDegrees: 269.444_480_220_177_07, decDegrees: 4.791_231_883_788_29)
        #expect(end.separationDegrees(from: expected) * 3600 < 0.001)
        #expect(end.moved(by: motion, from: 2050, to: 2016).separationDegrees(from: start) * 3600 < 0.01)
    }

    @Test("stars with and without a parallax, at a pole and across RA 0, move as ERFA moves them")
    func erfa() throws {
        // pyerfa 2.0.1.5: pmsafe(ra, dec, pmra / cos(dec), pmdec, parallax, 0, epochs)
        let rows = [
            [10, 20, 300, -400, 0, 1991.25, 2026.5, 10.003_125_944_428_351, 19.996_083_305_937_788],
            [123.456, -67.89, -1500, 900, 0, 1991.25, 2026.5, 123.416_992_330_876_18, -67.881_182_868_308_26],
            [359.9999, 0, 50, 20, 0, 1991.25, 2017.97, 0.000_271_111_111_103_563_46, 0.000_148_444_444_440_984_4],
            [45, 89.999, -30, 80, 12, 2016, 2050, 355.785_821_484_825_9, 89.999_625_793_019_58],
            [
                269.452_076_958_618_7, 4.693_364_966_441, -801.551, 10362.394, 0, 2016, 1950, 269.466_817_487_735_74,
                4.503_388_290_895_693,
            ],
        ]
        for row in rows {
            let start = try SkyPosition(raDegrees: row[0], decDegrees: row[1])
            let motion = try ProperMotion(raMasPerYear: row[2], decMasPerYear: row[3], parallaxMas: row[4])
            let expected = try SkyPosition(raDegrees: row[7], decDegrees: row[8])
            let end = start.moved(by: motion, from: row[5], to: row[6])
            #expect(end.separationDegrees(from: expected) * 3600 < 1e-6)
        }
    }

    @Test("near a pole a star crosses it")
    func pole() throws {
        // 1 arcsec from the pole, moving 0.1 arcsec/yr straight over it for 20 years: 1 arcsec beyond.
        let start = try SkyPosition(raDegrees: 30, decDegrees: 90 - 1 / 3600.0)
        let motion = try ProperMotion(raMasPerYear: 0, decMasPerYear: 100)
        let end = start.moved(by: motion, from: 2000, to: 2020)
        let expected = try SkyPosition(raDegrees: 210, decDegrees: 90 - 1 / 3600.0)
        #expect(end.separationDegrees(from: expected) * 3600 < 0.001)
    }

    @Test("a star that stands still stays, and impossible motions are refused")
    func limits() throws {
        let start = try SkyPosition(raDegrees: 0, decDegrees: 90)
        #expect(start.moved(by: try ProperMotion(raMasPerYear: 0, decMasPerYear: 0), from: 1991.25, to: 2026) == start)
        let odd = start.moved(by: try ProperMotion(raMasPerYear: 500, decMasPerYear: 0), from: 1991.25, to: 2026)
        #expect(odd.decDegrees > 89.99)
        #expect(throws: SkyError.self) { try ProperMotion(raMasPerYear: .nan, decMasPerYear: 0) }
        #expect(throws: SkyError.self) { try ProperMotion(raMasPerYear: 0, decMasPerYear: 1e6) }
        #expect(throws: SkyError.self) { try ProperMotion(raMasPerYear: 0, decMasPerYear: 0, parallaxMas: .infinity) }
    }
}
