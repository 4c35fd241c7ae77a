/// What a record of the journal is about.
enum RecordKind: String, CaseIterable {
  /// The chain starts here; `detail` names its key and how much was written before there was one.
  case begun
  /// Somebody settled that the journal ends other than it was known to, or has another key.
  case takenOver
  case runBegun, runEnded
  /// The plan that the intents after it belong to.
  case plan
  case intent, outcome
  /// What was found in a target without a change.
  case note
  case approval, approvalUsed
  /// Somebody's word that the machine's clock is right.
  case clockReleased

  /// The row that the record vouches for, with names in place of numbers; `nil` where the record
  /// says everything itself. `?` is its number.
  var row: String? {
    switch self {
    case .begun, .takenOver, .plan, .note, .clockReleased: nil
    case .runBegun:
      """
      SELECT name, command, actor,
        iif(coalesce(person, mappings, saved_plan, undoes) IS NULL, configuration,
          json_array(configuration, person, mappings, saved_plan, undoes)),
        started_at
      FROM run WHERE id = ?
      """
    case .runEnded: "SELECT name, ended_at, summary FROM run WHERE id = ?"
    case .intent:
      """
      SELECT run.name, target.name, intent.at, intent.kind, phase, subject.name, entitlement.name,
        cause, change
      FROM intent JOIN run ON run.id = run JOIN target ON target.id = target
        LEFT JOIN subject ON subject.id = subject
        LEFT JOIN entitlement ON entitlement.id = entitlement
      WHERE intent.id = ?
      """
    case .outcome:
      """
      SELECT intent, run.name, at, outcome, disposition, detail
      FROM outcome JOIN run ON run.id = run WHERE outcome.id = ?
      """
    case .approval:
      """
      SELECT digest, iif(person IS NULL, name, json_array(name, person)), reason, at
      FROM approval WHERE id = ?
      """
    case .approvalUsed:
      """
      SELECT digest, run.name FROM approval JOIN run ON run.id = used_by WHERE approval.id = ?
      """
    }
  }

  /// Rows of this kind that no record vouches for.
  var unknownRows: String? {
    let table: String
    var condition = "TRUE"
    switch self {
    case .begun, .takenOver, .plan, .note, .clockReleased: return nil
    case .runBegun: table = "run"
    case .runEnded: (table, condition) = ("run", "(ended_at IS NOT NULL OR summary IS NOT NULL)")
    case .intent: table = "intent"
    case .outcome: table = "outcome"
    case .approval: table = "approval"
    case .approvalUsed: (table, condition) = ("approval", "used_by IS NOT NULL")
    }
    return """
      SELECT id FROM \(table) WHERE \(condition)
      EXCEPT SELECT row FROM record WHERE kind = '\(rawValue)' ORDER BY id
      """
  }
}
