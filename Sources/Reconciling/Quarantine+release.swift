package import AccessModel
package import Planning

extension Quarantine {
  /// Lifts what is set aside: a target, a subject in it, or a subject wherever it is. Gives what was
  /// lifted; the word of who did it is kept in the ledger.
  package static func release(
    target: TargetID?, subject: SubjectID?, by name: String, reason: String, at now: Instant,
    in ledger: any Ledger
  ) async throws(LedgerError) -> [Trouble] {
    let troubles = try await ledger.troubles()
    let released = troubles.filter { trouble in
      trouble.quarantinedAt != nil && trouble.subject == subject
        && (target.map { $0 == trouble.target } ?? true)
    }
    for trouble in released {
      let digest = "release:" + trouble.name
      try await ledger.approve(Approval(digest: digest, name: name, reason: reason, at: now))
      let rest = troubles.filter { $0.target == trouble.target && $0 != trouble }
      try await ledger.setTroubles(rest, of: trouble.target)
    }
    return released
  }
}
