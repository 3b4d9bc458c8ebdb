import Foundation
import Hashing
import Testing

@Suite struct HashingTests {
    @Test("SHA-256 of 'abc' is the value of FIPS 180-2")
    func knownDigest() {
        #expect(
            SHA256.hex(of: Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("pieces give the digest of the whole")
    func pieces() {
        var hash = SHA256()
        for piece in ["a", "", "bc"] {
            Array(piece.utf8).withUnsafeBytes { hash.update($0) }
        }
        #expect(hash.finalize() == SHA256.hex(of: Data("abc".utf8)))
    }

    @Test("UUIDv5 of www.example.com in the DNS namespace is the value of RFC 9562, appendix A.4")
    func knownUUID() throws {
        let dns = try #require(UUID(uuidString: "6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
        #expect(uuid5("www.example.com", namespace: dns) == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }
}
