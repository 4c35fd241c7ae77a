#ifndef CLDAP_SHIM_H
#define CLDAP_SHIM_H
#include <ldap.h>
#endif
