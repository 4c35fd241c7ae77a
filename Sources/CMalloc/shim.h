#ifndef CMALLOC_SHIM_H
#define CMALLOC_SHIM_H
/* The settings of glibc's allocator, which Swift's Glibc module leaves out. */
#include <malloc.h>
#endif
