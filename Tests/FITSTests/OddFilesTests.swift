import FITS
import Foundation
import Imaging
import Testing

@Suite("FITS files of other people's test suites")
struct OddFilesTests {
    func open(_ path: String) -> Result<FITSImage, FITSError> {
        do throws(FITSError) {
            var file = try FITSFile(reading: path)
            return .success(try file.firstImage())
        } catch {
            return .failure(error)
        }
    }

    func outcome(_ path: String) -> String {
        switch open(path) {
        case .success(let image): "\(image.pixels.width) x \(image.pixels.height)"
        case .failure(let error): error.reason.rawValue
        }
    }

    /// Expected shapes as astropy.io.fits 8.0.2 reports them; reasons by looking at the files.
    @Test("each known file gives the image it holds, or the reason why not")
    func known() throws {
        guard let folder = sharedFolder("odd-fits") else { return }
        let expected = [
            "astrogo/example.fits": "3 x 4", "astrogo/file-img2-bitpix+64.fits": "50 x 50",
            "astrogo/issue-38.fits": "emptyImage", "astrogo/file001.fits": "noImage", "astrogo/mk-images.go": "notFITS",
            "astropy/data/arange.fits": "notTwoDimensional", "astropy/data/o4sp040b0_raw.fits": "62 x 44",
            "astropy/data/comp.fits": "440 x 300", "astropy/data/zerowidth.fits": "emptyImage",
            "astropy/data/theap-gap.fits": "noImage",
            "astropy/data/verify.fits": "corrupt",
            "astropy/data/fixed-1890.fits": "100 x 100", "astropy/data/scale.fits": "20 x 21",
            "astropy/compressed/m13_rice.fits": "300 x 300", "midas/tst0002.mt": "notTwoDimensional",
            "midas/tst0012.mt": "102 x 109", "midas/tst0009.mt": "notTwoDimensional", "midas/tst0007.mt": "noImage",
            "nomtam/fits/test/test.fits.gz": "5 x 5", "nomtam/fits/test/test_i10.fits": "noImage",
            "nomtam/image/provided/m13real_rice.fits": "300 x 300",
        ]
        for (name, result) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(outcome(folder.appending(path: name).path) == result, "\(name)")
        }
    }

    @Test("every file ends in an image or a typed reason that names the file")
    func every() throws {
        guard let folder = sharedFolder("odd-fits") else { return }
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        var read = 0
        for name in names {
            let path = folder.appending(path: name).path
            switch open(path) {
            case .success(let image):
                read += 1
                #expect(image.pixels.pixels.count == image.shape.width * image.shape.height)
                #expect(!image.header.cards.isEmpty)
            case .failure(let error):
                #expect(error.description.contains(name))
            }
            _ = FITSFile.isComplete(path)
        }
        #expect(read > 30)
    }

    @Test("losslessly compressed twins give the same pixels as the plain file")
    func twins() throws {
        guard let folder = sharedFolder("odd-fits/astropy/compressed") else { return }
        let plain = try open(folder.appending(path: "m13.fits").path).get()
        for name in ["m13_gzip.fits", "m13_hcomp.fits", "m13_plio.fits", "m13_rice.fits"] {
            let twin = try open(folder.appending(path: name).path).get()
            #expect(twin.pixels == plain.pixels, "\(name)")
            #expect(twin.header.text("OBJECT") == plain.header.text("OBJECT"))
            #expect(twin.header["ZIMAGE"] == nil)
            #expect(twin.shape.isTileCompressed)
        }
    }
}
