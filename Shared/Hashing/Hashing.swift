internal import CCrypto
public import Foundation

/// SHA-256 fed piece by piece.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        context = EVP_MD_CTX_new()
        precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 update failed")
    }

    /// The digest in lower-case hexadecimal, 64 characters.
    public consuming func finalize() -> String { hexadecimal(finalizeBytes()) }

    /// The digest, 32 bytes.
    public consuming func finalizeBytes() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "SHA-256 final failed")
        return digest
    }

    /// The digest of one piece of data.
    public static func hex(of data: some DataProtocol) -> String {
        var hash = SHA256()
        for region in data.regions {
            region.withUnsafeBytes { hash.update($0) }
        }
        return hash.finalize()
    }
}

/// A name-based identifier: UUID version 5 (RFC 9562, section 5.5), lower case.
public func uuid5(_ name: String, namespace: UUID) -> String {
    var input = [UInt8]()
    withUnsafeBytes(of: namespace.uuid) { input.append(contentsOf: $0) }
    input.append(contentsOf: name.utf8)
    var digest = [UInt8](repeating: 0, count: 20)
    precondition(EVP_Digest(input, input.count, &digest, nil, EVP_sha1(), nil) == 1, "libcrypto has no SHA-1")
    digest[6] = (digest[6] & 0x0F) | 0x50
    digest[8] = (digest[8] & 0x3F) | 0x80
    let hex = hexadecimal(Array(digest[0..<16]))
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
    return parts.map { String(Array(hex)[$0.0..<$0.1]) }.joined(separator: "-")
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
