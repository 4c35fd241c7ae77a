import CLDAP
import Glibc

/// What libldap takes: a null-terminated array of pointers to controls.
struct ControlArray: ~Copyable {
  private let controls: UnsafeMutableBufferPointer<LDAPControl>
  private let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<LDAPControl>?>

  init(_ requested: [RequestControl]) {
    controls = .allocate(capacity: requested.count)
    pointers = .allocate(capacity: requested.count + 1)
    for (index, control) in requested.enumerated() {
      var value = berval()
      if let bytes = control.value {
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(bytes.count, 1))
        for (position, byte) in bytes.enumerated() {
          copy.initializeElement(at: position, to: CChar(bitPattern: byte))
        }
        value = berval(bv_len: ber_len_t(bytes.count), bv_val: copy.baseAddress)
      }
      controls.initializeElement(
        at: index,
        to: LDAPControl(
          ldctl_oid: strdup(control.identifier), ldctl_value: value,
          ldctl_iscritical: control.isCritical ? 1 : 0))
      pointers.initializeElement(at: index, to: controls.baseAddress.map { $0 + index })
    }
    pointers.initializeElement(at: requested.count, to: nil)
  }

  deinit {
    for control in controls {
      free(control.ldctl_oid)
      control.ldctl_value.bv_val?.deallocate()
    }
    controls.deallocate()
    pointers.deallocate()
  }

  borrowing func withPointer<Result>(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?) -> Result
  ) -> Result {
    body(pointers.baseAddress)
  }
}

extension ResponseControl {
  /// Copies what libldap parsed.
  static func list(
    _ controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>
  ) -> [ResponseControl] {
    var list: [ResponseControl] = []
    var next = controls
    while let control = next.pointee?.pointee {
      let bytes = UnsafeRawBufferPointer(
        start: control.ldctl_value.bv_val, count: Int(control.ldctl_value.bv_len))
      list.append(
        ResponseControl(
          identifier: control.ldctl_oid.map { String(cString: $0) } ?? "", value: Array(bytes)))
      next += 1
    }
    return list
  }
}
