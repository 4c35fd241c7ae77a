import AccessModel
import ArgumentParser
import Foundation
import Legibility
import Planning

struct DumpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Write what is in a target now as a mapping and assignments to start from.",
    discussion: """
      Reads every group and every account, writes a new folder, and changes nothing. With its files \
      the first plan is empty, and what was there before is Bellhop's to end.
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The target.")
  var target: String

  @Option(help: "The folder to make; it must not exist.")
  var out: String

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      let target = try surveyable(in: workspace)
      let dump = try await read(target)
      let folder = try write(dump)
      report(dump, folder)
      return .done
    }
  }

  private func surveyable(in workspace: Workspace) throws -> any Surveyable {
    guard let named = workspace.targets.first(where: { $0.id == TargetID(target) }) else {
      throw CommandFailure(
        status: .usage, message: "the configuration has no target '\(target)'")
    }
    guard let surveyable = named as? any Surveyable else {
      throw CommandFailure(
        status: .usage, message: "\(target): a target of this kind cannot list what is in it")
    }
    return surveyable
  }

  private func read(_ target: any Surveyable) async throws -> Dump {
    do throws(TargetError) {
      let survey = try await target.survey()
      let state = try await target.readActualState(
        ManagedScope(
          groups: survey.groups.map(\.key), attributes: Dump.attributes(survey), disable: nil))
      if case .partial(let reason) = state.coverage {
        throw TargetError(
          target: target.id, disposition: .stopTarget,
          message: "not every account could be read: \(reason)")
      }
      return Dump(survey, state)
    } catch {
      throw CommandFailure(status: .unavailable, message: error.description)
    }
  }

  /// Never over anything: the folder is made, and must not have been there.
  private func write(_ dump: Dump) throws -> String {
    let folder = URL(filePath: out, directoryHint: .isDirectory).absoluteURL
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      let mappings = folder.appending(path: "mappings")
      try FileManager.default.createDirectory(at: mappings, withIntermediateDirectories: false)
      try Data(dump.mapping().utf8).write(to: mappings.appending(path: "dump.yaml"))
      try writeAssignments(dump, to: folder.appending(path: "assignments.json"))
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      let reason =
        (error as? CocoaError)?.code == .fileWriteFileExists
        ? "it exists; name a new folder" : error.localizedDescription
      throw CommandFailure(status: .usage, message: "--out \(out): \(reason)")
    }
    return folder.path(percentEncoded: false)
  }

  private func writeAssignments(_ dump: Dump, to file: URL) throws {
    try Data("{\"value\":[".utf8).write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    defer { handle.closeFile() }
    try handle.seekToEnd()
    let start = Instant.wallClock
    var buffer = Data()
    for (number, assignment) in dump.assignments.enumerated() {
      buffer.append(contentsOf: (number == 0 ? "\n" : ",\n").utf8)
      buffer.append(contentsOf: dump.record(assignment, from: start).utf8)
      if buffer.count > 1 << 20 {
        try handle.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    buffer.append(contentsOf: "\n]}\n".utf8)
    try handle.write(contentsOf: buffer)
    try handle.synchronize()
  }

  private func report(_ dump: Dump, _ folder: String) {
    Console.output(
      """
      \(visible(folder)): \(dump.people.count) accounts, \
      \(dump.packages.count { $0.group != nil }) groups, \(dump.assignments.count) assignments

      In bellhop.yaml:

        mappings: \(Dump.quoted(folder + "mappings/"))
        sources:
          dump: { kind: file, path: \(Dump.quoted(folder + "assignments.json")) }

      """)
    if dump.anchored > 0 {
      Console.output(
        """

        \(dump.anchored) accounts carry a subject's id already: with a new ledger, run \
        'bellhop adopt \(visible(target))' before the first plan.

        """)
    }
    for omission in dump.omissions { Console.note("left out: \(visible(omission))") }
  }
}
