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
  package static func hexDigest(_ bytes: [UInt8]) -> String { hexadecimal(digest(bytes)) }

  /// HMAC-SHA-256 (RFC 2104), 32 bytes. `key` is a few dozen bytes.
  package static func authenticationCode(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    let succeeded = ccrypto_hmac_sha256(key, Int32(key.count), bytes, bytes.count, &result)
    precondition(succeeded == 1, "libcrypto has no SHA-256")
    return result
  }
}

/// Two lower-case digits for each byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return byte < 16 ? "0" + digits : digits
  }.joined()
}
