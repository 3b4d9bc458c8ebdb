internal import CFITSIO
internal import Imaging

extension FITSFile {
    static let commentary: Set<String> = ["", "COMMENT", "HISTORY"]

    /// What describes the unit itself and says nothing about the frame: neither inherited nor copied.
    static let structural: Set<String> = [
        "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "PCOUNT", "GCOUNT", "GROUPS", "EXTEND",
        "BSCALE", "BZERO", "BLANK", "CHECKSUM", "DATASUM", "TFIELDS", "THEAP", "EXTNAME", "EXTVER", "INHERIT",
        "LONGSTRN",
        "END",
    ]

    /// The current unit's cards; of a tile-compressed image, those of the image and not of the table that holds it.
    func readCards() throws(FITSError) -> [HeaderCard] {
        var status: Int32 = 0
        var text: UnsafeMutablePointer<CChar>?
        var count: Int32 = 0
        ffcnvthdr2str(handle, 0, nil, 0, &text, &count, &status)
        if status != 0 {
            ffcmsg()
            release(text)
            (status, text, count) = (0, nil, 0)
            ffhdr2str(handle, 0, nil, 0, &text, &count, &status)
        }
        defer { release(text) }
        try FITSError.check(status, file: path, action: "read header cards")
        guard let text else { return [] }
        let bytes = UnsafeRawBufferPointer(start: text, count: Int(count) * CardText.length)
        return CardText.parse([UInt8](bytes))
    }

    private func release(_ text: UnsafeMutablePointer<CChar>?) {
        guard let text else { return }
        var status: Int32 = 0
        fffree(text, &status)
    }
}
