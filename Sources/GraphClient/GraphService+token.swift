internal import FoundationEssentials
internal import HTTPTransport
internal import JSON
internal import OAuth
internal import Secrets

extension GraphService {
  /// The application permissions that our token says it has, sorted; none if it does not say. Only to
  /// show them: what is allowed is Graph's decision. Throws if there is no token.
  package func grantedRoles(_ budget: RetryBudget) async throws(GraphError) -> [String] {
    let token = try await currentToken()
    let parts = token.withBytes { String(decoding: $0, as: UTF8.self) }.split(separator: ".")
    guard parts.count == 3 else { return [] }
    var text = parts[1].replacing("-", with: "+").replacing("_", with: "/")
    while text.utf8.count % 4 != 0 { text += "=" }
    guard let bytes = Data(base64Encoded: String(text)) else { return [] }
    do throws(MalformedJSON) {
      let claims = try JSONValue(parsing: Array(bytes))
      return (claims["roles"]?.elements ?? []).compactMap(\.text).sorted()
    } catch {
      return []
    }
  }
}
