// swift-tools-version: 6.2
import PackageDescription

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

// The arrows of docs/architecture.md. `scripts/test` builds with
// `--explicit-target-dependency-import-check error`, so the compiler holds them.
let package = Package(
  name: "bellhop",
  products: [.executable(name: "bellhop", targets: ["bellhop"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLDAP", pkgConfig: "ldap", providers: [.apt(["libldap2-dev"])]),

    .target(name: "AccessModel"),
    .target(name: "Hashing", dependencies: ["CCrypto"]),
    .target(name: "Secrets"),
    .target(name: "Expressions"),
    .target(name: "Mapping", dependencies: ["AccessModel", "Expressions", yams]),
    .target(name: "Planning", dependencies: ["AccessModel", "Hashing"]),
    .target(name: "LDAPClient", dependencies: ["CLDAP", "Secrets"]),
    .target(name: "LDAPTarget", dependencies: ["AccessModel", "LDAPClient", "Secrets"]),
    .target(name: "HTTPTransport", dependencies: ["CCurl"]),
    .target(name: "SCIMClient", dependencies: ["HTTPTransport", "Secrets"]),
    .target(
      name: "SCIMTarget",
      dependencies: ["AccessModel", "HTTPTransport", "SCIMClient", "Secrets"]),
    .target(name: "AssignmentSources", dependencies: ["AccessModel"]),
    .target(name: "LedgerStore", dependencies: ["AccessModel", grdb]),
    .target(name: "Reconciling", dependencies: ["AccessModel", "Mapping", "Planning", log]),
    .target(name: "ConnectorTesting", dependencies: ["AccessModel", "HTTPTransport"]),
    .executableTarget(
      name: "bellhop",
      dependencies: [
        "AccessModel", "AssignmentSources", "Expressions", "HTTPTransport", "LDAPClient",
        "LDAPTarget", "LedgerStore", "Mapping", "Planning", "Reconciling", "SCIMClient",
        "SCIMTarget", "Secrets", arguments, log,
      ]),
    .executableTarget(
      name: "planner-benchmark", dependencies: ["AccessModel", "Planning"],
      path: "Benchmarks/Planner"),

    .testTarget(name: "AccessModelTests", dependencies: ["AccessModel"]),
    .testTarget(name: "ExpressionsTests", dependencies: ["Expressions"]),
    .testTarget(name: "MappingTests", dependencies: ["AccessModel", "Mapping"]),
    .testTarget(
      name: "PlanningTests", dependencies: ["AccessModel", "ConnectorTesting", "Planning"],
      exclude: ["Golden"]),
    .testTarget(
      name: "LDAPClientTests", dependencies: ["ConnectorTesting", "LDAPClient", "Secrets"]),
    .testTarget(
      name: "LDAPTargetTests",
      dependencies: ["AccessModel", "ConnectorTesting", "LDAPClient", "LDAPTarget", "Secrets"]),
    .testTarget(
      name: "HTTPTransportTests", dependencies: ["ConnectorTesting", "HTTPTransport"]),
    .testTarget(
      name: "SCIMClientTests",
      dependencies: ["ConnectorTesting", "HTTPTransport", "SCIMClient", "Secrets"]),
    .testTarget(
      name: "SCIMTargetTests",
      dependencies: [
        "AccessModel", "ConnectorTesting", "HTTPTransport", "SCIMClient", "SCIMTarget", "Secrets",
      ]),
    .testTarget(
      name: "AssignmentSourcesTests", dependencies: ["AccessModel", "AssignmentSources"]),
    .testTarget(name: "LedgerStoreTests", dependencies: ["AccessModel", "LedgerStore", grdb]),
    .testTarget(
      name: "ReconcilingTests",
      dependencies: [
        "AccessModel", "ConnectorTesting", "LedgerStore", "Mapping", "Planning", "Reconciling", log,
      ]),
    .testTarget(
      name: "BellhopTests",
      dependencies: [
        "AccessModel", "bellhop", "Mapping", "Planning", "Secrets", arguments,
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["AccessModel", "bellhop", "ConnectorTesting", "HTTPTransport"]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
  ]
}
