import AccessModel
import LDAPClient

extension Checkup {
  /// Tries what a run would write, in a way that cannot change anything.
  func rights(on link: isolated LDAPConnection) throws(LDAPError) -> [Diagnosis] {
    var diagnoses: [Diagnosis] = []
    if let account = accounts.sample {
      let trial = try trials([account], layout.anchor, Self.nobody, on: link)
      diagnoses.append(verdict("rights on accounts", trial, of: layout.anchor))
    }
    if !groups.names.isEmpty {
      let value =
        layout.columns[0].valueAttribute == nil
        ? layout.accountsBase.child("cn", Self.nobody).description : Self.nobody
      let trial = try trials(groups.names, layout.memberAttribute, value, on: link)
      diagnoses.append(verdict("rights on groups", trial, of: layout.memberAttribute))
    }
    if !examination.scratch {
      diagnoses.append(
        Diagnosis(
          .advice, "creating accounts", "not tried, as nothing may be changed",
          wayOut: "'bellhop doctor --scratch' makes an account and a group and removes them again"))
    }
    return diagnoses
  }

  private struct Trial {
    var allowed = 0
    var refused: [(name: DistinguishedName, error: LDAPError)] = []
    var count: Int { allowed + refused.count }
  }

  private func trials(
    _ names: [DistinguishedName], _ attribute: String, _ value: String,
    on link: isolated LDAPConnection
  ) throws(LDAPError) -> Trial {
    let requests = names.map { WriteTrial.request(attribute, value, in: $0) }
    var trial = Trial()
    for (name, result) in zip(names, link.perform(requests)) {
      let refusal = try WriteTrial.refusal(
        result.result, isActiveDirectory: server.isActiveDirectory)
      if let refusal { trial.refused.append((name, refusal)) } else { trial.allowed += 1 }
    }
    return trial
  }

  private func verdict(_ topic: String, _ trial: Trial, of attribute: String) -> Diagnosis {
    guard let first = trial.refused.first else {
      return Diagnosis(
        .fine, topic, "\(attribute) can be written (tried on \(trial.allowed), nothing changed)")
    }
    let wayOut =
      switch first.error.code {
      case .referral, .unwillingToPerform:
        "this server does not take writes: name the one that does in url"
      default: "let the bind identity write \(attribute)"
      }
    return Diagnosis(
      .fault, topic,
      "\(attribute) is refused on \(trial.refused.count) of \(trial.count), such as "
        + "'\(first.name)': \(first.error)",
      wayOut: wayOut)
  }
}
