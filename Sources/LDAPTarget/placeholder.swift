// LDAPTarget
