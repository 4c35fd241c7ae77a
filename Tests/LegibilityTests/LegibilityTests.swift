import Legibility
import Testing

struct LegibilityTests {
  @Test(arguments: [
    "\u{0}", "\u{1b}", "\u{7f}", "\u{85}", "\u{ad}", "\u{34f}", "\u{61c}", "\u{200b}", "\u{200d}",
    "\u{202e}", "\u{2028}", "\u{2066}", "\u{3164}", "\u{e000}", "\u{fe0f}", "\u{feff}", "\u{fffc}",
    "\u{fffd}", "\u{e0041}",
  ])
  func `A5: what nobody can see is spelled out`(hidden: String) {
    let scalar = hidden.unicodeScalars.first
    #expect(scalar?.isHidden == true)
    let shown = visible("a\(hidden)b")
    #expect(shown == "a\\u{\(String(scalar?.value ?? 0, radix: 16))}b")
    #expect(shown.unicodeScalars.allSatisfy { !$0.isHidden })
  }

  @Test(arguments: ["Zoë Ångström", "李雷", "Ёлка", "a b", "=cmd|' /C calc'!A0", "نور"])
  func `what people can see stays as it is`(text: String) {
    #expect(visible(text) == text)
  }

  @Test(arguments: [
    ("mike", "MIKE"), ("mike", "m\u{131}ke"), ("strasse", "stra\u{df}e"), ("k", "\u{212A}"),
    ("caf\u{e9}", "cafe\u{301}"), ("a b", " a  b "), ("a b", "a\u{a0}b"), ("fi", "\u{FB01}"),
    ("1", "\u{FF11}"), ("paypal", "\u{440}\u{430}\u{443}\u{440}\u{430}l"),
    ("bob", "\u{412}\u{41e}\u{412}"), ("ikon", "\u{3b9}\u{3ba}\u{3bf}n"), ("a\tb", "a b"),
  ])
  func `G4: what a reader or a directory could take for the same is alike`(
    left: String, right: String
  ) {
    #expect(likeness(of: left) == likeness(of: right))
  }

  @Test(arguments: [("mike", "nike"), ("user1", "userl"), ("muller", "m\u{fc}ller"), ("ab", "a b")])
  func `what everybody tells apart is not alike`(left: String, right: String) {
    #expect(likeness(of: left) != likeness(of: right))
  }

  @Test func `G4: scripts that look alike are not mixed in one word`() {
    #expect(mixedScripts(in: "\u{430}dmin") == ["Cyrillic", "Latin"])
    #expect(mixedScripts(in: "\u{3b1}dmin") == ["Greek", "Latin"])
    #expect(mixedScripts(in: "\u{430}\u{434}\u{43c}\u{438}\u{43d}") == [])
    for text in ["admin", "ångström", "李雷", "ada李", "123", "Ἀθηνᾶ"] {
      #expect(mixedScripts(in: text) == [], "\(text)")
    }
  }
}
