import Testing

@testable import bellhop

/// Who is meant by whom the system says is running us.
struct OperatingUserTests {
  private func user(
    login: UInt32?, effective: UInt32, _ environment: [String: String] = [:]
  ) -> OperatingUser {
    OperatingUser(loginID: login, effectiveID: effective, environment: environment) { id in
      [0: "root", 1000: "ada", 1001: "bob", 990: "bellhop"][id]
    }
  }

  @Test func `the kernel's login id counts before what sudo says`() {
    let sudo = ["SUDO_UID": "1001", "SUDO_USER": "bob"]
    #expect(user(login: 1000, effective: 0, sudo).person == "uid 1000")
    #expect(user(login: 1000, effective: 0, sudo).name == "ada as root")
    #expect(user(login: 1000, effective: 1000).name == "ada")
  }

  @Test func `without a login id root is whoever sudo names`() {
    let sudo = ["SUDO_UID": "1001"]
    #expect(user(login: UInt32.max, effective: 0, sudo).person == "uid 1001")
    #expect(user(login: nil, effective: 0, sudo).name == "bob as root")
    #expect(user(login: nil, effective: 0, ["SUDO_UID": "bob"]).person == "uid 0")
    #expect(user(login: nil, effective: 0).name == "root")
  }

  @Test func `variables that anybody can set name nobody`() {
    let forged = ["SUDO_UID": "1001", "SUDO_USER": "bob", "USER": "bob", "LOGNAME": "bob"]
    #expect(user(login: nil, effective: 1000, forged) == user(login: nil, effective: 1000))
    #expect(user(login: UInt32.max, effective: 990, forged).person == "uid 990")
    #expect(user(login: nil, effective: 77).name == "uid 77")
  }
}
