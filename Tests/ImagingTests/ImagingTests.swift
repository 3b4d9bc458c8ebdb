import Imaging
import Testing

@Suite("Headers, images and masks")
struct ImagingTests {
    @Test("keywords are found without regard to case, and of repeated ones the first counts")
    func firstCard() {
        var header = Header()
        header.append("Gain", .real(1.5))
        header.append("GAIN", .real(2.5))
        #expect(header.number("gain") == 1.5)
    }

    @Test("numbers written as text are numbers, text and infinities are not")
    func numbers() {
        var header = Header()
        header.append("EXPTIME", .string(" 30.0 "))
        header.append("OBJECT", .string("M 13"))
        header.append("BAD", .string("inf"))
        header.append("FLIP", .logical(true))
        #expect(header.number("EXPTIME") == 30)
        #expect(header.number("OBJECT") == nil)
        #expect(header.number("BAD") == nil)
        #expect(header.number("FLIP") == nil)
        #expect(header.text("FLIP") == "T")
        #expect(header.text("ABSENT") == nil)
    }

    @Test("x runs fastest")
    func layout() {
        let image = Image<ADU>(width: 3, height: 2, pixels: [0, 1, 2, 10, 11, 12])
        #expect(image[2, 0] == 2 && image[0, 1] == 10)
    }

    @Test("each pixel flag has a bit and a name of its own")
    func registry() {
        let flags = PixelFlags.registry
        #expect(Set(flags.map(\.flag)).count == flags.count && Set(flags.map(\.name)).count == flags.count)
    }
}
