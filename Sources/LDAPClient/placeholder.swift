// LDAPClient
