package import AccessModel
import Mapping
package import Planning

/// Everything that bears on one subject: what they hold, what it maps to, what is ours, what is next.
package struct Explanation: Sendable {
  package struct Held: Sendable {
    package let reference: AssignmentReference
    package let package: String
    package let validity: Validity
    package let standing: Standing
    /// What the mapping gives for the package, conditions aside: `corp cn=partner-eng,…`.
    package let mapsTo: [String]
  }

  package struct Owned: Sendable {
    package let target: TargetID
    package let group: EntitlementKey
    package let origin: Ownership.Origin
    package let because: [AssignmentReference]
  }

  /// Groups that an account is in by other groups, or why they could not be found.
  package struct Nested: Sendable {
    package let target: TargetID
    package let result: Result<[NestedMembership], TargetError>
  }

  package let subject: SubjectID
  package let displayName: String?
  package let assignments: [Held]
  package let accounts: [(target: TargetID, account: Ownership.Account)]
  package let memberships: [Owned]
  package let nested: [Nested]
  /// What the next run would do about the subject, by target.
  package let plans: [TargetReport]
}

extension Reconciler {
  /// The subjects that a word from the command line may mean: by id, else by name or address without
  /// regard to case. Sorted.
  package func subjects(
    named word: String, in readings: [SourceResult]
  ) async throws(LedgerError) -> [SubjectID] {
    var byID: Set<SubjectID> = []
    var byName: Set<SubjectID> = []
    for known in try await knownAssignments() where known.subject == SubjectID(word) {
      byID.insert(known.subject)
    }
    for result in readings {
      guard case .success(let reading) = result.reading else { continue }
      for subject in reading.subjects {
        if subject.id == SubjectID(word) { byID.insert(subject.id) }
        let names = ["displayName", "email", "principalName"].flatMap { subject.attributes[$0] }
        if names.contains(where: { $0.lowercased() == word.lowercased() }) {
          byName.insert(subject.id)
        }
      }
    }
    return (byID.isEmpty ? byName : byID).sorted()
  }

  /// What a selection names and neither a reading nor the ledger knows, in words. A slip of the pen
  /// selects nothing, and must not look as if all were well.
  package func unknowns(
    of selection: Selection, in readings: [SourceResult]
  ) async throws(LedgerError) -> [String] {
    var unknowns: [String] = []
    if let subject = selection.subject,
      try await !subjects(named: subject.rawValue, in: readings).contains(subject)
    {
      unknowns.append("no source and no ledger entry names a subject with the id '\(subject)'")
    }
    if let package = selection.package,
      try await references(of: selection, readings)?.isEmpty ?? true
    {
      unknowns.append("no source and no ledger entry names an access package '\(package)'")
    }
    return unknowns
  }

  /// Reads what it needs; writes nothing.
  package func explain(
    _ subject: SubjectID, _ context: RunContext, readings: [SourceResult]
  ) async throws(LedgerError) -> Explanation {
    let book = try await makeBook(readings, context)
    let report = try await plan(
      context, readings: readings, selection: Selection(subject: subject))
    var assignments: [AssignmentReference: Explanation.Held] = [:]
    var name: String?
    for known in try await knownAssignments() where known.subject == subject {
      assignments[known.reference] = held(
        known.reference, AccessPackage(name: known.package), known.validity, book)
    }
    for result in readings {
      guard case .success(let reading) = result.reading,
        let position = reading.subjects.firstIndex(where: { $0.id == subject })
      else { continue }
      name = name ?? reading.subjects[position].displayName
      for assignment in reading.assignments where Int(assignment.subject) == position {
        let reference = reading.reference(assignment)
        assignments[reference] = held(
          reference, reading.packages[Int(assignment.package)], assignment.validity, book)
      }
    }
    var accounts: [(target: TargetID, account: Ownership.Account)] = []
    var memberships: [Explanation.Owned] = []
    var nested: [Explanation.Nested] = []
    for target in targets {
      let owned = try await ledger.ownership(of: target.id)
      let own = owned.accounts.filter { $0.subject == subject }
      accounts += own.map { (target.id, $0) }
      if let nesting = target as? any NestingTarget {
        for account in own {
          nested.append(
            Explanation.Nested(
              target: target.id, result: await Self.nested(account.identity, in: nesting)))
        }
      }
      guard let position = owned.subjects.firstIndex(of: subject) else { continue }
      for (row, membership) in owned.memberships.sorted.enumerated()
      where membership.account == position {
        memberships.append(
          Explanation.Owned(
            target: target.id, group: owned.groupKeys[membership.group],
            origin: owned.origins[row], because: owned.reasons[row]))
      }
    }
    return Explanation(
      subject: subject, displayName: name,
      assignments: assignments.values.sorted { $0.reference < $1.reference },
      accounts: accounts, memberships: memberships, nested: nested, plans: report.targets)
  }

  private static func nested(
    _ account: AccountIdentity, in target: any NestingTarget
  ) async -> Result<[NestedMembership], TargetError> {
    do throws(TargetError) {
      return .success(try await target.nestedMemberships(of: account))
    } catch {
      return .failure(error)
    }
  }

  private func held(
    _ reference: AssignmentReference, _ package: AccessPackage, _ validity: Validity,
    _ book: AssignmentBook
  ) -> Explanation.Held {
    Explanation.Held(
      reference: reference, package: package.name, validity: validity,
      standing: book.standing(of: reference),
      mapsTo: mapping.rules(for: package).flatMap { rule in
        rule.entitlements.map { entitlement in
          switch entitlement.object {
          case .account: "\(entitlement.target) an account"
          case .group(let key): "\(entitlement.target) \(key)"
          }
        }
      })
  }
}
