#ifndef CLDAP_SHIM_H
#define CLDAP_SHIM_H
#include <ldap.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Macros that are pointer casts or arithmetic, which Swift does not import. */
static inline int cldap_set_flag(LDAP *ld, int option, int on) {
  return ldap_set_option(ld, option, on ? LDAP_OPT_ON : LDAP_OPT_OFF);
}
static inline int cldap_tls_1_2(void) { return LDAP_OPT_X_TLS_PROTOCOL_TLS1_2; }
/* Swift finds struct timeval in whichever module names it first, and then cannot build one. */
static inline struct timeval cldap_timeval(long seconds, long microseconds) {
  struct timeval value = {seconds, microseconds};
  return value;
}

static int cldap_connected(
    LDAP *ld, Sockbuf *buffer, LDAPURLDesc *server, struct sockaddr *address,
    struct ldap_conncb *context) {
  struct timeval limit = {1, 0};
  ber_socket_t fd = -1;
  (void)ld; (void)server; (void)address; (void)context;
  if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &fd) == 1 && fd >= 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  return 0;
}
static void cldap_disconnected(LDAP *ld, Sockbuf *buffer, struct ldap_conncb *context) {
  (void)ld; (void)buffer; (void)context;
}

/* libldap reads and writes a blocking socket once poll() says it may: half a message from a server
   that hangs would hold the call for ever. With socket timeouts the call comes back, keeps what it
   has, and the deadline of the operation counts. */
static inline int cldap_bound_socket_calls(LDAP *ld) {
  static struct ldap_conncb callbacks = {cldap_connected, cldap_disconnected, 0};
  return ldap_set_option(ld, LDAP_OPT_CONNECT_CB, &callbacks);
}
#endif
