extension LedgerSchema {
  /// `subject` and its like are texts, empty where they do not apply: a primary key holds no NULL.
  static let watchingSchema = """
    CREATE TABLE clock (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      wall INTEGER NOT NULL,
      since_boot INTEGER NOT NULL,
      boot TEXT NOT NULL,
      instant INTEGER NOT NULL,
      standing TEXT NOT NULL CHECK (standing IN ('sound', 'verified', 'released', 'doubted')),
      name TEXT,
      reason TEXT
    ) STRICT;

    CREATE TABLE pending_removal (
      target INTEGER NOT NULL REFERENCES target,
      kind TEXT NOT NULL,
      entitlement TEXT NOT NULL,
      subject TEXT NOT NULL,
      account TEXT NOT NULL,
      obstacle TEXT NOT NULL
        CHECK (obstacle IN ('limits', 'failed', 'unreachable', 'quarantine')),
      digest TEXT,
      since INTEGER NOT NULL,
      PRIMARY KEY (target, kind, entitlement, subject, account)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE trouble (
      target INTEGER NOT NULL REFERENCES target,
      subject TEXT NOT NULL,
      failures INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      quarantined_at INTEGER,
      reason TEXT NOT NULL,
      PRIMARY KEY (target, subject)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX intent_counted ON intent (at) WHERE cause IN ('absent', 'unmapped');
    """
}
