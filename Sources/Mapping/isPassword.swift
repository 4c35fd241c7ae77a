/// Whether a target keeps a password, or what stands for one, in the attribute of this name: by its
/// LDAP name or number, whatever the options, or as a SCIM path.
func isPassword(_ name: String) -> Bool {
  let path = name.lowercased()
  let attribute = path.split(separator: ";").first.map(String.init) ?? path
  let member = attribute.split(separator: ":").last.map(String.init) ?? attribute
  let first = member.split(whereSeparator: { ".[".contains($0) }).first.map(String.init) ?? member
  return passwords.contains(attribute) || passwords.contains(first)
}

/// RFC 4519 §2.41, RFC 3112, RFC 7643 §4.1.1, and what Active Directory, Samba, Kerberos, FreeIPA and
/// the password policy overlay have.
private let passwords: Set<String> = [
  "userpassword", "2.5.4.35", "authpassword", "1.3.6.1.4.1.4203.1.3.4", "password", "unicodepwd",
  "dbcspwd", "supplementalcredentials", "ntpwdhistory", "lmpwdhistory", "sambantpassword",
  "sambalmpassword", "sambapasswordhistory", "krbprincipalkey", "krbpwdhistory", "ipanthash",
  "pwdhistory", "clearpassword", "cleartextpassword",
]
