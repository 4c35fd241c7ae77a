import AccessModel
import Foundation
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
    let read = ConfigurationReader.read(
      try text(of: path), path: path, folder: folder(of: path))
    guard let configuration = read.configuration else { throw failure(read.diagnostics) }
    let composition = Composition(secrets: secrets.resolve(environment: environment))
    let targets = try configuration.targets.map { try composition.target($0) }
    let mappings = MappingLoader.load(
      try mappingFiles(in: configuration.mappings),
      targets: zip(configuration.targets, targets).map(Composition.knownTarget))
    guard let mapping = mappings.mappings else {
      throw failure(read.diagnostics + mappings.diagnostics)
    }
    return Workspace(
      configuration: configuration, mapping: mapping,
      sources: configuration.sources.map { composition.source($0) }, targets: targets,
      warnings: read.diagnostics + mappings.diagnostics)
  }

  private var state: StateFolder { StateFolder(configuration.state) }

  func ledger(readOnly: Bool) throws(LedgerError) -> LedgerStore {
    try LedgerStore(path: state.ledger, readOnly: readOnly)
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
      limits: configuration.limits, logger: logger,
      progress: { target, progress in
        if showsProgress { Console.progress("\(target): \(progress.done) of \(progress.total)") }
      })
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

/// Where the values of secrets come from.
enum SecretSupply {
  case resolved
  /// For commands that never connect: nothing is read, so nothing can be missing.
  case standIns

  func resolve(
    environment: [String: String]
  ) -> (SecretReference) throws -> Secret {
    switch self {
    case .resolved:
      let resolver = SecretResolver(environment: environment)
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

extension Instant {
  /// Now, by the machine's clock. Read here and nowhere else.
  static var wallClock: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }
}
