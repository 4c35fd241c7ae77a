import AccessModel
import ArgumentParser
import Legibility
import Planning
import Synchronization

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Connect as configured, look at what matters, and say what to mend and how.")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The source or target; default: all of them.")
  var name: String?

  @Flag(help: "Create a user and a group, try every kind of write on them, and remove them again.")
  var scratch = false

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      let patients = try patients(of: workspace)
      let examination = Examination(now: .wallClock, scratch: scratch)
      var charts: [Chart] = []
      for patient in patients {
        if !common.json { Console.output("\(visible(patient.name))\n") }
        let diagnoses = Mutex<[Diagnosis]>([])
        await patient.examine(examination) { diagnosis in
          diagnoses.withLock { $0.append(diagnosis) }
          if !common.json { Console.output(DoctorCommand.text(of: diagnosis)) }
        }
        charts.append(Chart(name: patient.name, diagnoses: diagnoses.withLock { $0 }))
      }
      if common.json { try Console.output(json: Report(examined: charts)) }
      let isFaulty = charts.contains { $0.diagnoses.contains { $0.verdict == .fault } }
      return isFaulty ? .partlyApplied : .done
    }
  }

  private func patients(of workspace: Workspace) throws -> [any Examinable] {
    let known =
      workspace.sources.compactMap { $0 as? any Examinable }
      + workspace.targets.compactMap { $0 as? any Examinable }
    guard let name else { return known }
    let named = known.filter { $0.name == name }
    guard !named.isEmpty else {
      throw CommandFailure(
        status: .usage,
        message: "nothing named '\(name)' can be examined; there is "
          + known.map(\.name).joined(separator: ", "))
    }
    return named
  }

  /// A verdict, what was seen, and under it what to do.
  static func text(of diagnosis: Diagnosis) -> String {
    let sign =
      switch diagnosis.verdict {
      case .fine: "ok     "
      case .advice: "advice "
      case .warning: "warning"
      case .fault: "FAULT  "
      }
    var lines = ["  \(sign)  \(diagnosis.topic): \(diagnosis.measured)"]
    if let wayOut = diagnosis.wayOut { lines.append("           \(wayOut)") }
    if let remedy = diagnosis.remedy {
      lines += remedy.split(separator: "\n", omittingEmptySubsequences: false)
        .map { "             \($0)" }
    }
    return lines.map { visible($0) + "\n" }.joined()
  }

  private struct Chart: Encodable {
    let name: String
    let diagnoses: [Diagnosis]
  }

  private struct Report: Encodable {
    let version = 1
    let examined: [Chart]
  }
}
