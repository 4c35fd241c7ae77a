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
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CXattr"),

    .target(name: "AccessModel"),
    .target(name: "Hashing", dependencies: ["CCrypto"]),
    .target(name: "Legibility"),
    .target(name: "Secrets"),
    .target(name: "Expressions"),
    .target(
      name: "Mapping", dependencies: ["AccessModel", "Expressions", "Legibility", yams]),
    .target(name: "Planning", dependencies: ["AccessModel", "Hashing", "Legibility"]),
    .target(name: "LDAPClient", dependencies: ["CLDAP", "Secrets"]),
    .target(name: "LDAPTarget", dependencies: ["AccessModel", "LDAPClient", "Secrets"]),
    .target(name: "HTTPTransport", dependencies: ["CCurl"]),
    .target(name: "JSON"),
    .target(name: "Signing", dependencies: ["CCrypto"]),
    .target(name: "OAuth", dependencies: ["HTTPTransport", "Secrets"]),
    .target(
      name: "GraphClient",
      dependencies: ["HTTPTransport", "JSON", "OAuth", "Secrets", "Signing"]),
    .target(
      name: "SCIMClient",
      dependencies: ["HTTPTransport", "JSON", "Legibility", "OAuth", "Secrets"]),
    .target(
      name: "SCIMTarget",
      dependencies: ["AccessModel", "HTTPTransport", "JSON", "OAuth", "SCIMClient", "Secrets"]),
    .target(
      name: "AssignmentSources",
      dependencies: ["AccessModel", "GraphClient", "HTTPTransport", "JSON", "Legibility"]),
    .target(name: "LedgerStore", dependencies: ["AccessModel", "Hashing", grdb]),
    .target(
      name: "Reconciling", dependencies: ["AccessModel", "Legibility", "Mapping", "Planning", log]),
    .target(name: "ConnectorTesting", dependencies: ["AccessModel", "HTTPTransport"]),
    .executableTarget(
      name: "bellhop",
      dependencies: [
        "AccessModel", "AssignmentSources", "CMalloc", "CXattr", "Expressions", "GraphClient",
        "HTTPTransport", "Hashing", "LDAPClient", "LDAPTarget", "LedgerStore", "Legibility",
        "Mapping", "OAuth", "Planning", "Reconciling", "SCIMClient", "SCIMTarget", "Secrets",
        "Signing", arguments, log,
      ]),
    .executableTarget(
      name: "planner-benchmark", dependencies: ["AccessModel", "Planning"],
      path: "Benchmarks/Planner"),
    .executableTarget(
      name: "ldap-benchmark",
      dependencies: ["AccessModel", "CMalloc", "LDAPClient", "LDAPTarget", "Secrets"],
      path: "Benchmarks/LDAP"),
    .executableTarget(
      name: "graph-benchmark",
      dependencies: [
        "AccessModel", "AssignmentSources", "GraphClient", "HTTPTransport", "OAuth", "Secrets",
      ], path: "Benchmarks/Graph"),
    .executableTarget(
      name: "scim-benchmark", dependencies: ["HTTPTransport", "JSON", "SCIMClient", "Secrets"],
      path: "Benchmarks/SCIM"),

    .testTarget(name: "AccessModelTests", dependencies: ["AccessModel"]),
    .testTarget(name: "ExpressionsTests", dependencies: ["Expressions"]),
    .testTarget(name: "LegibilityTests", dependencies: ["Legibility"]),
    .testTarget(name: "SecretsTests", dependencies: ["Secrets"]),
    .testTarget(name: "MappingTests", dependencies: ["AccessModel", "Mapping"]),
    .testTarget(
      name: "PlanningTests",
      dependencies: ["AccessModel", "ConnectorTesting", "Legibility", "Planning"],
      exclude: ["Golden"]),
    .testTarget(
      name: "LDAPClientTests",
      dependencies: ["CLDAP", "ConnectorTesting", "LDAPClient", "Secrets"]),
    .testTarget(
      name: "LDAPTargetTests",
      dependencies: ["AccessModel", "ConnectorTesting", "LDAPClient", "LDAPTarget", "Secrets"]),
    .testTarget(
      name: "HTTPTransportTests", dependencies: ["ConnectorTesting", "HTTPTransport"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON"]),
    .testTarget(
      name: "OAuthTests", dependencies: ["ConnectorTesting", "HTTPTransport", "OAuth", "Secrets"]),
    .testTarget(
      name: "SCIMClientTests",
      dependencies: [
        "ConnectorTesting", "HTTPTransport", "JSON", "OAuth", "SCIMClient", "Secrets",
      ]),
    .testTarget(
      name: "SCIMTargetTests",
      dependencies: [
        "AccessModel", "ConnectorTesting", "HTTPTransport", "JSON", "OAuth", "SCIMClient",
        "SCIMTarget", "Secrets",
      ]),
    .testTarget(
      name: "AssignmentSourcesTests",
      dependencies: [
        "AccessModel", "AssignmentSources", "ConnectorTesting", "GraphClient", "HTTPTransport",
        "OAuth", "Secrets", "Signing",
      ]),
    .testTarget(
      name: "LedgerStoreTests",
      dependencies: ["AccessModel", "ConnectorTesting", "LedgerStore", grdb]),
    .testTarget(
      name: "ReconcilingTests",
      dependencies: [
        "AccessModel", "ConnectorTesting", "LedgerStore", "Mapping", "Planning", "Reconciling", log,
      ]),
    .testTarget(
      name: "BellhopTests",
      dependencies: [
        "AccessModel", "AssignmentSources", "bellhop", "CXattr", "GraphClient", "Mapping",
        "Planning", "Secrets", "Signing", arguments,
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
