package import AccessModel
import LDAPClient

extension LDAPTarget: ServerChecking {
  /// By dry runs of the requests that `apply` would send, on OpenLDAP alone. What would bring an attribute
  /// that is new to its database is not asked (`StoredTypes`).
  package func check(_ changes: [Change]) async throws(TargetError) -> ServerCheck {
    guard !changes.isEmpty else { return ServerCheck(verdicts: []) }
    let connection = try await connect()
    let (named, proofs) = lastReading
    let trial = ServerTrial(
      layout: named ?? layout, changes: changes, timeout: self.connection.operationTimeout,
      proofs: proofs, writer: bindName)
    let check = await trial.run(on: connection)
    await connection.close()
    return check
  }
}

/// One question about all changes of a plan.
private struct ServerTrial: Sendable {
  let layout: Layout
  let changes: [Change]
  let timeout: Duration
  let proofs: AccountProofs?
  /// Whom the server takes us for.
  let writer: String?

  func run(on connection: isolated LDAPConnection) -> ServerCheck {
    let root: RootDSE?
    do throws(LDAPError) {
      root = try connection.rootDSE()
    } catch {
      return notAsked("the server cannot be asked what it is: \(error)")
    }
    guard let root, var server = TrialServer(root, layout.schema) else {
      return notAsked(
        "the server does not say that it is OpenLDAP, which alone can try a write without making it"
      )
    }
    var batch = Batch(changes.count)
    var accounts = AccountWriter(layout: layout)
    for (index, change) in changes.enumerated() {
      switch change {
      case .createAccount, .updateAccount, .enableAccount, .disableAccount, .deleteAccount:
        if let refusal = accounts.take(change, index) {
          batch.settle(index, .refused(reason: refusal))
        }
      case .createGroup: batch.settle(index, Self.unasked("groups are not created for a trial"))
      case .addMember(let membership, _), .removeMember(let membership, _):
        if membership.groupID == nil {
          batch.settle(index, Self.unasked("its group is to be created first"))
        } else if membership.account.identity == nil {
          batch.settle(index, Self.unasked("its account is to be created first"))
        }
      }
    }
    AccountTrial(accounts).run(&batch, &server, on: connection)
    memberships(&batch, &server, on: connection)
    if !connection.isOpen {
      for index in changes.indices { batch.settle(index, Self.unasked("the connection was lost")) }
    }
    let verdicts = zip(changes, batch.ended()).map { verdict($1, on: $0, server) }
    return ServerCheck(verdicts: verdicts, alarm: server.alarm)
  }

  /// What has ended goes first and alone, as it will. The rest of a group is asked together with it: what
  /// comes then finds those gone.
  private func memberships(
    _ batch: inout Batch, _ server: inout TrialServer, on connection: isolated LDAPConnection
  ) {
    let open = changes.indices.filter { batch.isOpen($0) && changes[$0].group != nil }
    let urgent = open.filter { changes[$0].phase == .urgentRemovals }
    let others = open.filter { changes[$0].phase != .urgentRemovals }
    ask(urgent, into: &batch, &server, on: connection)
    let groups = Set(others.compactMap { changes[$0].group })
    let before = urgent.filter { changes[$0].group.map(groups.contains) ?? false }
    ask((before + others).sorted(), into: &batch, &server, on: connection)
  }

  private func ask(
    _ indices: [Int], into batch: inout Batch, _ server: inout TrialServer,
    on connection: isolated LDAPConnection
  ) {
    guard !indices.isEmpty, connection.isOpen else { return }
    var part = Batch(indices.count)
    var groups = GroupWriter(layout: layout, timeout: timeout, proofs: proofs)
    for (position, index) in indices.enumerated() {
      if let refusal = groups.take(changes[index], position) {
        part.settle(position, .refused(reason: refusal))
      }
    }
    var trial = GroupTrial(groups)
    trial.run(&part, &server, on: connection)
    guard connection.isOpen else { return }
    for (index, outcome) in zip(indices, part.ended()) { batch.settle(index, outcome) }
  }

  private func notAsked(_ reason: String) -> ServerCheck {
    ServerCheck(verdicts: changes.map { _ in .notAsked(reason: reason) })
  }

  private static func unasked(_ reason: String) -> Outcome { .failed(.retryLater, reason: reason) }

  private func verdict(
    _ outcome: Outcome, on change: Change, _ server: TrialServer
  ) -> ServerCheck.Verdict {
    switch outcome {
    case .applied, .alreadyInState: return .accepted
    case .refused(let reason), .failed(.skipChange, let reason), .failed(.stopTarget, let reason):
      guard let code = server.code(of: reason) else {
        return .refused(reason: reason, wayOut: nil)
      }
      return .refused(reason: reason, wayOut: wayOut(code, of: change))
    case .failed(.retryLater, let reason), .unknown(let reason): return .notAsked(reason: reason)
    }
  }

  private func wayOut(_ code: LDAPResultCode, of change: Change) -> String? {
    let isOfGroup = change.group != nil
    switch code {
    case .insufficientAccessRights:
      return "let \(writer.map { "'\($0)'" } ?? "the bind identity") write "
        + (isOfGroup ? "\(layout.memberAttribute) there" : "it")
    case .objectClassViolation, .namingViolation:
      return isOfGroup
        ? "set groups.objectClass and groups.emptyGroup to what the group's class demands"
        : "make accounts.objectClasses and the mapping's accounts rule give what the classes demand, "
          + "and nothing that they do not allow"
    case .undefinedAttributeType, .invalidAttributeSyntax:
      return "correct the attribute in the mapping's accounts rule, or load the schema it is in"
    case .constraintViolation:
      return "a rule of the server's own forbids the value: change the mapping or the rule"
    case .noSuchObject:
      return "make the branch that is missing, or let us see it"
    default: return nil
    }
  }
}
