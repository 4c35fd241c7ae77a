import CLDAP

/// What libldap's add and modify take: a null-terminated array of `LDAPMod`, its names and values
/// laid out in one buffer so that ten thousand values are not ten thousand allocations.
struct ModificationArray: ~Copyable {
  private let text: UnsafeMutableBufferPointer<CChar>
  private let values: UnsafeMutableBufferPointer<berval>
  private let valueLists: UnsafeMutableBufferPointer<UnsafeMutablePointer<berval>?>
  private let modifications: UnsafeMutableBufferPointer<LDAPMod>
  private let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<LDAPMod>?>

  init(_ parts: [(operation: Int32, attribute: LDAPAttribute)]) {
    let valueCount = parts.reduce(0) { $0 + $1.attribute.values.count }
    let byteCount = parts.reduce(0) { sum, part in
      sum + part.attribute.type.utf8.count + 1
        + part.attribute.values.reduce(0) { $0 + $1.count }
    }
    text = .allocate(capacity: byteCount)
    values = .allocate(capacity: valueCount)
    valueLists = .allocate(capacity: valueCount + parts.count)
    modifications = .allocate(capacity: parts.count)
    pointers = .allocate(capacity: parts.count + 1)

    var byte = 0
    var value = 0
    var list = 0
    for (index, part) in parts.enumerated() {
      let name = byte
      for character in part.attribute.type.utf8 {
        text[byte] = CChar(bitPattern: character)
        byte += 1
      }
      text[byte] = 0
      byte += 1
      let firstOfList = list
      for bytes in part.attribute.values {
        let start = byte
        bytes.withUnsafeBytes { content in
          UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(text)[start...])
            .copyMemory(from: content)
        }
        byte += bytes.count
        let pointer = text.baseAddress.map { $0 + start }
        values.initializeElement(
          at: value, to: berval(bv_len: ber_len_t(bytes.count), bv_val: pointer))
        valueLists.initializeElement(at: list, to: values.baseAddress.map { $0 + value })
        value += 1
        list += 1
      }
      valueLists.initializeElement(at: list, to: nil)
      list += 1
      modifications.initializeElement(
        at: index,
        to: LDAPMod(
          mod_op: part.operation | LDAP_MOD_BVALUES, mod_type: text.baseAddress.map { $0 + name },
          mod_vals: .init(modv_bvals: valueLists.baseAddress.map { $0 + firstOfList })))
      pointers.initializeElement(at: index, to: modifications.baseAddress.map { $0 + index })
    }
    pointers.initializeElement(at: parts.count, to: nil)
  }

  deinit {
    text.deallocate()
    values.deallocate()
    valueLists.deallocate()
    modifications.deallocate()
    pointers.deallocate()
  }

  borrowing func withPointer<Result>(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPMod>?>?) -> Result
  ) -> Result {
    body(pointers.baseAddress)
  }
}

extension LDAPModification {
  var part: (operation: Int32, attribute: LDAPAttribute) {
    switch self {
    case .add(let attribute): (LDAP_MOD_ADD, attribute)
    case .delete(let attribute): (LDAP_MOD_DELETE, attribute)
    case .replace(let attribute): (LDAP_MOD_REPLACE, attribute)
    }
  }
}
