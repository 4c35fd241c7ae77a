package import AccessModel
import Foundation
import Hashing

/// The plans of a run for all its targets, to be reviewed and applied later: the file that
/// `plan --out` writes, documented in docs/commands.md.
///
/// It is not what is applied. `apply --plan` plans anew and goes on only if it would do the very same.
package struct SavedPlan: Codable, Equatable, Sendable {
  package static let version = 1
  /// For so long it may be applied.
  package static let lifetime = Duration.seconds(24 * 60 * 60)

  /// The version of Bellhop that made it.
  package let bellhop: String
  package let createdAt: Instant
  package let createdBy: String
  package let expiresAt: Instant
  /// Digests of the configuration and of the mappings.
  package let configuration: String
  package let mappings: String
  /// What the run was narrowed to.
  package let subject: String?
  package let package: String?
  package let sources: [Source]
  /// Those that could be planned, sorted.
  package let targets: [Target]

  /// What a source said when the plan was made.
  package struct Source: Codable, Equatable, Sendable {
    package let source: String
    package let isComplete: Bool
    package let assignments: Int
    package let live: Int

    package init(_ book: SourceBook) {
      source = book.source.rawValue
      isComplete = book.coverage.isComplete
      assignments = book.live?.reading.assignments.count ?? 0
      live = book.live?.positions.count ?? 0
    }
  }

  package struct Target: Codable, Equatable, Sendable {
    package let target: String
    package let digest: String
    package let changes: [NamedChange]
    /// What the limits held; missing if nothing.
    package let heldByLimits: Held?

    package init(_ approved: ApprovedPlan) {
      let id = approved.plan.target
      target = id.rawValue
      digest = PlanDigest(target: id, changes: approved.plan.changes).description
      changes = approved.plan.changes.map { NamedChange($0, target: id) }
      heldByLimits = approved.heldDigest.map { digest in
        Held(
          digest: digest.description, violations: approved.violations.map(\.description),
          changes: approved.held.map { NamedChange($0, target: id) })
      }
    }
  }

  package struct Held: Codable, Equatable, Sendable {
    package let digest: String
    package let violations: [String]
    package let changes: [NamedChange]
  }

  package init(
    bellhop: String, createdAt: Instant, createdBy: String, configuration: String,
    mappings: String, subject: SubjectID?, package: String?, sources: [Source], targets: [Target]
  ) {
    self.bellhop = bellhop
    self.createdAt = createdAt
    self.createdBy = createdBy
    expiresAt = createdAt.adding(Self.lifetime)
    self.configuration = configuration
    self.mappings = mappings
    self.subject = subject?.rawValue
    self.package = package
    self.sources = sources
    self.targets = targets
  }
}

extension SavedPlan {
  /// Why a file is no saved plan.
  package struct Fault: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  private struct Document: Codable {
    let bellhopPlan: Int
    let plan: SavedPlan
    /// SHA-256 of `plan` as it is written.
    let sha256: String
  }

  private struct Version: Decodable {
    let bellhopPlan: Int
  }

  private static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// The whole file.
  package func encoded() throws -> [UInt8] {
    try Self.json(
      Document(bellhopPlan: Self.version, plan: self, sha256: try digest())) + [0x0a]
  }

  /// Names this very plan, made at this very instant.
  package func digest() throws -> String { SHA256.hexDigest(try Self.json(self)) }

  /// Whether a file begins as this version, or an earlier or later one, writes saved plans.
  package static func isSavedPlan(startingWith bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: "{\n  \"bellhopPlan\" : ".utf8)
  }

  /// Throws unless the file is, byte for byte, what `encoded` gave.
  package init(parsing bytes: [UInt8]) throws(Fault) {
    guard Self.isSavedPlan(startingWith: bytes) else {
      throw Fault(description: "it is no saved plan; 'bellhop plan --out FILE' makes one")
    }
    let data = Data(bytes)
    let document: Document
    let whole: [UInt8]
    do {
      let version = try JSONDecoder().decode(Version.self, from: data).bellhopPlan
      guard version == Self.version else {
        throw Fault(
          description: "it is a saved plan of version \(version), and this Bellhop knows version "
            + "\(Self.version) only; make a new one")
      }
      document = try JSONDecoder().decode(Document.self, from: data)
      whole = try document.plan.encoded()
    } catch let fault as Fault {
      throw fault
    } catch {
      throw Fault(description: "it was cut short or edited since it was saved; make a new one")
    }
    // Also anything that decoding passes over: white space, repeated and unknown members.
    guard whole == bytes else {
      throw Fault(description: "it was edited since it was saved; make a new one")
    }
    self = document.plan
  }
}

/// What has become of one target's part of a saved plan: what applying it now would do otherwise.
package struct SavedPlanComparison: Sendable {
  package let target: TargetID
  /// What would be done.
  package let changes: PlanComparison
  /// What would be held by limits.
  package let held: PlanComparison

  /// An approval that was given since lets pass what the saved plan shows as held, and nothing else.
  package init(_ saved: SavedPlan.Target, now approved: ApprovedPlan) {
    let id = approved.plan.target
    target = id
    var (changes, held) = (saved.changes, saved.heldByLimits?.changes ?? [])
    if let release = approved.release, release.digest == saved.heldByLimits?.digest {
      (changes, held) = (changes + held, [])
    }
    func named(_ list: [Change]) -> [NamedChange] { list.map { NamedChange($0, target: id) } }
    self.changes = PlanComparison(from: changes, to: named(approved.plan.changes))
    self.held = PlanComparison(from: held, to: named(approved.held))
  }

  package var isEmpty: Bool { changes.isEmpty && held.isEmpty }

  /// One line for each difference.
  package var lines: [String] {
    let held = Set(held.added.map(\.description))
    let wasHeld = Set(self.held.gone.map(\.description))
    var lines: [String] = []
    for change in changes.added {
      lines.append(
        wasHeld.contains(change.description)
          ? "\(target): was held by limits and would pass now: \(change)"
          : "\(target): would be done now and was not in it: \(change)")
    }
    for change in changes.gone {
      lines.append(
        held.contains(change.description)
          ? "\(target): would be held by limits now: \(change)"
          : "\(target): was in it and is no longer needed: \(change)")
    }
    let told = Set((changes.added + changes.gone).map(\.description))
    for change in self.held.added where !told.contains(change.description) {
      lines.append("\(target): would be held by limits now and was not in it: \(change)")
    }
    for change in self.held.gone where !told.contains(change.description) {
      lines.append("\(target): was held by limits and is no longer needed: \(change)")
    }
    return lines
  }
}
