package import AccessModel

extension SCIMTarget: Examinable {
  package var name: String { id.rawValue }

  package func examine(
    _ examination: Examination, report: @Sendable (Diagnosis) -> Void
  ) async {
    await withoutActuallyEscaping(report) { report in
      var examiner = Examiner(provider, dialect, report: report)
      guard await examiner.readDiscovery(), let users = await examiner.readUsers() else { return }
      if !examination.scratch { await examiner.readFilters(users) }
      let hasGroups = await examiner.readGroups()
      if examination.scratch { await examiner.tryOut(hasGroups: hasGroups) }
      examiner.conclude()
    }
  }
}
