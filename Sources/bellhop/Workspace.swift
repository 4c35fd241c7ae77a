import AccessModel
import Foundation
import Hashing
import LedgerStore
import Logging
import Mapping
import Planning
import Reconciling
import Secrets

/// Everything a command works with, made from the configuration and the mappings.
struct Workspace {
  let configuration: Configuration
  let mapping: MappingSet
  let sources: [any AssignmentSource]
  let targets: [any Target]
  /// Warnings of the configuration and the mappings, sorted by place.
  let warnings: [Diagnostic]
  /// What names this configuration and these mappings in the journal.
  let inputs: InputDigests

  /// Reads and checks everything that needs no network. `secrets` gives the values of secrets, or
  /// stand-ins where nothing will be connected to.
  static func load(_ options: CommonOptions, secrets: SecretSupply = .resolved) throws -> Workspace
  {
    let environment = ProcessInfo.processInfo.environment
    guard
      let path = Configuration.find(
        option: options.config, environment: environment,
        exists: { FileManager.default.fileExists(atPath: $0) })
    else {
      throw CommandFailure(
        status: .configuration,
        message: "no configuration: there is no ./bellhop.yaml and no /etc/bellhop/bellhop.yaml; "
          + "name one with --config FILE or $BELLHOP_CONFIG")
    }
    let text = try text(of: path)
    let read = ConfigurationReader.read(text, path: path, folder: folder(of: path))
    guard let configuration = read.configuration else { throw failure(read.diagnostics) }
    let composition = Composition(
      secrets: secrets.resolve(
        environment: environment, withholding: configuration.secretVariables),
      environment: environment, state: configuration.state, interval: configuration.interval)
    let targets = try configuration.targets.map { try composition.target($0) }
    let files = try mappingFiles(in: configuration.mappings)
    let mappings = MappingLoader.load(
      files,
      targets: zip(configuration.targets, targets).map(Composition.knownTarget))
    guard let mapping = mappings.mappings else {
      throw failure(read.diagnostics + mappings.diagnostics)
    }
    return Workspace(
      configuration: configuration, mapping: mapping,
      sources: try configuration.sources.map { try composition.source($0, for: mapping) },
      targets: targets, warnings: read.diagnostics + mappings.diagnostics,
      inputs: InputDigests(configuration: text, mappings: files))
  }

  private var state: StateFolder { StateFolder(configuration.state) }

  /// What was shown as held, to be approved.
  var shownDigests: ShownDigests { ShownDigests(state) }

  /// Lets what a report shows as held be approved before any run holds it.
  func rememberShown(_ report: RunReport) {
    let digests = report.targets.compactMap { $0.approved?.heldDigest?.description }
    if let fault = shownDigests.remember(digests) {
      Console.note("what is held cannot be approved before a run has held it: \(fault)")
    }
  }

  /// Whether the room that is kept for removals on a full disk is there.
  var hasReserve: Bool { Reserve.isWhole(state.reserve) }

  /// `lock` is that of a run, which alone writes to targets.
  func ledger(
    readOnly: Bool, lock: RunLock? = nil, takingOver: LedgerStore.TakingOver? = nil
  ) throws(LedgerError) -> LedgerStore {
    try LedgerStore(
      path: state.ledger, readOnly: readOnly, key: configuration.journalKey, lock: lock,
      takingOver: takingOver)
  }

  /// Holds off every other run until the process ends or `release` is called.
  func lock(command: String) throws -> RunLock {
    do throws(RunLockError) {
      return try RunLock(path: state.lock, command: command, at: .wallClock)
    } catch {
      switch error {
      case .held: throw CommandFailure(status: .anotherRun, message: error.description)
      case .unusable: throw CommandFailure(status: .ledger, message: error.description)
      }
    }
  }

  func reconciler(
    _ ledger: any Ledger, logger: Logger, showsProgress: Bool = false
  ) -> Reconciler {
    Reconciler(
      sources: sources, targets: targets, mapping: mapping, ledger: ledger,
      limits: configuration.limits, retired: configuration.retired, logger: logger,
      progress: { target, progress in
        if showsProgress { Console.progress("\(target): \(progress.done) of \(progress.total)") }
      })
  }

  func recorder(_ ledger: any Ledger, command: String) -> RunRecorder {
    RunRecorder(
      ledger: ledger, command: command, inputs: inputs, watch: clockWatch(ledger, mayTouch: true))
  }

  /// Every source and target whose server can tell the time is a witness.
  func clockWatch(_ ledger: any Ledger, mayTouch: Bool = false) -> ClockWatch {
    ClockWatch(
      ledger: ledger,
      witnesses: sources.compactMap { $0 as? any ClockWitness }
        + targets.compactMap { $0 as? any ClockWitness },
      mayTouch: mayTouch, read: { .machine() })
  }

  /// The absolute folder that the configuration's relative paths start from.
  private static func folder(of path: String) -> String {
    URL(filePath: path, relativeTo: .currentDirectory()).absoluteURL.deletingLastPathComponent()
      .path
  }

  private static func text(of path: String) throws -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      let reason =
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile: "there is no such file"
        case .fileReadNoPermission: "we may not read it"
        case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: "it is not UTF-8 text"
        default: error.localizedDescription
        }
      throw CommandFailure(status: .configuration, message: "\(path) cannot be read: \(reason)")
    }
  }

  /// Every `*.yaml` of the folder, sorted by name.
  private static func mappingFiles(in folder: String) throws -> [(path: String, text: String)] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw CommandFailure(
        status: .configuration, message: "mappings: \(folder) is not a folder that can be read")
    }
    let paths = names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted()
      .map { (folder as NSString).appendingPathComponent($0) }
    guard !paths.isEmpty else {
      throw CommandFailure(
        status: .configuration, message: "mappings: \(folder) holds no *.yaml file")
    }
    return try paths.map { ($0, try text(of: $0)) }
  }

  private static func failure(_ diagnostics: [Diagnostic]) -> CommandFailure {
    let lines = diagnostics.map(\.description)
    return CommandFailure(
      status: .configuration,
      message: "the configuration cannot be used\n" + lines.joined(separator: "\n"))
  }
}

/// What a run works from besides what it reads: the texts of configuration and mappings, by SHA-256.
struct InputDigests: Equatable {
  let configuration: String
  let mappings: String

  /// Folders do not count, the names of the mapping files do: they are the order of the rules.
  init(configuration: String, mappings: [(path: String, text: String)]) {
    self.configuration = SHA256.hexDigest(Array(configuration.utf8))
    let names = mappings.map { file in
      let name = file.path.split(separator: "/").last ?? ""
      return "\(SHA256.hexDigest(Array(file.text.utf8))) \(name)\n"
    }
    self.mappings = SHA256.hexDigest(Array(names.joined().utf8))
  }
}

/// Where the values of secrets come from.
enum SecretSupply {
  case resolved
  /// For commands that never connect: nothing is read, so nothing can be missing.
  case standIns

  func resolve(
    environment: [String: String], withholding withheld: Set<String>
  ) -> (SecretReference) throws -> Secret {
    switch self {
    case .resolved:
      let resolver = SecretResolver(environment: environment, withheld: withheld)
      return { reference in
        do {
          return try resolver.resolve(reference)
        } catch {
          throw CommandFailure(status: .configuration, message: "\(error)")
        }
      }
    case .standIns: return { _ in Secret(Array("stand-in".utf8)) }
    }
  }
}
