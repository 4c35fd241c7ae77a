internal import CCrypto

/// SHA-256 (FIPS 180-4) by the system's libcrypto.
package enum SHA256 {
  /// The 32-byte digest.
  package static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    let succeeded = ccrypto_sha256(bytes, bytes.count, &result)
    precondition(succeeded == 1, "libcrypto has no SHA-256")
    return result
  }

  /// The digest in lower-case hexadecimal.
  package static func hexDigest(_ bytes: [UInt8]) -> String {
    digest(bytes).map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }
}
