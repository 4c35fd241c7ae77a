extension GraphError: CustomStringConvertible {
  package var description: String {
    switch cause {
    case .token(let words), .unanswered(let words): words
    case .refused(let refusal):
      "\(action): \(refusal)" + (advice(on: refusal).map { "; \($0)" } ?? "")
    case .busy(let refusal, let asked, let budget):
      "\(action): \(refusal); "
        + (asked.map { "it asks to come back in \($0.seconds) s, and " } ?? "")
        + "waiting longer than the \(budget.seconds) s of one reading is left to the next one"
    case .malformed(let words): "\(action): \(words)"
    case .link(let words): "\(action): \(words)"
    case .cancelled: "\(action): cancelled"
    }
  }

  /// What is missing, where the refusal tells.
  private func advice(on refusal: Refusal) -> String? {
    let isDirectory = action.contains("/users") || action.contains("$batch")
    let permission =
      action.hasPrefix("POST") && !isDirectory
      ? "EntitlementManagement.ReadWrite.All"
      : isDirectory ? "User.Read.All" : "EntitlementManagement.Read.All"
    switch refusal.status {
    case 401:
      return "Graph does not take our token, not even a new one: compare 'tenant', 'cloud' and the "
        + "application's credential"
    case 403 where isDirectory:
      return "grant the application \(permission) with admin consent, or write 'users: none'"
    case 403:
      return "grant the application \(permission) with admin consent, or a role on the catalog "
        + "with 'perPackage: true'; the tenant also needs Microsoft Entra ID P2 or Governance "
        + "licences"
    case 400 where refusal.message?.contains("Could not find a property named") ?? false:
      return "a mapping names an attribute that Graph does not have"
    default: return nil
    }
  }
}

extension Refusal: CustomStringConvertible {
  package var description: String {
    var words = "status \(status)"
    if let code { words += " \(code)" }
    if let message { words += " (\(message))" }
    if let requestID { words += ", request-id \(requestID)" }
    return words
  }
}

extension Duration {
  var seconds: Int64 { components.seconds }
}
