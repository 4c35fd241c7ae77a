internal import FoundationEssentials
internal import HTTPTransport
internal import OAuth
internal import Secrets

/// Makes the `Authorization` header of each request.
struct Authorization: Sendable {
  private enum Means: Sendable {
    case nothing
    case fixed(scheme: String, text: String)
    case tokens(TokenCache)
  }

  /// One request's header.
  struct Proof: Sendable {
    let field: HTTPField?
    /// What an answer must not be quoted with.
    let text: String?
    fileprivate let token: TokenCache.Token?
  }

  private let means: Means

  init(_ credential: Credential?, transport: any HTTPTransport) {
    switch credential {
    case nil, .certificate: means = .nothing
    case .bearer(let token): means = .fixed(scheme: "Bearer", text: token.text)
    case .basic(let user, let password):
      let joined = password.withBytes { Data(user.utf8) + Data(":".utf8) + Data($0) }
      means = .fixed(scheme: "Basic", text: joined.base64EncodedString())
    case .oauth(let client):
      means = .tokens(TokenCache(TokenEndpoint(client, transport: transport)))
    }
  }

  func proof() async throws(TokenError) -> Proof {
    switch means {
    case .nothing: return Proof(field: nil, text: nil, token: nil)
    case .fixed(let scheme, let text): return proof(scheme, text, nil)
    case .tokens(let cache):
      let token = try await cache.token()
      return proof("Bearer", token.value.text, token)
    }
  }

  /// Whether a refused request may go once more, with another token. What was refused was not done.
  func renews(after proof: Proof) async -> Bool {
    guard case .tokens(let cache) = means, let token = proof.token else { return false }
    await cache.discard(token)
    return true
  }

  private func proof(_ scheme: String, _ text: String, _ token: TokenCache.Token?) -> Proof {
    Proof(
      field: HTTPField("Authorization", "\(scheme) \(text)", isSensitive: true), text: text,
      token: token)
  }
}

extension Secret {
  fileprivate var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
