import Secrets
import Testing

@Suite struct SecretTests {
  @Test func `A3: a secret shows nothing of itself, however it is printed`() {
    let secret = Secret(Array("hunter2".utf8))
    var dumped = ""
    dump((secret, [secret]), to: &dumped)
    for text in ["\(secret)", "\([secret])", String(reflecting: secret), dumped] {
      #expect(!text.contains("hunter2"))
      #expect(!text.contains("104"))
    }
  }
}
