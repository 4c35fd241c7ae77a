package import AccessModel
package import Planning

/// Judges the machine's clock at the beginning of each run, and asks servers where it is in doubt.
package struct ClockWatch: Sendable {
  private let ledger: any Ledger
  private let witnesses: [any ClockWitness]
  private let mayTouch: Bool
  private let read: @Sendable () -> ClockReading

  /// `mayTouch` allows the write that changes nothing, where a server tells the time by nothing else.
  /// `read` reads this machine's clocks.
  package init(
    ledger: any Ledger, witnesses: [any ClockWitness], mayTouch: Bool,
    read: @escaping @Sendable () -> ClockReading
  ) {
    self.ledger = ledger
    self.witnesses = witnesses
    self.mayTouch = mayTouch
    self.read = read
  }

  /// What this machine's own clocks give, without asking anyone.
  package func judge() async throws(LedgerError) -> ClockJudgement {
    ClockJudgement(read(), history: try await ledger.clockHistory())
  }

  /// The same with the word of the servers: one that agrees settles a doubt. Gives what the ledger is
  /// to keep of it, and the doubt that stays.
  package func settle() async throws(LedgerError) -> (record: ClockRecord, doubt: ClockDoubt?) {
    let reading = read()
    let doubt: ClockDoubt
    switch ClockJudgement(reading, history: try await ledger.clockHistory()) {
    case .sound(let now, let base):
      return (ClockRecord(reading: base, standing: .sound, instant: now), nil)
    case .doubtful(let found): doubt = found
    }
    let testimony = try await ask(reading)
    if let witness = testimony.agreeing {
      return (
        ClockRecord(reading: reading, standing: .verified(by: witness), instant: reading.wall), nil
      )
    }
    let told = ClockDoubt(
      since: doubt.since, until: doubt.until, wall: doubt.wall,
      reason: doubt.reason + testimony.words)
    return (
      ClockRecord(
        reading: reading, standing: .doubted(reason: doubt.reason), instant: doubt.since), told
    )
  }

  private struct Testimony {
    var agreeing: String?
    var words: String
  }

  /// An account in each target that we made: what may be touched.
  private func ourAccounts() async throws(LedgerError) -> [String: AccountIdentity] {
    var accounts: [String: AccountIdentity] = [:]
    guard mayTouch else { return accounts }
    for witness in witnesses {
      let owned = try await ledger.ownership(of: TargetID(witness.witnessName))
      accounts[witness.witnessName] = owned.accounts.first { $0.origin == .created }?.identity
    }
    return accounts
  }

  /// Asks all of them at once.
  private func ask(_ reading: ClockReading) async throws(LedgerError) -> Testimony {
    let accounts = try await ourAccounts()
    let answers = await withTaskGroup(of: (String, Result<Instant, ClockUnreadable>).self) {
      group in
      for witness in witnesses {
        group.addTask {
          do throws(ClockUnreadable) {
            let time = try await witness.serverClock(touching: accounts[witness.witnessName])
            return (witness.witnessName, .success(time))
          } catch {
            return (witness.witnessName, .failure(error))
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
    }
    var words: [String] = []
    for (name, answer) in answers {
      switch answer {
      case .success(let time):
        let difference = time.since(reading.wall)
        if difference <= ClockJudgement.tolerance, difference >= .zero - ClockJudgement.tolerance {
          return Testimony(agreeing: name, words: "")
        }
        words.append("the clock of \(name) says \(time)")
      case .failure(let error): words.append("\(name) cannot be asked: \(error)")
      }
    }
    return Testimony(words: words.isEmpty ? "" : "; " + words.joined(separator: "; "))
  }
}
