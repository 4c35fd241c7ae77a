import SCIMClient
import Testing

@Test func `a filter quotes its value`() {
  #expect("\(Filter.equals("userName", #"a"b\c"#))" == #"userName eq "a\"b\\c""#)
}
