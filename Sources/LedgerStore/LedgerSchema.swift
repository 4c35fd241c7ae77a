import AccessModel
import GRDB

/// What makes an SQLite file a ledger, and how an older one becomes today's.
enum LedgerSchema {
  /// "BHop", in the file's header (sqlite.org/pragma.html#pragma_application_id).
  static let applicationID: Int32 = 0x4248_6f70

  /// Claims an empty database, accepts a ledger this version knows, refuses everything else.
  static func claim(_ db: Database) throws {
    if try isNew(db) {
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    } else {
      try require(db)
    }
  }

  private static func isNew(_ db: Database) throws -> Bool {
    try Int32.fetchOne(db, sql: "PRAGMA application_id") == 0
      && Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
  }

  /// Whether nothing was ever written to it: a new file, or one whose making was cut short.
  static func isEmpty(_ db: Database) throws -> Bool {
    let id = try Int32.fetchOne(db, sql: "PRAGMA application_id")
    if try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
      return id == 0 || id == applicationID
    }
    guard id == applicationID, try !migrator.hasCompletedMigrations(db),
      try !migrator.hasBeenSuperseded(db)
    else { return false }
    return try !db.tableExists("run") || Int.fetchOne(db, sql: "SELECT count(*) FROM run") == 0
  }

  /// Throws if the database is not a ledger or was written by a newer version.
  static func require(_ db: Database) throws {
    guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
      throw LedgerError(
        message: "the file is an SQLite database but not a ledger; check 'state', or move the "
          + "file away")
    }
    guard try !migrator.hasBeenSuperseded(db) else {
      let unknown = try migrator.appliedIdentifiers(db).subtracting(migrator.migrations).sorted()
      throw LedgerError(
        message: "it was written by a newer version (\(unknown.joined(separator: ", "))); use "
          + "that version, or restore the backup made before the upgrade")
    }
  }

  /// Append-only: a migration that was released is never edited.
  static let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 runs, assignments, ownership, journal, approvals") { db in
      try db.execute(sql: firstSchema)
    }
    migrator.registerMigration("the clock, what waits, what fails") { db in
      try db.execute(sql: watchingSchema)
    }
    migrator.registerMigration("lessons") { try $0.execute(sql: Lessons.schema) }
    migrator.registerMigration("chained journal, epoch") { db in
      try db.execute(sql: chainSchema)
    }
    migrator.registerMigration("plans, what waits for approval, who ran and from what") { db in
      try db.execute(sql: plansSchema)
    }
    migrator.registerMigration("requests that wait for an answer") { db in
      try db.execute(sql: Callbacks.schema)
    }
    migrator.registerMigration("what ended, to be known again") { db in
      try db.execute(sql: TombstoneReader.schema)
    }
    migrator.registerMigration("why it waits") { db in
      try db.execute(sql: "ALTER TABLE pending_removal ADD COLUMN reason TEXT")
    }
    return migrator
  }()

  /// Instants are microseconds since 1970 in UTC. Lists of assignments are JSON arrays of
  /// `reference.id`; endings, changes and summaries are JSON.
  private static let firstSchema = """
    CREATE TABLE run (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      command TEXT NOT NULL,
      actor TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      ended_at INTEGER,
      summary TEXT
    ) STRICT;

    CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE subject (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE entitlement (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE package (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE reference (
      id INTEGER PRIMARY KEY,
      source INTEGER NOT NULL REFERENCES source,
      assignment TEXT NOT NULL,
      UNIQUE (source, assignment)
    ) STRICT;

    CREATE TABLE known_assignment (
      reference INTEGER PRIMARY KEY REFERENCES reference,
      subject INTEGER NOT NULL REFERENCES subject,
      package INTEGER NOT NULL REFERENCES package,
      starts_at INTEGER NOT NULL,
      ends_at INTEGER,
      missing_since INTEGER,
      ending TEXT,
      run INTEGER NOT NULL REFERENCES run
    ) STRICT;

    CREATE TABLE intent (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run INTEGER NOT NULL REFERENCES run,
      target INTEGER NOT NULL REFERENCES target,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      phase INTEGER NOT NULL,
      subject INTEGER REFERENCES subject,
      entitlement INTEGER REFERENCES entitlement,
      cause TEXT,
      change TEXT NOT NULL
    ) STRICT;
    CREATE INDEX intent_run ON intent (run);
    CREATE INDEX intent_subject ON intent (subject);
    CREATE INDEX intent_entitlement ON intent (entitlement);

    CREATE TABLE outcome (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      intent INTEGER NOT NULL REFERENCES intent,
      run INTEGER NOT NULL REFERENCES run,
      at INTEGER NOT NULL,
      outcome TEXT NOT NULL
        CHECK (outcome IN ('applied', 'alreadyInState', 'refused', 'failed', 'unknown')),
      disposition TEXT,
      detail TEXT
    ) STRICT;
    CREATE INDEX outcome_intent ON outcome (intent);
    CREATE INDEX outcome_at ON outcome (at);

    CREATE TABLE membership (
      target INTEGER NOT NULL REFERENCES target,
      entitlement INTEGER NOT NULL REFERENCES entitlement,
      subject INTEGER NOT NULL REFERENCES subject,
      origin TEXT NOT NULL CHECK (origin IN ('created', 'adopted', 'preExisting', 'intended')),
      because TEXT NOT NULL,
      intent INTEGER REFERENCES intent,
      run INTEGER NOT NULL REFERENCES run,
      PRIMARY KEY (target, entitlement, subject)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE account (
      target INTEGER NOT NULL REFERENCES target,
      subject INTEGER NOT NULL REFERENCES subject,
      key TEXT,
      immutable_id TEXT,
      origin TEXT NOT NULL CHECK (origin IN ('created', 'adopted', 'preExisting', 'intended')),
      because TEXT NOT NULL,
      disabled_at INTEGER,
      disabled_because TEXT,
      intent INTEGER REFERENCES intent,
      run INTEGER NOT NULL REFERENCES run,
      PRIMARY KEY (target, subject),
      CHECK (origin = 'intended' OR (key IS NOT NULL AND immutable_id IS NOT NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE seen_group (
      target INTEGER NOT NULL REFERENCES target,
      entitlement INTEGER NOT NULL REFERENCES entitlement,
      immutable_id TEXT NOT NULL,
      origin TEXT NOT NULL CHECK (origin IN ('created', 'adopted', 'preExisting', 'intended')),
      run INTEGER NOT NULL REFERENCES run,
      PRIMARY KEY (target, entitlement)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE tombstone (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      target INTEGER NOT NULL REFERENCES target,
      entitlement INTEGER REFERENCES entitlement,
      subject INTEGER NOT NULL REFERENCES subject,
      origin TEXT NOT NULL,
      immutable_id TEXT,
      removed_at INTEGER NOT NULL,
      ending TEXT,
      run INTEGER NOT NULL REFERENCES run
    ) STRICT;
    CREATE INDEX tombstone_subject ON tombstone (subject);

    CREATE TABLE approval (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      digest TEXT NOT NULL,
      name TEXT NOT NULL,
      reason TEXT NOT NULL,
      at INTEGER NOT NULL,
      used_by INTEGER REFERENCES run
    ) STRICT;
    CREATE INDEX approval_digest ON approval (digest);

    CREATE TRIGGER intent_is_not_edited BEFORE UPDATE ON intent
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER intent_is_not_dropped BEFORE DELETE ON intent
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER outcome_is_not_edited BEFORE UPDATE ON outcome
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER outcome_is_not_dropped BEFORE DELETE ON outcome
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    """

  /// `code` authenticates the record and all before it. `epoch` counts the runs that took the ledger
  /// for writing; the newest alone may write.
  private static let chainSchema = """
    ALTER TABLE run ADD COLUMN configuration TEXT;

    CREATE TABLE record (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      row INTEGER,
      detail TEXT,
      code BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER record_is_not_edited BEFORE UPDATE ON record
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER record_is_not_dropped BEFORE DELETE ON record
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

    CREATE TABLE epoch (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      number INTEGER NOT NULL,
      holder TEXT NOT NULL
    ) STRICT;
    INSERT INTO epoch (id, number, holder) VALUES (1, 0, 'nobody');
    """

  /// `held_plan.changes` and `.violations` are JSON, `people` is a JSON array of texts.
  private static let plansSchema = """
    ALTER TABLE run ADD COLUMN person TEXT;
    ALTER TABLE run ADD COLUMN mappings TEXT;
    ALTER TABLE run ADD COLUMN saved_plan TEXT;
    ALTER TABLE run ADD COLUMN undoes INTEGER REFERENCES run;
    ALTER TABLE approval ADD COLUMN person TEXT;

    CREATE TABLE plan (
      run INTEGER NOT NULL REFERENCES run,
      target INTEGER NOT NULL REFERENCES target,
      digest TEXT NOT NULL,
      release TEXT,
      PRIMARY KEY (run, target)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE held_plan (
      target INTEGER NOT NULL REFERENCES target,
      digest TEXT NOT NULL,
      changes TEXT NOT NULL,
      violations TEXT NOT NULL,
      since INTEGER NOT NULL,
      run INTEGER NOT NULL REFERENCES run,
      people TEXT NOT NULL,
      is_waiting INTEGER NOT NULL,
      PRIMARY KEY (target, digest)
    ) STRICT, WITHOUT ROWID;
    """
}
