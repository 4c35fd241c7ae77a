import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Planning

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that nobody edited, shortened or added to the journal; needs no network.",
    discussion: """
      Exits 0 if every record is as it was written and explains what is owned, else 74. With --head \
      it also makes sure that the journal still holds a record that was noted elsewhere: every run \
      logs its last one.
      """)

  @OptionGroup var common: CommonOptions

  @Option(
    help: ArgumentHelp("A code that a run logged, 64 hexadecimal digits.", valueName: "hex"))
  var head: String?

  func run() async throws {
    try await finish {
      if let head { try requireCode(head) }
      let workspace = try Workspace.load(common, secrets: .standIns)
      let ledger = try workspace.ledger(readOnly: true)
      let result = try await ledger.verify(key: workspace.configuration.journalKey, head: head)
      if common.json {
        try Console.output(json: VerifyJSON(result))
      } else {
        Console.output(Self.text(of: result))
      }
      return result.isWhole ? .done : .ledger
    }
  }

  private func requireCode(_ text: String) throws {
    guard text.count == 64, text.allSatisfy(\.isHexDigit) else {
      throw CommandFailure(
        status: .usage,
        message: "--head \(text): a code has 64 hexadecimal digits; runs log it after 'journal'")
    }
  }

  private static func text(of result: Verification) -> String {
    var lines = result.remarks
    for fault in result.faults {
      lines.append((fault.record.map { "record \($0): " } ?? "") + fault.found)
      lines.append("  " + fault.wayOut)
    }
    if let named = result.named { lines.append("the code that was named is record \(named)") }
    let head = result.head.map { ", ends with \($0.code)" } ?? ""
    lines.append(
      "\(result.records) records\(head): " + (result.isWhole ? "whole" : "NOT as it was written"))
    return lines.map { visible($0) + "\n" }.joined()
  }
}

/// What `verify --json` prints.
private struct VerifyJSON: Encodable {
  let version = 1
  let whole: Bool
  let records: Int64
  let head: JournalHead?
  let namedHead: Int64?
  let faults: [Verification.Fault]
  let remarks: [String]

  init(_ result: Verification) {
    (whole, records, head) = (result.isWhole, result.records, result.head)
    (namedHead, faults, remarks) = (result.named, result.faults, result.remarks)
  }
}
