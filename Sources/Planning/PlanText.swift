package import AccessModel
import Legibility

/// A plan for people, laid out for a terminal of 100 columns.
///
/// Subjects go by their names where those tell them apart, assignments by their access packages:
/// ids are for `why`, `history` and `--json`.
package struct PlanText: Sendable {
  /// Lines shown of each section before the rest is only counted; `nil` shows all.
  package let linesPerSection: Int?
  package let width: Int
  /// The access package of an assignment, where that is known.
  package let packageName: @Sendable (AssignmentReference) -> String?

  package init(
    linesPerSection: Int? = 40, width: Int = 100,
    packageName: @escaping @Sendable (AssignmentReference) -> String? = { _ in nil }
  ) {
    self.linesPerSection = linesPerSection
    self.width = width
    self.packageName = packageName
  }

  /// `notes` are told beside the changes they are about.
  package func render(_ approved: ApprovedPlan, notes: [Change: String] = [:]) -> String {
    let plan = approved.plan
    let words = PlanWords(approved, notes: notes, packageName: packageName)
    var lines = [heading(approved)]
    section("Accounts", plan.changes.filter { $0.group == nil }.map(words.row), &lines)
    var byGroup: [EntitlementKey: [Change]] = [:]
    for change in plan.changes {
      if let group = change.group { byGroup[group, default: []].append(change) }
    }
    for (group, changes) in byGroup.sorted(by: { $0.key < $1.key }) {
      section(visible(group.rawValue), changes.map(words.row), &lines)
    }
    if let digest = approved.heldDigest {
      section("Held by limits", approved.held.map(words.heldRow), &lines)
      lines += approved.violations.map { "    \(visible($0.description))" }
      lines += ["    to let exactly these pass, once: bellhop approve \(digest)"]
    }
    section(
      "Set aside after repeated failure: not tried", approved.setAside.map(words.heldRow), &lines)
    section("Held: kept as it is", holdRows(plan.holds, words), &lines)
    section("Noticed", plan.findings.map(words.row), &lines)
    return lines.joined(separator: "\n") + "\n"
  }

  /// One row for all that waits for one source, unless everything is shown: the source is what people
  /// look at then.
  private func holdRows(_ holds: [Hold], _ words: PlanWords) -> [PlanWords.Row] {
    guard linesPerSection != nil else { return holds.map(words.row) }
    let waiting = Dictionary(grouping: holds.filter { $0.source != nil }, by: \.source)
    return waiting.sorted { ($0.key ?? "") < ($1.key ?? "") }.map { source, holds in
      words.row(of: holds, source: source?.rawValue ?? "")
    } + holds.filter { $0.source == nil }.map(words.row)
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
      ("set aside", approved.setAside.count),
    ]
    let summary = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    let title = "\(approved.plan.target): \(summary.isEmpty ? "as it should be" : summary)"
    guard !changes.isEmpty else { return title }
    let digest = "plan \(PlanDigest(target: approved.plan.target, changes: changes))"
    return padded(title, max(title.count + 2, width - digest.count)) + digest
  }

  private func section(_ title: String, _ rows: [PlanWords.Row], _ lines: inout [String]) {
    guard !rows.isEmpty else { return }
    lines += ["", "  \(title)"]
    // What has a note is shown however far down it stands.
    let most = linesPerSection ?? rows.count
    let shown =
      rows[..<min(most, rows.count)] + rows.dropFirst(most).filter { $0.note != nil }.prefix(most)
    let nameWidth = min(shown.map(\.name.count).max() ?? 0, 36)
    for row in shown {
      let start = "    \(row.sign) " + padded(row.name, nameWidth)
      if row.rest.isEmpty {
        lines.append(trimmed(start))
      } else if start.count + 2 + row.rest.count <= width {
        lines.append(start + "  " + row.rest)
      } else {
        lines += [trimmed(start)] + wrapped(row.rest, indent: 8)
      }
      if let note = row.note { lines += wrapped("! " + note, indent: 8) }
    }
    if shown.count < rows.count {
      lines.append("    … and \(rows.count - shown.count) more; --all shows them")
    }
  }

  /// Breaks at spaces; a word longer than a line stands on its own.
  private func wrapped(_ text: String, indent: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent + line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).map { String(repeating: " ", count: indent) + $0 }
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
