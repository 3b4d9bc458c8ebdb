import CatalogueTables
import Foundation
import ReferenceCatalogue
import Sky
import Testing

extension ShippedMapsTests {
    @Test("APASS DR9: arcseconds become milliarcseconds, and an error of zero is none")
    func apass9() throws {
        let columns = [
            ("recno", ""), ("RAJ2000", "deg"), ("DEJ2000", "deg"), ("e_RAJ2000", "arcsec"), ("Vmag", "mag"),
            ("e_Vmag", "mag"), ("Bmag", "mag"), ("e_Bmag", "mag"), ("g'mag", "mag"), ("e_g'mag", "mag"),
            ("r'mag", "mag"), ("e_r'mag", "mag"), ("i'mag", "mag"), ("e_i'mag", "mag"),
        ]
        let row = "   42\t132.941947\t+11.604885\t0.305\t11.166\t0.021\t11.864\t0.000\t11.42\t0.05\t\t\t10.9\t0.1"
        let star = try #require(try read("apass-dr9-vizier", Self.vizier(columns, [row])).stars.first)
        #expect(star.identifier == 42 && star.position.decDegrees == 11.604885 && star.positionErrorMas == 305)
        #expect(star.magnitudes.prefix(3) == [11.166, 11.864, 11.42] && star.magnitudes[3].isNaN)
        #expect(star.magnitudeErrors[0] == 0.021 && star.magnitudeErrors[1].isNaN && star.motion == nil)
    }

    @Test("APASS DR10: fields between blanks, 99.999 and negative errors")
    func apass10() throws {
        let lines = [
            "APASS ID      ra       raerr     dec     decerr  nobs ...",
            "090-0000001  10.000236 0.41   1.886943 0.38  4 4 0 4 4 1 0 0  15.579 14.798 99.999 15.2 14.6 14.3 99.999 "
                + "99.999   0.041 0.030 99.999 0.02 0.05 -0.000 99.999 99.999",
        ]
        let star = try #require(try read("apass-dr10", lines).stars.first)
        #expect(star.identifier == 900_000_001 && star.positionErrorMas == 410)
        #expect(star.magnitudes == [14.798, 15.579, 15.2, 14.6, 14.3])
        #expect(Array(star.magnitudeErrors.prefix(4)) == [0.03, 0.041, 0.02, 0.05] && star.magnitudeErrors[4].isNaN)
    }

    @Test("Pan-STARRS from VizieR and from MAST: modified Julian dates become years")
    func panSTARRS() throws {
        let bands = ["g", "r", "i", "z", "y"]
        let columns =
            [
                ("objID", ""), ("Qual", ""), ("RAJ2000", "deg"), ("DEJ2000", "deg"), ("e_RAJ2000", "arcsec"),
                ("Epoch", "d"),
            ]
            + bands.flatMap { [("\($0)mag", "mag"), ("e_\($0)mag", "mag")] }
        let row =
            "122881060300000001\t 53\t106.03\t12.4\t0.0021\t56112.25\t15.1\t0.003\t14.8\t0.002\t\t"
            + "\t14.5\t0.01\t14.4\t0.02"
        let star = try #require(try read("pan-starrs-dr1-vizier", Self.vizier(columns, [row])).stars.first)
        // 4567.75 days after J2000.0 are 12.50581793292 Julian years; bits of 53: 1, 4, 16, 32.
        #expect(abs(star.epoch - 2012.505_817_932_92) < 1e-9 && star.flags == [.extended])
        #expect(star.identifier == 122_881_060_300_000_001 && abs(star.positionErrorMas - 2.1) < 1e-5)
        #expect(star.magnitudes[0] == 14.8 && star.magnitudes[1] == 15.1 && star.magnitudes[2].isNaN)

        let heading =
            ["objID", "raMean", "decMean", "raMeanErr", "epochMean", "qualityFlag"]
            + bands.flatMap { ["\($0)MeanPSFMag", "\($0)MeanPSFMagErr"] }
        let mast = [
            heading.joined(separator: ","),
            "122881060300000001,106.03,12.4,0.0021,51544.5,60,15.1,0.003,14.8,0.002,-999,-999,14.5,0.01,14.4,0.0",
            "122881060300000002,-999,-999,-999,-999,0,15.1,0.003,14.8,0.002,-999,-999,14.5,0.01,14.4,0.02",
        ]
        let (stars, problems) = try read("pan-starrs-mast", mast)
        #expect(stars.count == 1 && stars[0].epoch == 2000 && stars[0].flags == [] && problems.count == 1)
        #expect(stars[0].magnitudes[2].isNaN && stars[0].magnitudeErrors[2].isNaN && stars[0].magnitudeErrors[4].isNaN)
    }

    @Test("SDSS: PSF magnitudes of primary objects only; other magnitudes differ in a letter")
    func sdss() throws {
        let bands = ["u", "g", "r", "i", "z"]
        let columns =
            [
                ("RA_ICRS", "deg"), ("DE_ICRS", "deg"), ("mode", ""), ("class", ""), ("clean", ""), ("objID", ""),
                ("ObsDate", "yr"),
            ]
            + bands.flatMap { band in
                ["mag", "pmag", "Pmag", "'mag"].flatMap { [(band + $0, "mag"), ("e_" + band + $0, "mag")] }
            }
        func row(_ mode: String, _ kind: String, _ clean: String) -> String {
            let all = (0..<5).flatMap { band in (0..<4).flatMap { ["\(10 + band).\($0)", "0.0\(band + 1)"] } }
            return (["150.1", "+2.2", mode, kind, clean, "1237651754012672000", "2003.0741"] + all)
                .joined(separator: "\t")
        }
        let rows = [row("1", "6", "1"), row("2", "6", "1"), row("1", "3", "0")]
        let (stars, problems) = try read("sdss-dr16-vizier", Self.vizier(columns, rows))
        #expect(stars.count == 2 && problems == ["rows: column mode says that it is not wanted"])
        #expect(stars[0].magnitudes == [12.1, 11.1, 13.1, 14.1, 10.1] && stars[0].magnitudeErrors[4] == 0.01)
        #expect(stars[0].identifier == 1_237_651_754_012_672_000 && stars[0].epoch == 2003.0741)
        #expect(stars.map(\.flags) == [[], [.extended, .poorPhotometry]])
    }

    @Test("2MASS from VizieR: each star its own epoch; an upper limit is no magnitude")
    func twoMASS() throws {
        let columns = [
            ("RAJ2000", "deg"), ("DEJ2000", "deg"), ("errMaj", "arcsec"), ("2MASS", ""), ("Jmag", "mag"),
            ("e_Jmag", "mag"), ("Hmag", "mag"), ("e_Hmag", "mag"), ("Kmag", "mag"), ("e_Kmag", "mag"), ("Qflg", ""),
            ("Cflg", ""), ("Xflg", ""), ("JD", "d"),
        ]
        let rows = [
            "083.822083\t-05.391111\t0.06\t05351730-0523279\t 9.631\t0.020\t 9.385\t\t 9.362\t0.021"
                + "\tAUB\t000\t0\t2451545.0",
            "083.822083\t-05.391111\t0.08\t05351730-0523279\t 9.631\t0.020\t\t\t 9.362\t0.021\tA\tc00\t2\t2451180.5791",
        ]
        let stars = try read("2mass-vizier", Self.vizier(columns, rows)).stars
        #expect(abs(stars[0].epoch - 2000) < 1e-9 && abs(stars[1].epoch - 1999.002_269_952_09) < 1e-9)
        #expect(stars[0].positionErrorMas == 60 && stars[0].magnitudes[0] == 9.631 && stars[0].magnitudes[1].isNaN)
        #expect(stars[0].magnitudes[2] == 9.362 && stars[0].magnitudeErrors[2] == 0.021 && stars[0].flags == [])
        #expect(stars[1].magnitudes[2].isNaN && stars[1].flags == [.extended, .poorPhotometry])
    }

    @Test("2MASS from IRSA, and the 60 fields of the catalogue's own files", arguments: ["2mass-irsa", "2mass-psc"])
    func twoMASSFields(id: String) throws {
        let names = try #require(try Self.map("2mass-psc").layout?.names)
        let values = [
            "ra": "83.822083", "dec": "-5.391111", "err_maj": "0.06", "j_m": "9.631", "j_cmsig": "0.011",
            "j_msigcom": "0.020", "h_m": "9.385", "k_m": "9.362", "k_msigcom": "0.021", "ph_qual": "AUE",
            "cc_flg": "00d", "gal_contam": "0", "pts_key": "1234567890", "jdate": "2451545.0",
        ]
        let isFile = id == "2mass-psc"
        let row = names.map { values[$0] ?? (isFile ? "\\N" : "") }.joined(separator: isFile ? "|" : ",")
        let star = try #require(try read(id, isFile ? [row] : [names.joined(separator: ","), row]).stars.first)
        #expect(names.count == 60 && star.identifier == 1_234_567_890 && abs(star.epoch - 2000) < 1e-9)
        #expect(star.magnitudes[0] == 9.631 && star.magnitudes[1].isNaN && star.magnitudes[2].isNaN)
        #expect(star.magnitudeErrors[0] == 0.02 && star.flags == [.poorPhotometry])
    }

    @Test("Tycho-2: places of 2000 with the errors of the mean epoch; stars without a mean place are left out")
    func tycho2() throws {
        let columns = [
            ("TYC1", ""), ("TYC2", ""), ("TYC3", ""), ("pflag", ""), ("RAmdeg", "deg"), ("DEmdeg", "deg"),
            ("pmRA", "mas/yr"), ("pmDE", "mas/yr"), ("e_RAmdeg", "mas"), ("e_pmRA", "mas/yr"), ("EpRAm", "yr"),
            ("BTmag", "mag"), ("e_BTmag", "mag"), ("VTmag", "mag"), ("e_VTmag", "mag"), ("posflg", ""),
        ]
        let rows = [
            "   1\t    8\t1\t \t  2.31750494\t  2.23184345\t  -16.3\t   -9.0\t 68\t 1.7\t1960.00"
                + "\t12.146\t0.158\t12.146\t0.223\t ",
            "   1\t   13\t1\tX\t\t\t\t\t\t\t\t10.488\t0.038\t8.670\t0.015\t ",
            "9537\t12121\t3\tP\t 10.0\t -89.9\t 100.0\t 0.0\t 30\t 4.0\t1990.00\t\t\t8.670\t0.015\tD",
        ]
        let (stars, problems) = try read("tycho-2-vizier", Self.vizier(columns, rows))
        #expect(stars.map(\.identifier) == [1_000_081, 9_537_121_213] && stars.map(\.epoch) == [2000, 2000])
        // sqrt(68^2 + (1.7 * 40)^2) = 96.17; sqrt(30^2 + (4 * 10)^2) = 50.
        #expect(abs(stars[0].positionErrorMas - 96.1665) < 1e-3 && stars[1].positionErrorMas == 50)
        // The motion has cos(dec) in it already, at declination -89.9 as well.
        #expect(stars[0].motion?.raMasPerYear == -16.3 && stars[1].motion?.raMasPerYear == 100)
        #expect(stars[0].magnitudes == [12.146, 12.146] && stars[0].magnitudeErrors == [0.223, 0.158])
        #expect(stars[1].magnitudes[1].isNaN && stars.map(\.flags) == [[], .double] && problems.count == 1)
    }

    @Test("Tycho-2's own files: 206 bytes between bars")
    func tycho2File() throws {
        let rows = [
            "0001 00008 1| |  2.31750494|  2.23184345|  -16.3|   -9.0| 68| 73| 1.7| 1.8|1958.89|1951.94"
                + "| 4|1.0|1.0|0.9|1.0|"
                + "12.146|0.158|12.146|0.223|999| |         |  2.31754222|  2.23186444|1.67|1.54| 88.0|100.8| |-0.2\r",
            "0001 00013 1|X|            |            |       |       |   |   |    |    |       |       "
                + "|  |   |   |   |   |"
                + "10.488|0.038| 8.670|0.015|999|T|         |  1.12551889|  2.26739556|1.81|1.52|  9.3| 12.7| |-0.2\r",
        ]
        let (stars, problems) = try read("tycho-2", rows)
        #expect(rows[0].utf8.count == 207 && problems == ["ra: missing or no number"])
        #expect(stars.map(\.identifier) == [1_000_081] && stars[0].magnitudes == [12.146, 12.146])
        #expect(stars[0].position.raDegrees == 2.31750494 && stars[0].motionErrorMasPerYear == 1.7)
    }

    @Test("UCAC4: hundredths of a magnitude, and the errors of the central epoch")
    func ucac4() throws {
        let columns =
            [
                ("UCAC4", ""), ("RAJ2000", "deg"), ("DEJ2000", "deg"), ("e_RAJ2000", "mas"), ("EpRA", "yr"),
                ("pmRA", "mas/yr"), ("pmDE", "mas/yr"), ("f.mag", "mag"), ("of", ""), ("db", ""),
            ] + ["B", "V", "g", "r", "i"].flatMap { [("\($0)mag", "mag"), ("e_\($0)mag", "cmag")] }
        let rows = [
            "471-000001\t000.0012\t+04.0001\t 18\t2001.22\t  -9.6\t -14.1\t12.345\t0\t0\t13.1\t 3"
                + "\t12.4\t 2\t12.7\t99\t12.2\t1\t\t",
            "900-123456\t000.0012\t+89.9999\t 18\t2001.22\t\t\t20.000\t5\t31\t\t\t\t\t\t\t\t\t\t",
        ]
        let stars = try read("ucac4-vizier", Self.vizier(columns, rows)).stars
        #expect(stars.map(\.identifier) == [471_000_001, 900_123_456] && stars[0].epoch == 2000)
        #expect(stars[0].magnitudes.prefix(5) == [12.345, 12.4, 13.1, 12.7, 12.2] && stars[0].magnitudes[5].isNaN)
        #expect(abs(stars[0].magnitudeErrors[1] - 0.02) < 1e-7 && stars[0].magnitudeErrors[3].isNaN)
        #expect(stars[0].positionErrorMas == 18 && stars[0].motion?.raMasPerYear == -9.6 && stars[0].flags == [])
        #expect(stars[1].motion == nil && stars[1].magnitudes.allSatisfy(\.isNaN))
        #expect(stars[1].flags == [.poorAstrometry, .double])
    }
}
