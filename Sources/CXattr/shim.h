#ifndef CXATTR_SHIM_H
#define CXATTR_SHIM_H
/* Extended attributes, which Swift's Glibc module leaves out. */
#include <sys/xattr.h>
#endif
