package import AccessModel
import Expressions

/// A target as mappings see it.
package struct KnownTarget: Sendable {
  /// The ways to disable an account that a kind of target offers.
  package enum DisableForm: String, Sendable, CaseIterable {
    case set, moveTo, deactivate
  }

  package let id: TargetID
  /// The attribute that every accounts rule must set.
  package let naturalKeyAttribute: String
  package let disableForms: Set<DisableForm>
  /// Why the target can have no such account attribute, or no such branch to move accounts to; `nil`
  /// if it can.
  package let attributeFault: @Sendable (String) -> String?
  package let branchFault: @Sendable (String) -> String?
  /// The one spelling of a group's name; throws if the target can have no such group.
  package let entitlementKey: @Sendable (String) throws -> EntitlementKey

  package init(
    id: TargetID, naturalKeyAttribute: String,
    disableForms: Set<DisableForm> = Set(DisableForm.allCases),
    attributeFault: @escaping @Sendable (String) -> String? = { _ in nil },
    branchFault: @escaping @Sendable (String) -> String? = { _ in nil },
    entitlementKey: @escaping @Sendable (String) throws -> EntitlementKey
  ) {
    self.id = id
    self.naturalKeyAttribute = naturalKeyAttribute
    self.disableForms = disableForms
    self.attributeFault = attributeFault
    self.branchFault = branchFault
    self.entitlementKey = entitlementKey
  }

  package init(_ target: any Target, disableForms: Set<DisableForm> = Set(DisableForm.allCases)) {
    self.init(
      id: target.id, naturalKeyAttribute: target.traits.naturalKeyAttribute,
      disableForms: disableForms
    ) { try target.entitlementKey(for: $0) }
  }
}

/// Reads mapping files. Every fault is a diagnostic with file, line and column.
package struct MappingLoader {
  var reader = YAMLReader()
  let targets: [TargetID: KnownTarget]
  private var packages: [PackageRule] = []
  private var accounts: [AccountsRule] = []
  var groups: [TargetID: [EntitlementKey: DeclaredGroup]] = [:]

  /// The mapping set is `nil` if any diagnostic is an error. Diagnostics are sorted by location.
  package static func load(
    _ files: [(path: String, text: String)], targets: [KnownTarget]
  ) -> (mappings: MappingSet?, diagnostics: [Diagnostic]) {
    var loader = MappingLoader(targets: targets)
    for file in files.sorted(by: { $0.path < $1.path }) { loader.read(file.text, path: file.path) }
    if !loader.reader.diagnostics.hasErrors { loader.warnOfUnusedAccounts() }
    let diagnostics = loader.reader.sortedDiagnostics
    return (diagnostics.hasErrors ? nil : loader.mappings, diagnostics)
  }

  private init(targets: [KnownTarget]) {
    self.targets = Dictionary(targets.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private var mappings: MappingSet {
    let groups = groups.mapValues { declared in
      declared.sorted { $0.key < $1.key }.map { key, group in
        DesiredGroup(
          key: key, adopt: group.adopt?.value ?? false, exclusive: group.exclusive?.value ?? false)
      }
    }
    return MappingSet(packages: packages, accounts: accounts, groups: groups)
  }

  private mutating func read(_ text: String, path: String) {
    guard let root = reader.document(text, path: path, keys: ["packages", "accounts"]) else {
      return
    }
    if root["packages"] == nil, root["accounts"] == nil {
      reader.error("neither 'packages' nor 'accounts' is in this file", at: root.location)
    }
    reader.items(root["packages"])?.forEach { node in
      if let rule = packageRule(node) { packages.append(rule) }
    }
    reader.items(root["accounts"])?.forEach { node in
      guard let rule = accountsRule(node) else { return }
      if let first = accounts.first(where: { $0.target == rule.target }) {
        reader.error(
          "'\(rule.target)' has an accounts rule already, at \(first.location)", at: rule.location)
      } else {
        accounts.append(rule)
      }
    }
  }

  private mutating func warnOfUnusedAccounts() {
    let entitled = Set(packages.flatMap { $0.entitlements.map(\.target) })
    for rule in accounts where !entitled.contains(rule.target) {
      reader.warning(
        "no package has an entitlement in '\(rule.target)', so nobody gets an account there",
        at: rule.location)
    }
  }

  mutating func target(_ node: YAMLNode?) -> KnownTarget? {
    guard let node, let name = reader.text(node) else { return nil }
    if let target = targets[TargetID(name)] { return target }
    let names = targets.keys.map(\.rawValue).sorted()
    let advice =
      nearest(to: name, among: names).map { "did you mean '\($0)'?" }
      ?? (names.isEmpty
        ? "the configuration has none" : "the targets are \(names.joined(separator: ", "))")
    reader.error("unknown target '\(name)'; \(advice)", at: node.location)
    return nil
  }

  mutating func expression(_ node: YAMLNode, isCondition: Bool = false) -> LocatedExpression? {
    if case .sequence = node.content {
      reader.error(
        "\(node.label) is a list to YAML; put the expression in quotes, as in '[email]'",
        at: node.location)
      return nil
    }
    guard let text = reader.text(node) else { return nil }
    do {
      let expression =
        isCondition
        ? try Expression(parsingCondition: text) : try Expression(parsing: text)
      return LocatedExpression(expression: expression, location: node.location)
    } catch {
      reader.error("\(node.label): \(error.message)", at: node.location, note: error.excerpt)
      return nil
    }
  }
}
