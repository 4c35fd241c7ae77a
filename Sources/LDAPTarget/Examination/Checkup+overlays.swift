import AccessModel
import LDAPClient

extension Checkup {
  /// What else acts when groups and accounts are written.
  func overlayDiagnoses() -> [Diagnosis] {
    var diagnoses: [Diagnosis] = []
    let hasMemberOf = server.hasOverlay("memberof") || accounts.showsMemberOf
    if hasMemberOf {
      diagnoses.append(
        Diagnosis(
          .fine, "memberOf",
          "kept by the server: each membership costs it a second write, about 1 ms"))
    } else if server.database != nil || accounts.sample != nil {
      diagnoses.append(Diagnosis(.fine, "memberOf", "not kept, and not needed"))
    }
    guard server.database != nil else {
      diagnoses.append(
        Diagnosis(
          .advice, "overlays",
          "the server's configuration is not shown to us: refint cannot be seen"))
      return diagnoses
    }
    if server.hasOverlay("refint") {
      diagnoses.append(
        Diagnosis(
          .fine, "refint", "the server removes deleted accounts from groups, a moment later"))
    } else {
      diagnoses.append(
        Diagnosis(
          .fine, "refint",
          "not loaded: accounts deleted by others leave values in groups, which are listed"))
    }
    return diagnoses
  }
}
