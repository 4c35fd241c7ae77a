package import AccessModel
import Dispatch
import Glibc

/// Assignments in a file: JSON in Graph's list shape, or CSV with a header row, by its extension.
///
/// The file is streamed, never held. It is taken as one whole that is replaced atomically, so a
/// complete reading proves absence at once; a file that changed under the reading is partial.
package struct FileSource: AssignmentSource {
  package enum Kind: String, Sendable, CaseIterable {
    case json, csv

    /// By the extension of the path, in either case; `nil` for any other.
    package init?(path: String) {
      let name = path.split(separator: "/").last ?? ""
      guard let dot = name.lastIndex(of: ".") else { return nil }
      self.init(rawValue: name[dot...].dropFirst().lowercased())
    }
  }

  package let id: SourceID
  package let path: String
  package let absentAfter: Duration

  package init(id: SourceID, path: String, absentAfter: Duration = .zero) {
    self.id = id
    self.path = path
    self.absentAfter = absentAfter
  }

  /// Throws `unavailable` for what cannot be opened or read, or is no regular file, and `malformed`
  /// for what is not well-formed. A record that cannot be understood is in the reading.
  package func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading {
    let result = await withCheckedContinuation { continuation in
      // Reading blocks, and a million records take seconds: not on a thread that others wait for.
      DispatchQueue(label: "bellhop.file-source").async {
        continuation.resume(returning: Result { () throws(SourceError) in try readNow() })
      }
    }
    return try result.get()
  }

  private func readNow() throws(SourceError) -> AssignmentReading {
    guard let kind = Kind(path: path) else {
      throw fault(.malformed, "its kind cannot be told; name it *.json or *.csv")
    }
    let file = try open()
    defer { close(file.descriptor) }
    let input = ByteInput { buffer throws(InputFault) in
      while true {
        let count = Glibc.read(file.descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        if errno != EINTR { throw .reading(errno) }
      }
    }
    let reading: AssignmentReading
    do throws(InputFault) {
      reading = try decode(input, kind)
    } catch {
      throw failure(error, hasChanged: hasChanged(file.before))
    }
    return hasChanged(file.before)
      ? reading.marked(partial: "\(path) changed while it was read")
      : reading
  }

  private func decode(
    _ input: consuming ByteInput, _ kind: Kind
  ) throws(InputFault) -> AssignmentReading {
    let document = String(path.split(separator: "/").last ?? "")
    switch kind {
    case .json:
      var decoder = GraphListDecoder(source: id, document: document, places: .lines)
      let page = try decoder.read(input)
      return decoder.finish(coverage(of: page))
    case .csv: return try CSVDecoder(input, source: id, document: document).decode()
    }
  }

  /// Partial if the list says that it is not all there is.
  private func coverage(of page: GraphListDecoder.Page) -> Coverage {
    if page.nextLink != nil {
      return .partial(reason: "it has an @odata.nextLink: it is one page of a longer list")
    }
    if let count = page.count, count != page.records {
      return .partial(
        reason: "its @odata.count does not say \(page.records), the number of its records")
    }
    return .complete
  }

  private func open() throws(SourceError) -> (descriptor: Int32, before: stat) {
    // Without waiting for a writer, should it be a pipe.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw fault(.unavailable, "cannot be opened: \(words(errno))")
    }
    var before = stat()
    guard fstat(descriptor, &before) == 0, before.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw fault(.unavailable, "cannot be read: it is no regular file")
    }
    guard before.st_size > 0 else {
      close(descriptor)
      throw fault(.malformed, "is empty; a source without assignments holds an empty list")
    }
    return (descriptor, before)
  }

  private func hasChanged(_ before: stat) -> Bool {
    var after = stat()
    return stat(path, &after) != 0 || after.st_dev != before.st_dev
      || after.st_ino != before.st_ino || after.st_size != before.st_size
      || after.st_mtim.tv_sec != before.st_mtim.tv_sec
      || after.st_mtim.tv_nsec != before.st_mtim.tv_nsec
  }

  private func failure(_ fault: InputFault, hasChanged: Bool) -> SourceError {
    switch fault {
    case .reading(let code):
      self.fault(.unavailable, "reading failed: \(words(code))")
    case .syntax where hasChanged:
      self.fault(.unavailable, "changed while it was read; replace it by renaming a whole one")
    case .syntax(let line, let column, let reason):
      self.fault(.malformed, "is not well-formed at \(line):\(column): \(reason)")
    }
  }

  private func fault(_ kind: SourceError.Kind, _ message: String) -> SourceError {
    SourceError(source: id, kind: kind, message: "\(path) \(message)")
  }

  private func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension AssignmentReading {
  fileprivate func marked(partial reason: String) -> AssignmentReading {
    AssignmentReading(
      source: source, subjects: subjects, packages: packages, assignments: assignments,
      withoutSubject: withoutSubject, undecodable: undecodable,
      coverage: .partial(reason: reason))
  }
}
