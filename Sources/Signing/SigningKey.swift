internal import CCrypto

/// What is wrong with a key or certificate file. Never quotes the file.
package struct SigningError: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String
}

/// An RSA private key that signs, and the certificate that belongs to it.
package final class SigningKey: Sendable {
  /// How a signature is made, by its name in RFC 7518 §3.1.
  package enum Algorithm: String, Sendable, CaseIterable {
    case ps256 = "PS256"
    case rs256 = "RS256"
  }

  // SAFETY: read-only once made, and libcrypto lets several threads use an object nobody changes.
  private nonisolated(unsafe) let key: OpaquePointer
  // SAFETY: the same.
  private nonisolated(unsafe) let certificate: OpaquePointer

  /// Both in PEM; they may be one text. Throws if either is not there, the key is no RSA key or has
  /// a password, or the certificate is another key's.
  package init(certificate certificateText: [UInt8], key keyText: [UInt8]) throws(SigningError) {
    guard
      let certificate = ccrypto_certificate(certificateText, Int32(clamping: certificateText.count))
    else { throw SigningError(description: "there is no PEM certificate") }
    guard let key = ccrypto_private_key(keyText, Int32(clamping: keyText.count)) else {
      X509_free(certificate)
      throw SigningError(description: "there is no PEM private key, or it has a password")
    }
    self.certificate = certificate
    self.key = key
    guard ccrypto_is_rsa(key) == 1 else {
      throw SigningError(description: "the private key is no RSA key")
    }
    guard ccrypto_matches(certificate, key) == 1 else {
      throw SigningError(description: "the certificate is not of this private key")
    }
  }

  deinit {
    X509_free(certificate)
    EVP_PKEY_free(key)
  }

  /// Throws if libcrypto refuses the key: too short for the algorithm.
  package func sign(
    _ message: [UInt8], _ algorithm: Algorithm
  ) throws(SigningError) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
    var count = signature.count
    guard
      ccrypto_sign_rsa(
        key, algorithm == .ps256 ? 1 : 0, message, message.count, &signature, &count) == 1
    else { throw SigningError(description: "the private key does not sign \(algorithm.rawValue)") }
    return Array(signature[..<count])
  }

  /// The digest of the certificate's DER form: SHA-256 for `x5t#S256`, SHA-1 for `x5t`.
  package func fingerprint(_ algorithm: Algorithm) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    let succeeded = ccrypto_fingerprint(
      certificate, algorithm == .ps256 ? 1 : 0, &digest, &count)
    precondition(succeeded == 1, "libcrypto has no SHA-1 or SHA-256")
    return Array(digest[..<Int(count)])
  }

  /// When the certificate ends, in seconds since 1970.
  package var certificateEnd: Int64 { ccrypto_not_after(certificate) }
}
