import AccessModel
public import ArgumentParser
public import Logging
import Reconciling

/// Options of every command.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration file.",
      discussion: "Default: $BELLHOP_CONFIG, ./bellhop.yaml, /etc/bellhop/bellhop.yaml.",
      valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("log-level"),
    help: ArgumentHelp("How much is logged on standard error.", valueName: "level"))
  var logLevel: Logger.Level = .notice

  @Flag(help: "Print one JSON document on standard output (docs/commands.md).")
  var json = false

  var logger: Logger {
    var logger = Logger(label: "bellhop") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel
    return logger
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Options that narrow a plan to some of what there is.
struct SelectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only this target; may be repeated.", valueName: "id"))
  var target: [String] = []

  @Option(help: ArgumentHelp("Only changes to this subject, by its id.", valueName: "id"))
  var subject: String?

  @Option(help: ArgumentHelp("Only changes because of this access package.", valueName: "name"))
  var package: String?

  /// Throws if a target is not configured.
  func selection(in workspace: Workspace) throws -> Selection {
    let known = workspace.targets.map(\.id)
    for name in target where !known.contains(TargetID(name)) {
      throw CommandFailure(
        status: .usage,
        message: "--target \(name): the configuration has no such target; it has "
          + known.map(\.rawValue).joined(separator: ", "))
    }
    return Selection(
      targets: target.isEmpty ? nil : Set(target.map { TargetID($0) }),
      subject: subject.map { SubjectID($0) }, package: package)
  }
}

/// Options of the commands that print a plan.
struct PlanTextOptions: ParsableArguments {
  @Flag(help: "Show every line of long sections.")
  var all = false
}
