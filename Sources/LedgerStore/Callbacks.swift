import AccessModel
import GRDB

/// The table `callback`: requests that waited for us.
struct Callbacks {
  static let schema = """
    CREATE TABLE callback (
      source TEXT NOT NULL,
      request TEXT NOT NULL,
      instance TEXT NOT NULL,
      stage TEXT NOT NULL CHECK (stage IN ('assignmentRequestGranted', 'assignmentRequestRemoved')),
      assignment TEXT NOT NULL,
      first_seen INTEGER NOT NULL,
      progress TEXT NOT NULL CHECK (progress IN ('waiting', 'answering', 'answered')),
      detail TEXT,
      PRIMARY KEY (source, request, instance)
    ) STRICT, WITHOUT ROWID;
    """

  let db: Database

  func record(of request: WaitingRequest) throws -> CallbackRecord? {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT first_seen, progress, detail FROM callback
        WHERE source = ? AND request = ? AND instance = ?
        """,
      arguments: [request.source.rawValue, request.id, request.instance])
    guard let row else { return nil }
    guard let progress = CallbackRecord.Progress(rawValue: row[1]) else {
      throw LedgerError(message: "a callback is in a state that this version does not know")
    }
    return CallbackRecord(
      request: request, firstSeen: Instant(microseconds: row[0]), progress: progress,
      detail: row[2])
  }

  func record(_ record: CallbackRecord) throws {
    let request = record.request
    try db.execute(
      sql: """
        INSERT INTO callback
          (source, request, instance, stage, assignment, first_seen, progress, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET progress = excluded.progress, detail = excluded.detail
        """,
      arguments: [
        request.source.rawValue, request.id, request.instance, request.stage.rawValue,
        request.assignment.rawValue, record.firstSeen.microseconds, record.progress.rawValue,
        record.detail,
      ])
  }
}
