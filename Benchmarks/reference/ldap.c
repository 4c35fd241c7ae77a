/* The least that can do what `ldap-benchmark` does, in C on libldap: what a run is measured against.
 *
 *   ldap-reference COMMAND URL DN PASSWORDFILE BASE [ARGUMENT...]
 *
 *   read                     every account and every group of ou=shared with all members
 *   skip                     every account, and of the groups no members
 *   large                    every account, and every group of ou=large with all members
 *   fill GROUP FILE          add every DN of FILE to a group
 *   remove GROUP FILE COUNT  remove the first COUNT
 *   spread FILE COUNT        add the first COUNT to every group of ou=spread
 *   look-fill, look-remove, look-spread
 *                            the same, with the members read before and after, and counted
 *   create COUNT             make accounts, 64 in flight
 *   delete COUNT             delete them again
 *
 * Reads by pages of 1,000 and 100 and looks at each value where it lies in the message. Writes one
 * modify for each 10,000 values of a group, 16 groups in flight. Prints wall seconds, processor
 * seconds, peak MiB and the number of operations, separated by tabs. */
#define _GNU_SOURCE
#include <ldap.h>
#include <lber.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { batch_size = 10000, groups_in_flight = 16, accounts_in_flight = 64 };

static LDAP *link_;
static const char *base;
static long operations, values;
static unsigned long sum; /* of all bytes, so that none can be left unread */

static void check(int code, const char *act) {
  if (code == LDAP_SUCCESS) return;
  fprintf(stderr, "ldap-reference: %s: %s (%d)\n", act, ldap_err2string(code), code);
  exit(1);
}

static char *contents(const char *path, size_t *length) {
  FILE *file = fopen(path, "r");
  if (file == NULL) { perror(path); exit(1); }
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  if (text == NULL || fread(text, 1, *length, file) != *length) { perror(path); exit(1); }
  text[*length] = 0;
  fclose(file);
  return text;
}

static void connect_(const char *url, const char *dn, const char *password_file) {
  int version = LDAP_VERSION3;
  size_t length;
  char *password = contents(password_file, &length);
  struct berval credentials = {length, password};
  check(ldap_initialize(&link_, url), "initialize");
  ldap_set_option(link_, LDAP_OPT_PROTOCOL_VERSION, &version);
  ldap_set_option(link_, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  check(ldap_sasl_bind_s(link_, dn, NULL, &credentials, NULL, NULL, NULL), "bind");
  free(password);
}

static void look(LDAPMessage *message) {
  BerElement *element;
  struct berval name, type, *list;
  check(ldap_get_dn_ber(link_, message, &element, &name), "name");
  while (ldap_get_attribute_ber(link_, message, element, &type, &list) == LDAP_SUCCESS
         && type.bv_val != NULL) {
    for (struct berval *value = list; value != NULL && value->bv_val != NULL; value++) {
      for (ber_len_t i = 0; i < value->bv_len; i++) sum += (unsigned char)value->bv_val[i];
      values++;
    }
    ldap_memfree(list);
  }
  ber_free(element, 0);
}

/* Reads to the end; the cookie of the next page is empty after the last one. */
static void search(const char *below, char **attributes, int page, const char *filter) {
  char *where;
  struct berval cookie = {0, NULL};
  if (asprintf(&where, "%s,%s", below, base) < 0) exit(1);
  do {
    LDAPControl *paging, *controls[2] = {NULL, NULL}, **answer = NULL;
    LDAPMessage *message;
    int id, kind, code;
    check(ldap_create_page_control(link_, page, &cookie, 0, &paging), "page");
    controls[0] = paging;
    check(ldap_search_ext(link_, where, LDAP_SCOPE_SUBTREE, filter, attributes, 0, controls, NULL,
                          NULL, LDAP_NO_LIMIT, &id), "search");
    operations++;
    ldap_control_free(paging);
    ldap_memfree(cookie.bv_val);
    cookie = (struct berval){0, NULL};
    while ((kind = ldap_result(link_, id, LDAP_MSG_ONE, NULL, &message)) == LDAP_RES_SEARCH_ENTRY) {
      look(message);
      ldap_msgfree(message);
    }
    if (kind != LDAP_RES_SEARCH_RESULT) check(LDAP_SERVER_DOWN, "search");
    check(ldap_parse_result(link_, message, &code, NULL, NULL, NULL, &answer, 1), "result");
    check(code, "search");
    LDAPControl *found = answer ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, answer, NULL) : NULL;
    ber_int_t estimate;
    if (found != NULL) ldap_parse_pageresponse_control(link_, found, &estimate, &cookie);
    ldap_controls_free(answer);
  } while (cookie.bv_len > 0);
  ldap_memfree(cookie.bv_val);
  free(where);
}

/* Waits until fewer than `most` requests are in flight. */
static void await(int *waiting, int most) {
  while (*waiting > 0 && *waiting >= most) {
    LDAPMessage *message;
    int code;
    if (ldap_result(link_, LDAP_RES_ANY, LDAP_MSG_ONE, NULL, &message) <= 0)
      check(LDAP_SERVER_DOWN, "answer");
    check(ldap_parse_result(link_, message, &code, NULL, NULL, NULL, NULL, 1), "answer");
    check(code, "write");
    (*waiting)--;
  }
}

/* The lines of a file as values. */
static struct berval **lines(const char *path, size_t *count) {
  size_t length, room = 1024;
  char *text = contents(path, &length), *rest = text, *line;
  struct berval **list = malloc(room * sizeof *list);
  *count = 0;
  while ((line = strsep(&rest, "\n")) != NULL) {
    if (*line == 0) continue;
    if (*count + 1 >= room) list = realloc(list, (room *= 2) * sizeof *list);
    list[*count] = malloc(sizeof **list);
    *list[(*count)++] = (struct berval){strlen(line), line};
  }
  list[*count] = NULL;
  return list;
}

static void modify(const char *name, int operation, struct berval **list, size_t count) {
  struct berval **part = malloc((count + 1) * sizeof *part);
  int id;
  memcpy(part, list, count * sizeof *part);
  part[count] = NULL;
  LDAPMod change = {operation | LDAP_MOD_BVALUES, "member", {.modv_bvals = part}};
  LDAPMod *changes[] = {&change, NULL};
  check(ldap_modify_ext(link_, name, changes, NULL, NULL, &id), "modify");
  operations++;
  free(part);
}

static void write_group(const char *name, int operation, struct berval **list, size_t count) {
  int waiting = 0;
  for (size_t start = 0; start < count; start += batch_size) {
    size_t rest = count - start;
    modify(name, operation, list + start, rest < batch_size ? rest : batch_size);
    waiting++;
    await(&waiting, 1);
  }
}

static void spread(struct berval **list, size_t count) {
  char *where, *attributes[] = {LDAP_NO_ATTRS, NULL};
  LDAPMessage *found;
  int waiting = 0;
  if (asprintf(&where, "ou=spread,%s", base) < 0) exit(1);
  check(ldap_search_ext_s(link_, where, LDAP_SCOPE_ONELEVEL, "(objectClass=groupOfNames)",
                          attributes, 0, NULL, NULL, NULL, LDAP_NO_LIMIT, &found), "groups");
  operations++;
  for (LDAPMessage *entry = ldap_first_entry(link_, found); entry != NULL;
       entry = ldap_next_entry(link_, entry)) {
    char *name = ldap_get_dn(link_, entry);
    modify(name, LDAP_MOD_ADD, list, count);
    ldap_memfree(name);
    waiting++;
    await(&waiting, groups_in_flight);
  }
  await(&waiting, 1);
  ldap_msgfree(found);
  free(where);
}

static void create(long count) {
  int waiting = 0;
  for (long number = 0; number < count; number++) {
    char name[300], uid[40], mail[80];
    int id;
    snprintf(uid, sizeof uid, "new%07ld", number);
    snprintf(name, sizeof name, "uid=%s,ou=guests,%s", uid, base);
    snprintf(mail, sizeof mail, "%s@example.org", uid);
    char *classes[] = {"inetOrgPerson", NULL}, *uids[] = {uid, NULL}, *mails[] = {mail, NULL},
      *kinds[] = {"guest", NULL};
    LDAPMod parts[] = {
      {LDAP_MOD_ADD, "objectClass", {classes}}, {LDAP_MOD_ADD, "uid", {uids}},
      {LDAP_MOD_ADD, "cn", {uids}}, {LDAP_MOD_ADD, "sn", {uids}}, {LDAP_MOD_ADD, "mail", {mails}},
      {LDAP_MOD_ADD, "employeeType", {kinds}}, {LDAP_MOD_ADD, "employeeNumber", {uids}}};
    LDAPMod *all[] = {&parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5], &parts[6],
                      NULL};
    check(ldap_add_ext(link_, name, all, NULL, NULL, &id), "add");
    operations++;
    waiting++;
    await(&waiting, accounts_in_flight);
  }
  await(&waiting, 1);
}

static void delete_(long count) {
  int waiting = 0;
  for (long number = 0; number < count; number++) {
    char name[300];
    int id;
    snprintf(name, sizeof name, "uid=new%07ld,ou=guests,%s", number, base);
    check(ldap_delete_ext(link_, name, NULL, NULL, &id), "delete");
    operations++;
    waiting++;
    await(&waiting, accounts_in_flight);
  }
  await(&waiting, 1);
}

/* How many members there are in the group or below the unit of this name. */
static long members(const char *name) {
  static char *member[] = {"member", NULL};
  char *below = strndup(name, strlen(name) - strlen(base) - 1);
  long before = values;
  search(below, member, 100, "(objectClass=groupOfNames)");
  free(below);
  return values - before;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **words) {
  static char *account[] = {"uid", "employeeNumber", "entryUUID", "cn", "sn", "mail",
                            "employeeType", NULL};
  static char *group[] = {"member", "entryUUID", "entryCSN", "objectClass", NULL};
  static char *head[] = {"entryUUID", "entryCSN", NULL};
  if (count < 6) { fprintf(stderr, "usage: see the head of ldap.c\n"); return 64; }
  const char *command = words[1];
  int looks = strncmp(command, "look-", 5) == 0;
  if (looks) command += 5;
  struct rusage usage;
  size_t length = 0;
  base = words[5];
  struct berval **list = NULL;
  if (count > 7 && (strcmp(command, "fill") == 0 || strcmp(command, "remove") == 0))
    list = lines(words[7], &length);
  if (count > 7 && strcmp(command, "spread") == 0) list = lines(words[6], &length);
  char *place = NULL;
  if (looks && count > 7) {
    if (strcmp(command, "spread") != 0) place = words[6];
    else if (asprintf(&place, "ou=spread,%s", base) < 0) return 1;
  }
  double start = seconds();
  connect_(words[2], words[3], words[4]);
  long found = place != NULL ? members(place) : 0;
  if (strcmp(command, "read") == 0) {
    search("ou=guests", account, 1000, "(objectClass=inetOrgPerson)");
    search("ou=shared", group, 100, "(objectClass=groupOfNames)");
  } else if (strcmp(command, "skip") == 0) {
    search("ou=guests", account, 1000, "(objectClass=inetOrgPerson)");
    search("ou=shared", head, 1000, "(objectClass=groupOfNames)");
  } else if (strcmp(command, "large") == 0) {
    search("ou=guests", account, 1000, "(objectClass=inetOrgPerson)");
    search("ou=large", group, 100, "(objectClass=groupOfNames)");
  } else if (strcmp(command, "fill") == 0 && list != NULL) {
    write_group(words[6], LDAP_MOD_ADD, list, length);
  } else if (strcmp(command, "remove") == 0 && count > 8 && list != NULL) {
    write_group(words[6], LDAP_MOD_DELETE, list, strtoul(words[8], NULL, 10));
  } else if (strcmp(command, "spread") == 0 && list != NULL) {
    spread(list, strtoul(words[7], NULL, 10));
  } else if (strcmp(command, "create") == 0 && count > 6) {
    create(strtol(words[6], NULL, 10));
  } else if (strcmp(command, "delete") == 0 && count > 6) {
    delete_(strtol(words[6], NULL, 10));
  } else {
    fprintf(stderr, "ldap-reference: no such command: %s\n", command);
    return 64;
  }
  if (place != NULL && members(place) == found) {
    fprintf(stderr, "ldap-reference: as many members as before: %ld\n", found);
    return 1;
  }
  ldap_unbind_ext(link_, NULL, NULL);
  double wall = seconds() - start;
  getrusage(RUSAGE_SELF, &usage);
  printf("%.4f\t%.4f\t%.1f\t%ld\n", wall,
         (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
         (double)usage.ru_maxrss / 1024, operations);
  if (values > 0) fprintf(stderr, "%ld values, sum %lu\n", values, sum);
  return 0;
}
