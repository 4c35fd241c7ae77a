import Foundation
import Glibc

extension SlapdFixture {
  func prepare() async throws {
    for name in ["config", "data", "log"] {
      try FileManager.default.createDirectory(
        at: folder.appending(path: name), withIntermediateDirectories: false)
    }
    try provideProgram()
    if !options.certificateNames.isEmpty { try await makeCertificates() }
    let configuration = path("config.ldif")
    try configurationLDIF.write(toFile: configuration, atomically: false, encoding: .utf8)
    try await run(
      path("slapd"), ["-T", "add", "-n", "0", "-F", path("config"), "-l", configuration])
    let tree = path("tree.ldif")
    let content = options.content ?? treeLDIF + "\n" + options.ldif
    try content.write(toFile: tree, atomically: false, encoding: .utf8)
    try await run(
      path("slapd"),
      ["-T", "add", "-q", "-w", "-F", path("config"), "-b", options.suffix, "-l", tree])
  }

  /// Where AppArmor confines slapd it does so by the path of the binary, to folders not ours, and a
  /// copy is free of it. Elsewhere a link: a file just written cannot be run (ETXTBSY) while a process
  /// that another test is starting still holds it open.
  private func provideProgram() throws {
    let program = "/usr/sbin/slapd"
    if FileManager.default.fileExists(atPath: "/etc/apparmor.d/usr.sbin.slapd") {
      try FileManager.default.copyItem(atPath: program, toPath: path("slapd"))
    } else {
      try FileManager.default.createSymbolicLink(
        atPath: path("slapd"), withDestinationPath: program)
    }
  }

  private func makeCertificates() async throws {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try await run(
      "/usr/bin/openssl",
      ["req", "-x509"] + key + [
        "-keyout", path("ca.key"), "-out", caFile, "-days", "2", "-subj", "/CN=Test authority",
        "-addext", "keyUsage=critical,keyCertSign",
      ])
    try await run(
      "/usr/bin/openssl",
      ["req"] + key + [
        "-keyout", path("server.key"), "-out", path("server.csr"), "-subj", "/CN=Test server",
      ])
    let names = options.certificateNames.joined(separator: ",")
    try "subjectAltName=\(names)\nextendedKeyUsage=serverAuth\n"
      .write(toFile: path("server.ext"), atomically: false, encoding: .utf8)
    try await run(
      "/usr/bin/openssl",
      [
        "x509", "-req", "-in", path("server.csr"), "-CA", caFile, "-CAkey", path("ca.key"),
        "-CAcreateserial", "-days", "2", "-out", path("server.crt"), "-extfile",
        path("server.ext"),
      ])
  }

  private var configurationLDIF: String {
    let me = "gidNumber=\(getegid())+uidNumber=\(geteuid()),cn=peercred,cn=external,cn=auth"
    let tls =
      options.certificateNames.isEmpty
      ? ""
      : """
      olcTLSCACertificateFile: \(caFile)
      olcTLSCertificateFile: \(path("server.crt"))
      olcTLSCertificateKeyFile: \(path("server.key"))

      """
    let settings = options.databaseSettings.map { $0 + "\n" }.joined()
    let accessRules = options.accessRules.map { "olcAccess: \($0)\n" }.joined()
    let modules = options.overlays.map { "olcModuleLoad: \($0.name)\n" }.joined()
    let indexes = options.indexes.map { "olcDbIndex: \($0)\n" }.joined()
    let sorted =
      options.sortedAttributes.isEmpty
      ? "" : "olcSortVals: \(options.sortedAttributes.joined(separator: " "))\n"
    let overlays = options.overlays.enumerated().map { number, overlay in
      let name = "{\(number)}\(overlay.name)"
      return
        "\ndn: olcOverlay=\(name),olcDatabase={1}mdb,cn=config\nobjectClass: olcOverlayConfig\n"
        + "olcOverlay: \(name)\n" + overlay.settings.joined(separator: "\n") + "\n"
    }.joined()
    let hasLog = options.overlays.contains { $0.name == "accesslog" }
    let monitor = "{\(hasLog ? 3 : 2)}monitor"
    let size = options.sizeLimit.map(String.init) ?? "unlimited"
    return """
      dn: cn=config
      objectClass: olcGlobal
      cn: config
      olcPidFile: \(path("pid"))
      olcSizeLimit: 500
      \(tls)
      dn: cn=module{0},cn=config
      objectClass: olcModuleList
      cn: module{0}
      olcModulePath: /usr/lib/ldap
      olcModuleLoad: back_mdb
      \(modules)
      dn: cn=schema,cn=config
      objectClass: olcSchemaConfig
      cn: schema

      include: file:///etc/ldap/schema/core.ldif

      include: file:///etc/ldap/schema/cosine.ldif

      include: file:///etc/ldap/schema/nis.ldif

      include: file:///etc/ldap/schema/inetorgperson.ldif

      dn: olcDatabase={-1}frontend,cn=config
      objectClass: olcDatabaseConfig
      objectClass: olcFrontendConfig
      olcDatabase: {-1}frontend
      olcAccess: to dn.base="" by * \(options.hidesRootEntry ? "none" : "read")
      olcAccess: to dn.base="cn=subschema" by * \(options.hidesRootEntry ? "none" : "read")
      \(sorted)
      dn: olcDatabase={0}config,cn=config
      objectClass: olcDatabaseConfig
      olcDatabase: {0}config
      olcAccess: to * by dn.exact="\(me)" manage by * none

      dn: olcDatabase={1}mdb,cn=config
      objectClass: olcDatabaseConfig
      objectClass: olcMdbConfig
      olcDatabase: {1}mdb
      olcSuffix: \(options.suffix)
      olcRootDN: \(adminDN)
      olcRootPW: \(adminPassword)
      olcDbDirectory: \(path("data"))
      olcDbMaxSize: 1073741824
      olcDbNoSync: TRUE
      \(indexes)\
      olcLimits: dn.exact="\(serviceDN)" size=\(size) size.prtotal=\(size) time=unlimited
      \(accessRules)olcAccess: to attrs=userPassword by anonymous auth by * none
      olcAccess: to dn.subtree="\(accounts)" by dn.exact="\(serviceDN)" \(options.serviceAccess) \
      by dn.exact="\(me)" manage by * none
      olcAccess: to dn.subtree="\(disabledAccounts)" by dn.exact="\(serviceDN)" \
      \(options.serviceAccess) by dn.exact="\(me)" manage by * none
      olcAccess: to dn.subtree="\(groups)" by dn.exact="\(serviceDN)" \(options.serviceAccess) \
      by dn.exact="\(me)" manage by * none
      olcAccess: to * by dn.exact="\(me)" manage by dn.exact="\(serviceDN)" read by * none
      \(settings)\(overlays)\(hasLog ? logLDIF : "")
      dn: olcDatabase=\(monitor),cn=config
      objectClass: olcDatabaseConfig
      objectClass: olcMonitorConfig
      olcDatabase: \(monitor)
      olcAccess: to * by dn.exact="\(adminDN)" read by * none
      """
  }

  private var logLDIF: String {
    """

    dn: olcDatabase={2}mdb,cn=config
    objectClass: olcDatabaseConfig
    objectClass: olcMdbConfig
    olcDatabase: {2}mdb
    olcSuffix: cn=accesslog
    olcRootDN: \(adminDN)
    olcDbDirectory: \(path("log"))
    olcDbMaxSize: 1073741824
    olcDbNoSync: TRUE
    olcDbIndex: reqStart eq

    """
  }

  private var treeLDIF: String {
    let unit = options.suffix.prefix { $0 != "," }.dropFirst("dc=".count)
    let branches = [accounts, disabledAccounts, groups, "ou=services,\(options.suffix)"]
    return """
      dn: \(options.suffix)
      objectClass: dcObject
      objectClass: organization
      o: Example
      dc: \(unit)

      """
        + branches.map { "\ndn: \($0)\nobjectClass: organizationalUnit\n" }.joined()
          + """

          dn: \(serviceDN)
          objectClass: organizationalRole
          objectClass: simpleSecurityObject
          userPassword: \(servicePassword)

          dn: \(placeholder)
          objectClass: organizationalRole

          """
  }
}
