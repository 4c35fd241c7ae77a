import ArgumentParser

/// The executable: reads the command line and hands over to a command.
@main
struct Bellhop: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "bellhop",
    abstract: "Makes access-package assignments true in OpenLDAP and SCIM applications.",
    discussion: """
      Reads who holds which access package, and adds and removes group memberships and accounts so \
      that it is so. When an assignment ends, the access ends.

      Start with 'bellhop validate', look at 'bellhop plan', then 'bellhop apply'. \
      'bellhop help COMMAND' tells more.
      """,
    version: version,
    subcommands: [
      ValidateCommand.self, PlanCommand.self, ApplyCommand.self, RunCommand.self,
      StatusCommand.self, WhyCommand.self, HistoryCommand.self, ApproveCommand.self,
      UndoCommand.self, AdoptCommand.self, ReleaseCommand.self, VerifyCommand.self,
      DoctorCommand.self, DumpCommand.self,
    ])

  static func main() async {
    Heaps.bound()
    await main(nil)
  }

  /// Without a command nothing is done, and a job that lost its arguments must not end with 0.
  func run() async throws {
    throw ValidationError("Say which command; 'bellhop --help' lists them.")
  }
}
