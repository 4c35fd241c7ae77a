import AccessModel

/// A plan for people, laid out for a terminal of 100 columns.
package struct PlanText: Sendable {
  /// Lines shown of each section before the rest is only counted; `nil` shows all.
  package let linesPerSection: Int?
  package let width: Int

  package init(linesPerSection: Int? = 40, width: Int = 100) {
    self.linesPerSection = linesPerSection
    self.width = width
  }

  package func render(_ approved: ApprovedPlan) -> String {
    let plan = approved.plan
    var lines = [heading(approved)]
    section("Accounts", plan.changes.filter { $0.group == nil }.map(row), &lines)
    for group in Set(plan.changes.compactMap(\.group)).sorted() {
      section(
        visible(group.rawValue), plan.changes.filter { $0.group == group }.map(row), &lines)
    }
    if let digest = approved.heldDigest {
      section("Held by limits", approved.held.map(heldRow), &lines)
      lines += approved.violations.map { "    \($0)" }
      lines += ["    to let exactly these pass, once: bellhop approve \(digest)"]
    }
    section("Held: kept as it is", plan.holds.map(row), &lines)
    section("Noticed", plan.findings.map(row), &lines)
    return lines.joined(separator: "\n") + "\n"
  }

  private func heading(_ approved: ApprovedPlan) -> String {
    let changes = approved.plan.changes
    let counts: [(String, Int)] = [
      ("to create", changes.count { ["createAccount", "createGroup"].contains($0.kind) }),
      ("to change", changes.count { ["updateAccount", "enableAccount"].contains($0.kind) }),
      ("to add", changes.count { $0.kind == "addMember" }),
      ("to remove", changes.count { $0.kind == "removeMember" }),
      ("to disable", changes.count { $0.kind == "disableAccount" }),
      ("to delete", changes.count { $0.kind == "deleteAccount" }),
      ("held", approved.held.count + approved.plan.holds.count),
    ]
    let summary = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    let title =
      "\(approved.plan.target): \(changes.isEmpty && summary.isEmpty ? "as it should be" : summary)"
    guard !changes.isEmpty else { return title }
    let digest = "plan \(PlanDigest(target: approved.plan.target, changes: changes))"
    return padded(title, max(title.count + 2, width - digest.count)) + digest
  }

  private func section(_ title: String, _ rows: [Row], _ lines: inout [String]) {
    guard !rows.isEmpty else { return }
    lines += ["", "  \(title)"]
    let shown = linesPerSection.map { min($0, rows.count) } ?? rows.count
    let nameWidth = min(rows[..<shown].map(\.name.count).max() ?? 0, 36)
    for row in rows[..<shown] {
      let start = "    \(row.sign) " + padded(row.name, nameWidth)
      if row.rest.isEmpty {
        lines.append(trimmed(start))
      } else if start.count + 2 + row.rest.count <= width {
        lines.append(start + "  " + row.rest)
      } else {
        lines += [trimmed(start), "        " + row.rest]
      }
    }
    if shown < rows.count {
      lines.append("    … and \(rows.count - shown) more; --all shows them")
    }
  }

  private struct Row {
    let sign: Character
    let name: String
    let rest: String
  }

  private func row(_ change: Change) -> Row {
    switch change {
    case .createAccount(let account, let attributes, let reason):
      Row(
        sign: "+", name: name(account),
        rest: "create with \(attributes.map(\.name).joined(separator: ", ")); \(because(reason))")
    case .updateAccount(let account, let attributes, let reason):
      Row(
        sign: "~", name: name(account),
        rest: "set \(attributes.map(describe).joined(separator: ", ")); \(because(reason))")
    case .enableAccount(let account, _, _, let reason):
      Row(sign: "~", name: name(account), rest: "enable; \(because(reason))")
    case .disableAccount(let account, _, let ending):
      Row(sign: "-", name: name(account), rest: "disable; \(visible("\(ending)"))")
    case .deleteAccount(let account, let ending):
      Row(sign: "-", name: name(account), rest: "delete; \(visible("\(ending)"))")
    case .createGroup(_, let reason):
      Row(sign: "+", name: "the group itself", rest: because(reason))
    case .addMember(let membership, let reason):
      Row(sign: "+", name: name(membership.account), rest: because(reason))
    case .removeMember(let membership, let ending):
      Row(sign: "-", name: name(membership.account), rest: visible("\(ending)"))
    }
  }

  private func heldRow(_ change: Change) -> Row {
    let row = row(change)
    guard let group = change.group else { return row }
    return Row(sign: row.sign, name: row.name, rest: "\(visible(group.rawValue)): \(row.rest)")
  }

  private func row(_ hold: Hold) -> Row {
    let names = [hold.group?.rawValue, hold.subject?.rawValue].compactMap { $0 }
    return Row(
      sign: "=", name: visible(names.joined(separator: ", ")), rest: visible(hold.reason))
  }

  private func row(_ finding: Finding) -> Row {
    switch finding {
    case .drift(let what, let group, let subject):
      Row(
        sign: "!", name: visible(group?.rawValue ?? subject.rawValue),
        rest: visible("drift: \(what) by someone else, \(subject)"))
    case .foreignMembers(let group, let count, let first):
      Row(
        sign: "!", name: visible(group.rawValue),
        rest: visible(
          "\(count) foreign, left alone: "
            + first.map(\.rawValue).joined(separator: "; ") + (count > first.count ? "; …" : "")))
    case .preExistingMembers(let group, let count):
      Row(
        sign: "!", name: visible(group.rawValue),
        rest: "\(count) pre-existing, never removed by us")
    case .orphan(let account, let subject, let what):
      Row(
        sign: "!", name: visible(account.rawValue), rest: visible("orphan \(subject): \(what)"))
    }
  }

  private func name(_ account: AccountReference) -> String {
    let id = account.subject?.rawValue ?? account.identity?.key.rawValue ?? ""
    guard let name = account.displayName, !name.isEmpty else { return visible(id) }
    return visible("\(name) (\(id))")
  }

  private func because(_ reason: Reason) -> String {
    let shown = reason.assignments.prefix(3).map(\.description).joined(separator: ", ")
    let more = reason.assignments.count > 3 ? " and \(reason.assignments.count - 3) more" : ""
    return visible(shown) + more + (reason.repairsDrift ? " (repairs drift)" : "")
  }

  private func describe(_ change: AttributeChange) -> String {
    func list(_ values: [String]) -> String {
      values.isEmpty ? "nothing" : visible(values.map { "'\($0)'" }.joined(separator: " "))
    }
    return "\(change.name) from \(list(change.before)) to \(list(change.after))"
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func trimmed(_ text: String) -> String {
    var text = text
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}

/// Text from outside with everything that could move the cursor, hide or reorder what is read
/// written as `\u{…}`.
package func visible(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
