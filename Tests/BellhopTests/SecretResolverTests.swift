import CXattr
import Foundation
import Glibc
import Secrets
import Testing

@testable import bellhop

/// A folder of its own for each test, gone with it.
private final class Folder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { _ = try? FileManager.default.removeItem(atPath: path) }

  func file(_ text: String, mode: mode_t = 0o600) throws -> String {
    let file = "\(path)/\(UUID().uuidString)"
    try text.write(toFile: file, atomically: false, encoding: .utf8)
    #expect(chmod(file, mode) == 0)
    return file
  }
}

private let resolver = SecretResolver(
  environment: ["TOKEN": "s3cret", "BLANK": "", "PATH": "/usr/bin:/bin"], timeout: .seconds(10))

private func text(_ secret: Secret) -> String {
  secret.withBytes { String(decoding: $0, as: UTF8.self) }
}

private func fault(_ reference: SecretReference) throws -> String {
  try #require(throws: SecretError.self) { try resolver.resolve(reference) }.description
}

@Suite struct SecretResolverTests {
  @Test(arguments: [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("s3cret ", "s3cret ")])
  func `a file's only line is the secret`(content: String, expected: String) throws {
    let folder = try Folder()
    #expect(text(try resolver.resolve(.file(try folder.file(content)))) == expected)
    #expect(text(try resolver.resolve(.file(try folder.file(content, mode: 0o400)))) == expected)
  }

  @Test(arguments: [0o644, 0o640, 0o660, 0o604, 0o700, 0o4600] as [mode_t])
  func `A4: a file that others may read is refused`(mode: mode_t) throws {
    let folder = try Folder()
    let file = try folder.file("s3cret", mode: mode)
    let fault = try fault(.file(file))
    #expect(fault.contains("has mode 0\(String(mode, radix: 8))"))
    #expect(fault.hasSuffix("run 'chmod 600 \(file)'"))
    #expect(!fault.contains("s3cret"))
  }

  @Test func `A4: what is no regular file is refused`() throws {
    let folder = try Folder()
    let link = "\(folder.path)/link"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: try folder.file("s3cret"))
    #expect(try fault(.file(link)) == "secret file \(link): is a symbolic link")
    let pipe = "\(folder.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(try fault(.file(pipe)) == "secret file \(pipe) is no regular file")
    #expect(try fault(.file(folder.path)) == "secret file \(folder.path) is no regular file")
    #expect(
      try fault(.file("\(folder.path)/none"))
        == "secret file \(folder.path)/none: No such file or directory")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func `A4: a file of someone else is refused`() throws {
    let folder = try Folder()
    let file = try folder.file("s3cret")
    #expect(chown(file, 12_345, 0) == 0)
    #expect(try fault(.file(file)).contains("belongs to user 12345"))
  }

  @Test func `A4: a file that others can replace is refused`() throws {
    let folder = try Folder()
    let file = try folder.file("s3cret")
    for mode in [0o777, 0o770, 0o702] as [mode_t] {
      #expect(chmod(folder.path, mode) == 0)
      #expect(try fault(.file(file)).hasSuffix("run 'chmod go-w \(folder.path)'"))
      // By a link that is ours, all the same.
      let other = try Folder()
      let link = "\(other.path)/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
      let name = file.dropFirst(folder.path.count)
      #expect(try fault(.file("\(link)\(name)")).hasSuffix("run 'chmod go-w \(folder.path)'"))
    }
    #expect(chmod(folder.path, 0o1777) == 0)
    #expect(text(try resolver.resolve(.file(file))) == "s3cret", "sticky, as /tmp is")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a folder away"))
  func `A4: a folder or a link of someone else on the way is refused`() throws {
    let folder = try Folder()
    let other = try Folder()
    let file = try folder.file("s3cret")
    let link = "\(other.path)/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
    let path = link + file.dropFirst(folder.path.count)
    #expect(text(try resolver.resolve(.file(path))) == "s3cret")
    #expect(lchown(link, 12_345, 0) == 0)
    #expect(try fault(.file(path)).contains("the symbolic link \(link) belongs to user 12345"))
    #expect(chown(folder.path, 12_345, 0) == 0)
    #expect(try fault(.file(file)).contains("the folder \(folder.path) belongs to user 12345"))
  }

  /// As systemd grants it: mode 0440, and a list with one user.
  @Test(arguments: [(geteuid(), true), (12_345, false)] as [(uid_t, Bool)])
  func `A4: a credential of systemd is taken, if it is granted to us alone`(
    user: uid_t, isTaken: Bool
  ) throws {
    let folder = try Folder()
    let file = try folder.file("s3cret", mode: 0o400)
    func entry(_ tag: UInt16, _ rights: UInt16, _ id: UInt32) -> [UInt8] {
      withUnsafeBytes(of: tag.littleEndian, Array.init)
        + withUnsafeBytes(of: rights.littleEndian, Array.init)
        + withUnsafeBytes(of: id.littleEndian, Array.init)
    }
    let list =
      [2, 0, 0, 0] + entry(1, 4, .max) + entry(2, 4, user) + entry(4, 0, .max)
      + entry(16, 4, .max) + entry(32, 0, .max)
    try #require(
      setxattr(file, "system.posix_acl_access", list, list.count, 0) == 0, "no lists here")
    var status = stat()
    #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o440)
    if isTaken {
      #expect(text(try resolver.resolve(.file(file))) == "s3cret")
    } else {
      #expect(try fault(.file(file)).contains("has mode 0440"))
    }
  }

  @Test func `A3: a command gets the environment without the other secrets`() throws {
    let resolver = SecretResolver(
      environment: ["TOKEN": "s3cret", "PLACE": "here"], withheld: ["TOKEN"])
    let printed = try resolver.resolve(
      .command(["/bin/sh", "-c", "echo \"$PLACE/$TOKEN\""]))
    #expect(text(printed) == "here/")
  }

  @Test func `an empty secret is no secret`() throws {
    let folder = try Folder()
    let file = try folder.file("\n")
    #expect(try fault(.file(file)) == "file \(file) is empty")
    #expect(try fault(.env("BLANK")) == "environment variable BLANK is empty")
    #expect(try fault(.env("MISSING")) == "environment variable MISSING is not set")
    #expect(try fault(.command(["/bin/true"])) == "command /bin/true is empty")
  }

  @Test func `a secret of several lines is refused`() throws {
    let folder = try Folder()
    #expect(try fault(.file(try folder.file("a\nb\n"))).hasSuffix("holds more than one line"))
  }

  @Test func `the environment gives a secret`() throws {
    #expect(text(try resolver.resolve(.env("TOKEN"))) == "s3cret")
  }

  @Test func `a command is run without a shell`() throws {
    let secret = try resolver.resolve(.command(["/usr/bin/printf", "%s", "$TOKEN; `id`"]))
    #expect(text(secret) == "$TOKEN; `id`")
  }

  @Test func `a command that fails or cannot be started is an error`() throws {
    #expect(try fault(.command(["/bin/false"])) == "command /bin/false failed with status 1")
    #expect(try fault(.command(["/nowhere/x"])).hasPrefix("command /nowhere/x cannot be started"))
  }

  @Test func `a command that takes too long is ended`() throws {
    let hasty = SecretResolver(environment: [:], timeout: .seconds(1))
    let start = ContinuousClock.now
    let error = try #require(throws: SecretError.self) {
      try hasty.resolve(.command(["/bin/sleep", "60"]))
    }
    #expect(error.description == "command /bin/sleep took longer than 1 s")
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func `a command that never stops talking is ended`() throws {
    #expect(
      try fault(.command(["/usr/bin/yes"])) == "command /usr/bin/yes gives more than 65536 bytes")
  }
}
