#ifndef CCRYPTO_SHIM_H
#define CCRYPTO_SHIM_H
#include <openssl/evp.h>
#include <openssl/hmac.h>
/* EVP_sha256() is a function in OpenSSL 3 but a macro in some builds; one call keeps Swift apart
   from the EVP types. Returns 1 on success. */
static inline int ccrypto_sha256(const void *data, size_t count, unsigned char out[32]) {
  return EVP_Digest(data, count, out, 0, EVP_sha256(), 0);
}
/* Returns 1 on success. */
static inline int ccrypto_hmac_sha256(
    const void *key, int key_count, const void *data, size_t count, unsigned char out[32]) {
  return HMAC(EVP_sha256(), key, key_count, data, count, out, 0) != 0;
}
#endif
