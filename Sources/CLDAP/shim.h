#ifndef CLDAP_SHIM_H
#define CLDAP_SHIM_H
#include <errno.h>
#include <ldap.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

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

/* What libldap does not bound by itself. A TLS handshake ignores every timeout and spins if the server
   says nothing, and a blocking read of half a message from a server that hangs never comes back. So
   calls on the socket return within a second, which libldap takes for "not yet", and a layer below
   TLS waits for the socket until a deadline while a connection is being made. A message may announce
   any length, and is taken into memory whole: more than CLDAP_LONGEST_MESSAGE ends the connection. */
#define CLDAP_LONGEST_MESSAGE ((ber_len_t)256 << 20)

typedef struct {
  struct ldap_conncb callbacks;
  struct timespec deadline; /* none if tv_sec is 0 */
  ber_socket_t fd;
} cldap_guard;

static inline void cldap_arm(cldap_guard *guard, long milliseconds) {
  clock_gettime(CLOCK_MONOTONIC, &guard->deadline);
  guard->deadline.tv_sec += milliseconds / 1000;
  guard->deadline.tv_nsec += milliseconds % 1000 * 1000000;
}
static inline void cldap_disarm(cldap_guard *guard) { guard->deadline.tv_sec = 0; }

/* Whether a call that failed may be made again: the socket is ready, and there is time. */
static int cldap_wait(cldap_guard *guard, short events) {
  struct pollfd descriptor = {guard->fd, events, 0};
  struct timespec now;
  long left;
  if (guard->deadline.tv_sec == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return 0;
  clock_gettime(CLOCK_MONOTONIC, &now);
  left = (guard->deadline.tv_sec - now.tv_sec) * 1000
    + (guard->deadline.tv_nsec - now.tv_nsec) / 1000000;
  if (left > 0 && poll(&descriptor, 1, (int)left) > 0) return 1;
  errno = ETIMEDOUT;
  return 0;
}

static int cldap_setup(Sockbuf_IO_Desc *layer, void *guard) {
  layer->sbiod_pvt = guard;
  return 0;
}
static int cldap_nothing(Sockbuf_IO_Desc *layer) { (void)layer; return 0; }
static int cldap_ctrl(Sockbuf_IO_Desc *layer, int option, void *argument) {
  return LBER_SBIOD_CTRL_NEXT(layer, option, argument);
}
static ber_slen_t cldap_read(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t count) {
  ber_slen_t result;
  do result = LBER_SBIOD_READ_NEXT(layer, bytes, count);
  while (result < 0 && cldap_wait((cldap_guard *)layer->sbiod_pvt, POLLIN));
  return result;
}
static ber_slen_t cldap_write(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t count) {
  ber_slen_t result;
  do result = LBER_SBIOD_WRITE_NEXT(layer, bytes, count);
  while (result < 0 && cldap_wait((cldap_guard *)layer->sbiod_pvt, POLLOUT));
  return result;
}
static Sockbuf_IO cldap_layer = {
  cldap_setup, cldap_nothing, cldap_ctrl, cldap_read, cldap_write, cldap_nothing};

static int cldap_connected(
    LDAP *ld, Sockbuf *buffer, LDAPURLDesc *server, struct sockaddr *address,
    struct ldap_conncb *context) {
  struct timeval limit = {1, 0};
  ber_len_t ahead = 1 << 16;
  ber_len_t longest = CLDAP_LONGEST_MESSAGE;
  cldap_guard *guard = (cldap_guard *)context->lc_arg;
  (void)ld; (void)server; (void)address;
  if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &guard->fd) != 1) return -1;
  if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &longest) != 1) return -1;
  setsockopt(guard->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(guard->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  /* libldap asks for each message in two or three pieces; a buffer asks the kernel for hundreds. */
  if (ber_sockbuf_add_io(buffer, &ber_sockbuf_io_readahead, LBER_SBIOD_LEVEL_PROVIDER + 1, NULL))
    return -1;
  ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_READAHEAD, &ahead);
  return ber_sockbuf_add_io(
    buffer, &cldap_layer, (LBER_SBIOD_LEVEL_PROVIDER + LBER_SBIOD_LEVEL_TRANSPORT) / 2, guard);
}
static void cldap_disconnected(LDAP *ld, Sockbuf *buffer, struct ldap_conncb *context) {
  (void)ld; (void)buffer; (void)context;
}

/* The guard must outlive the handle. */
static inline int cldap_set_guard(LDAP *ld, cldap_guard *guard) {
  guard->callbacks.lc_add = cldap_connected;
  guard->callbacks.lc_del = cldap_disconnected;
  guard->callbacks.lc_arg = guard;
  guard->fd = -1;
  return ldap_set_option(ld, LDAP_OPT_CONNECT_CB, &guard->callbacks);
}
#endif
