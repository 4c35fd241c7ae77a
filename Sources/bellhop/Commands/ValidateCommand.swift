import AccessModel
import ArgumentParser
import Mapping

struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check the configuration, the mappings and their expressions; connects to nothing.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common, secrets: .standIns)
      for warning in workspace.warnings { Console.note(warning.description) }
      let summary = Summary(
        configuration: workspace.configuration.path,
        sources: workspace.sources.map(\.id.rawValue),
        targets: workspace.targets.map(\.id.rawValue),
        packageRules: workspace.mapping.packages.count,
        warnings: workspace.warnings.map(\.description))
      if common.json {
        try Console.output(json: summary)
      } else {
        Console.output(
          "\(summary.configuration): \(count(summary.sources.count, "source")), "
            + "\(count(summary.targets.count, "target")), "
            + "\(count(summary.packageRules, "package rule")): no errors\n")
      }
      return .done
    }
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  private struct Summary: Encodable {
    let version = 1
    let configuration: String
    let sources: [String]
    let targets: [String]
    let packageRules: Int
    let warnings: [String]
  }
}
