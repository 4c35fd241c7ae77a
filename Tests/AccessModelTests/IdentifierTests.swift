import AccessModel
import Foundation
import Testing

struct IdentifierTests {
  private let composed = "Ren\u{e9}"
  private let decomposed = "Rene\u{301}"

  @Test func `composed and decomposed letters are two identities`() {
    #expect(composed == decomposed)
    #expect(SubjectID(composed) != SubjectID(decomposed))
    #expect(Set([SubjectID(composed), SubjectID(decomposed)]).count == 2)
    #expect(SubjectID(decomposed) < SubjectID(composed))
  }

  @Test(arguments: [
    ("", "a"), ("a", "aa"), ("B", "a"), ("z", "ä"), ("a", "b"), ("\u{ffff}", "\u{10000}"),
  ])
  func `identifiers sort by their bytes`(low: String, high: String) {
    #expect(SubjectID(low) < SubjectID(high))
    #expect(!(SubjectID(high) < SubjectID(low)))
    #expect(!(SubjectID(low) < SubjectID(low)))
  }

  @Test func `an identifier is written as plain text and read back with its bytes`() throws {
    let data = try JSONEncoder().encode([SubjectID(decomposed)])
    #expect(data == Data("[\"\(decomposed)\"]".utf8))
    #expect(try JSONDecoder().decode([SubjectID].self, from: data) == [SubjectID(decomposed)])
  }

  @Test func `a reference names the source before the assignment`() {
    let one = AssignmentReference(source: "b", id: "1")
    let other = AssignmentReference(source: "a", id: "2")
    #expect(other < one)
    #expect(one.description == "b/1")
    #expect(one != AssignmentReference(source: "b/1", id: ""))
  }
}
